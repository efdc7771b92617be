"""Change: what became of one answer between two runs, or between two columns of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

ChangeKind = Literal[
    "same", "drifted", "known", "fixed", "new", "behaviour", "added", "removed", "missing"
]
KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind)
ABOUT: dict[ChangeKind, str] = {
    "same": "the same bits",
    "drifted": "other bits, within the tolerance",
    "known": "a divergence that was accepted with a reason",
    "fixed": "diverged, and agrees now",
    "new": "a divergence that nobody accepted",
    "behaviour": "a number became nan, an error became a number, or the like",
    "added": "was not there before",
    "removed": "is there no more",
    "missing": "was there before, and its framework is not installed",
}


@dataclass(frozen=True)
class Change:
    """One implementation on one case, before and after.

    before, after: the statuses; None where there was none. ulps: the largest distance between a
    loss before and after, in spacings of the dtype; None where it was not measured, inf where one
    is not finite. share_before, share_after: the largest error as a share of what rounding
    explains. sentence: all of it in words.
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
class Gate:
    """A run held against a baseline.

    file: the baseline, as it was named. same: how many answers are the same bits. changes: the
    others, and those that the baseline has and the run lacks. failing: the changes that `fail_on`
    makes fail. notes: what else is another: versions, devices, platform.
    """

    file: str
    same: int
    changes: tuple[Change, ...]
    failing: tuple[Change, ...]
    fail_on: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Variants:
    """Two columns of one run that are one implementation in two interpreters: `torch[old]` and
    `torch`. changes: from the first to the second, one for each case, the same bits too."""

    before: str
    after: str
    changes: tuple[Change, ...]
