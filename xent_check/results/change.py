"""Change: how one answer differs between two runs, or between two columns of one run."""

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
    "inputs": "the case has other inputs or options than before",
    "added": "the answer was not there before",
    "removed": "the answer is no longer there",
    "missing": "the answer was there before, and its framework is no longer installed",
}

BAD = ("diverges", "failed")  # the statuses from which an answer can be fixed
_LEAST_SHARE = 0.05  # below it a share is noise: half of nothing doubles easily


def growth(before: float, after: float) -> float:
    """How many times the share grew; inf where that is no number."""
    times = after / max(before, _LEAST_SHARE)
    return math.inf if math.isnan(times) else times


@dataclass(frozen=True)
class Change:
    """One implementation on one case, before and after."""

    case: str
    """its id"""
    implementation: str
    """its name"""
    kind: ChangeKind
    """what became of the answer"""
    sentence: str
    """the whole change in words"""
    before: str | None = None
    """the status before; None where there was no answer"""
    after: str | None = None
    """the status after; None where there is no answer"""
    ulps: float | None = None
    """the largest distance between a loss before and after, in spacings of the dtype; None where
    it was not measured, inf where one of the two is not finite"""
    share_before: float | None = None
    """the largest error as a share of its bound, in the part where that share grew most"""
    share_after: float | None = None
    """the largest error after, as a share of its bound, in the same part"""


@dataclass(frozen=True)
class GateResult:
    """A run compared with a baseline."""

    file: str
    """the path of the baseline, as the user named it"""
    same: int
    """how many answers have the same bits"""
    changes: tuple[Change, ...]
    """the other answers, and those that only the baseline has"""
    failing: tuple[Change, ...]
    """the changes of a kind in `fail_on`"""
    fail_on: tuple[str, ...]
    """the kinds of changes that make the run fail, as the user wrote them"""
    notes: tuple[str, ...] = ()
    """other differences between the runs: versions, devices, platform"""
    matched: bool = True
    """whether an answer of an implementation was compared with one of the baseline"""
    left_out: int = 0
    """how many answers of the baseline this run did not ask for"""
    gone_cases: int = 0
    """how many cases have answers in the baseline, and none in a run that asked for them"""
    gone_implementations: tuple[str, ...] = ()
    """the names of implementations that have answers in the baseline, and none in such a run"""


@dataclass(frozen=True)
class Variants:
    """One implementation in two interpreters: `torch[old]` and `torch`, two columns of one run."""

    before: str
    """the name of the first column"""
    after: str
    """the name of the second column"""
    changes: tuple[Change, ...]
    """from the first to the second: one for each case, those of kind `same` included"""
