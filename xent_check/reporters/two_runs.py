"""Two saved runs side by side, as text: per implementation, then change by change."""

from __future__ import annotations

import math

from xent_check.history.two_runs import Versus
from xent_check.results.change import Change
from xent_check.results.columns import aligned

from .change_sentences import counts, direction, ordered


def versus_text(versus: Versus, everything: bool) -> str:
    """The text of `xent-check compare`: the counts of changes by implementation, then each change,
    the failing ones first. everything: with the answers of the same bits."""
    lines = [f"{versus.before} -> {versus.after}"]
    rows = []
    for column in versus.columns:
        parts = [counts(column.changes), direction(column.changes)]
        if column.before != column.after:
            parts.append(f"{column.before} -> {column.after}")
        rows.append((column.name, "; ".join(part for part in parts if part)))
    lines += [f"  {line}" for line in aligned(rows)]
    passing = [c for column in versus.columns for c in column.changes if c not in versus.failing]
    changed = [c for c in ordered(passing) if c.kind != "same" or everything]
    for title, changes in (("fails", ordered(versus.failing)), ("changed", changed)):
        if changes:
            lines += ["", f"{title}:"]
        lines += [f"  {change.sentence}{_towards(change)}" for change in changes]
    return "\n".join(lines) + "\n"


def _towards(change: Change) -> str:
    """Whether the answer moved towards the exact value or away from it, in words; empty where a
    loss that is not finite, which no share counts, came or went."""
    before, after = change.share_before, change.share_after
    if (
        not change.ulps
        or not math.isfinite(change.ulps)
        or before is None
        or after is None
        or before == after
    ):
        return ""
    return " (towards the exact value)" if after < before else " (away from the exact value)"
