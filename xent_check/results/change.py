"""Change: what became of one answer between two runs, or between two columns of one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

ChangeKind = Literal[
    "same", "drifted", "known", "fixed", "new", "behaviour", "inputs", "added", "removed", "missing"
]
KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind)
ABOUT: dict[ChangeKind, str] = {
    "same": "the same bits",
    "drifted": "other bits, within the tolerance",
    "known": "a divergence that was accepted with a reason",
    "fixed": "diverged, and agrees now",
    "new": "a divergence that nobody accepted",
    "behaviour": "a number became nan, an error became a number, or the like",
    "inputs": "the case asks something else than it did",
    "added": "was not there before",
    "removed": "is there no more",
    "missing": "was there before, and its framework is not installed",
}


BAD = ("diverges", "failed")
_LEAST_SHARE = 0.05  # below it a share is noise: half of nothing doubles easily


def growth(before: float, after: float) -> float:
    """How many times the share grew; inf where that is no number."""
    times = after / max(before, _LEAST_SHARE)
    return math.inf if math.isnan(times) else times


@dataclass(frozen=True)
class Change:
    """One implementation on one case, before and after.

    before, after: the statuses; None where there was none. ulps: the largest distance between a
    loss before and after, in spacings of the dtype; None where it was not measured, inf where one
    is not finite. share_before, share_after: the largest error as a share of what rounding
    explains, of the part where it grew most. sentence: all of it in words.
    """

    case: str
    implementation: str
    kind: ChangeKind
    sentence: str
    before: str | None = None
    after: str | None = None
    ulps: float | None = None
    share_before: float | None = None
    share_after: float | None = None


@dataclass(frozen=True)
class GateResult:
    """A run held against a baseline.

    file: the baseline, as it was named. same: how many answers are the same bits. changes: the
    others, and those that the baseline has and the run lacks. failing: the changes that `fail_on`
    makes fail. notes: what else is another: versions, devices, platform. matched: whether an
    answer of an implementation was held against one of the baseline. left_out: how many answers of
    the baseline the run was not to have. gone_cases, gone_implementations: of which the baseline
    has answers that the run was to have, and the run has none.
    """

    file: str
    same: int
    changes: tuple[Change, ...]
    failing: tuple[Change, ...]
    fail_on: tuple[str, ...]
    notes: tuple[str, ...] = ()
    matched: bool = True
    left_out: int = 0
    gone_cases: int = 0
    gone_implementations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Variants:
    """Two columns of one run that are one implementation in two interpreters: `torch[old]` and
    `torch`. changes: from the first to the second, one for each case, the same bits too."""

    before: str
    after: str
    changes: tuple[Change, ...]
