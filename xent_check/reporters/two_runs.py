"""Two saved runs side by side, as text: per implementation, then change by change."""

from __future__ import annotations

from xent_check.history.two_runs import Versus
from xent_check.results.change import Change
from xent_check.results.columns import aligned

from .change_sentences import counts, direction, ordered


def versus_text(found: Versus, everything: bool) -> str:
    """What changed, by implementation; then each change, those that fail first."""
    lines = [f"{found.before} -> {found.after}"]
    rows = []
    for column in found.columns:
        told = [counts(column.changes), direction(column.changes)]
        if column.before != column.after:
            told.append(f"{column.before} -> {column.after}")
        rows.append((column.name, "; ".join(part for part in told if part)))
    lines += [f"  {line}" for line in aligned(rows)]
    rest = [c for column in found.columns for c in column.changes if c not in found.failing]
    shown = [c for c in ordered(rest) if c.kind != "same" or everything]
    for title, changes in (("fails", ordered(found.failing)), ("changed", shown)):
        if changes:
            lines += ["", f"{title}:"]
        lines += [f"  {change.sentence}{_towards(change)}" for change in changes]
    return "\n".join(lines) + "\n"


def _towards(change: Change) -> str:
    """Towards the exact value, or away from it."""
    before, after = change.share_before, change.share_after
    if not change.ulps or before is None or after is None or before == after:
        return ""
    return " (towards the exact value)" if after < before else " (away from the exact value)"
