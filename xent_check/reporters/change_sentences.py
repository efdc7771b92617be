"""Changes in words: how many of which kind, then each that matters. Pure functions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from xent_check.errors import and_more
from xent_check.results.change import KINDS, Change, ChangeKind, GateResult, Variants
from xent_check.results.number_text import small

MAX_SHOWN = 20  # changes that do not fail, where not all are asked for
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
# The order in which they are told; what is known or merely added needs no line of its own.
_TOLD: tuple[ChangeKind, ...] = (
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
    """A change in words; `fails` where it makes the run fail."""

    text: str
    fails: bool


def counts(changes: Sequence[Change], same: int = 0) -> str:
    """`240 the same bits, 3 drifted within the tolerance`."""
    count = Counter(change.kind for change in changes)
    count["same"] += same
    return ", ".join(f"{count[k]} {NAMES[k]}" for k in KINDS if count[k]) or "nothing in common"


def gate_summary(gate: GateResult) -> str:
    """The baseline and how much of each kind there is."""
    failing = f"; {len(gate.failing)} fail (--fail-on {','.join(gate.fail_on)})"
    told = counts(gate.changes, gate.same)
    told += f", {gate.left_out} not run" if gate.left_out else ""
    return f"baseline {gate.file}: {told}{failing if gate.failing else ''}"


def gone(gate: GateResult) -> str:
    """What the baseline has and the run lost, in a few words; empty where that is nothing."""
    count, removed = gate.gone_cases, sum(change.kind == "removed" for change in gate.changes)
    told = [f"{count} case{'' if count == 1 else 's'}"] if count else []
    told += [", ".join(gate.gone_implementations)] if gate.gone_implementations else []
    if removed and not told:
        told = [f"{removed} answer{'' if removed == 1 else 's'}"]
    return f"gone since the baseline: {' and '.join(told)}" if told else ""


def gate_lines(gate: GateResult, everything: bool) -> list[ChangeLine]:
    """What fails, then the rest, the most important first."""
    failing = [ChangeLine(change.sentence, True) for change in ordered(gate.failing)]
    rest = [change for change in gate.changes if change not in gate.failing]
    return [*failing, *_some(rest, everything)]


def variant_summary(variants: Variants) -> str:
    """The two columns, and how much of each kind there is."""
    directions = direction(variants.changes)
    after = f"; {directions}" if directions else ""
    return f"{variants.before} -> {variants.after}: {counts(variants.changes)}{after}"


def variant_lines(variants: Variants, everything: bool) -> list[ChangeLine]:
    return _some(variants.changes, everything)


def _some(changes: Sequence[Change], everything: bool) -> list[ChangeLine]:
    told = ordered(changes if everything else [c for c in changes if c.kind in _TOLD])
    shown = told if everything else told[:MAX_SHOWN]
    lines = [ChangeLine(change.sentence, False) for change in shown if change.kind != "same"]
    more = and_more(len(told) - len(shown))
    return [*lines, ChangeLine(f"{more} (-v shows them)", False)] if more else lines


def ordered(changes: Sequence[Change]) -> list[Change]:
    """By what they are, then the furthest first."""
    rank = [*_TOLD, *(kind for kind in KINDS if kind not in _TOLD)]
    return sorted(changes, key=lambda c: (rank.index(c.kind), -(c.ulps or 0.0)))


def direction(changes: Sequence[Change]) -> str:
    """How many of those that moved did so towards the exact value, and how many away from it; the
    furthest of all moves."""
    moved = [c for c in changes if c.ulps and math.isfinite(c.ulps)]
    pairs = [
        (c.share_before, c.share_after)
        for c in moved
        if c.share_before is not None and c.share_after is not None
    ]
    towards = sum(after < before for before, after in pairs)
    away = sum(after > before for before, after in pairs)
    told = [
        f"{n} {word}" for n, word in ((towards, "towards the exact value"), (away, "away")) if n
    ]
    most = max((c.ulps or 0.0 for c in moved), default=0.0)
    if moved:
        told.append(f"at most {small(most)} ulp{'' if most == 1 else 's'}")
    return ", ".join(told)
