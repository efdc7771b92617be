"""Changes in words: how many of each kind there are, then the important ones. Pure functions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from xent_check.errors import and_more
from xent_check.results.change import KINDS, Change, ChangeKind, GateResult, Variants
from xent_check.results.number_text import count_of, small

MAX_SHOWN = 20  # changes that do not fail, unless all are asked for
NAMES: dict[ChangeKind, str] = {
    "same": "the same bits",
    "drifted": "drifted within the tolerance",
    "known": "known (accepted)",
    "fixed": "fixed",
    "new": "newly diverging",
    "behaviour": "changed behaviour",
    "inputs": "changed inputs",
    "added": "added",
    "removed": "removed",
    "missing": "missing now",
}
# The kinds that get a line of their own, in this order.
_LISTED: tuple[ChangeKind, ...] = (
    "inputs",
    "behaviour",
    "new",
    "missing",
    "removed",
    "fixed",
    "drifted",
)


@dataclass(frozen=True)
class ChangeLine:
    """A change in words."""

    text: str  # the sentence
    fails: bool  # whether it makes the run fail


def counts(changes: Sequence[Change], same: int = 0) -> str:
    """The changes by kind: `240 the same bits, 3 drifted within the tolerance`.

    same: how many answers of the kind "same" there are beside the changes.
    """
    count = Counter(change.kind for change in changes)
    count["same"] += same
    return ", ".join(f"{count[k]} {NAMES[k]}" for k in KINDS if count[k]) or "nothing in common"


def gate_summary(gate: GateResult) -> str:
    """The baseline's file and how many changes of each kind there are."""
    failing = f"; {len(gate.failing)} fail (--fail-on {','.join(gate.fail_on)})"
    text = counts(gate.changes, gate.same)
    text += f", {gate.left_out} not run" if gate.left_out else ""
    return f"baseline {gate.file}: {text}{failing if gate.failing else ''}"


def gone_text(gate: GateResult) -> str:
    """The answers that only the baseline has, in a few words; empty where there are none."""
    count, removed = gate.gone_cases, sum(change.kind == "removed" for change in gate.changes)
    parts = [count_of(count, "case")] if count else []
    parts += [", ".join(gate.gone_implementations)] if gate.gone_implementations else []
    if removed and not parts:
        parts = [count_of(removed, "answer")]
    return f"gone since the baseline: {' and '.join(parts)}" if parts else ""


def gate_lines(gate: GateResult, everything: bool) -> list[ChangeLine]:
    """The failing changes, then the passing ones, each by importance.

    everything: with every passing change, not only the first MAX_SHOWN of the kinds that matter.
    """
    failing = [ChangeLine(change.sentence, True) for change in ordered(gate.failing)]
    passing = [change for change in gate.changes if change not in gate.failing]
    return [*failing, *_lines(passing, everything)]


def variant_summary(variants: Variants) -> str:
    """The two columns, and how many changes of each kind there are."""
    directions = direction(variants.changes)
    after = f"; {directions}" if directions else ""
    return f"{variants.before} -> {variants.after}: {counts(variants.changes)}{after}"


def variant_lines(variants: Variants, everything: bool) -> list[ChangeLine]:
    """The changes from the first column to the second, by importance."""
    return _lines(variants.changes, everything)


def _lines(changes: Sequence[Change], everything: bool) -> list[ChangeLine]:
    listed = ordered(changes if everything else [c for c in changes if c.kind in _LISTED])
    first = listed if everything else listed[:MAX_SHOWN]
    lines = [ChangeLine(change.sentence, False) for change in first if change.kind != "same"]
    more = and_more(len(listed) - len(first))
    return [*lines, ChangeLine(f"{more} (-v shows them)", False)] if more else lines


def ordered(changes: Sequence[Change]) -> list[Change]:
    """The changes by kind, and within a kind by ulps, the largest first."""
    rank = [*_LISTED, *(kind for kind in KINDS if kind not in _LISTED)]
    return sorted(changes, key=lambda c: (rank.index(c.kind), -(c.ulps or 0.0)))


def direction(changes: Sequence[Change]) -> str:
    """How many answers moved towards the exact value and how many away from it, and the largest
    move in ulps; empty where none moved."""
    moved = [c for c in changes if c.ulps and math.isfinite(c.ulps)]
    pairs = [
        (c.share_before, c.share_after)
        for c in moved
        if c.share_before is not None and c.share_after is not None
    ]
    towards = sum(after < before for before, after in pairs)
    away = sum(after > before for before, after in pairs)
    parts = [
        f"{n} {word}" for n, word in ((towards, "towards the exact value"), (away, "away")) if n
    ]
    most = max((c.ulps or 0.0 for c in moved), default=0.0)
    if moved:
        parts.append(f"at most {small(most)} ulp{'' if most == 1 else 's'}")
    return ", ".join(parts)
