"""How far off an answer is: the number that is furthest from what it should be.

Pure functions of a result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xent_check.problem.expectation import REFERENCE
from xent_check.results.behaviour import why
from xent_check.results.number_text import index_text, number, small
from xent_check.results.report import CaseResult

from ..sentences import Finding, finding, singular_of


@dataclass(frozen=True)
class FarOff:
    """The number of an answer that is furthest off."""

    place: str  # "sample [0]", "gradient [1, 2]", or the reduction of a total
    given: str  # what the implementation gave, or what was published
    target: str  # what it should be
    expected: bool  # whether that is what `expect` states, not the exact value
    off: str  # the absolute difference; "" where it is not finite
    ulps: str  # the difference in ulps, with their dtype; "" where there is none
    size: float  # the absolute difference; inf where it is not finite

    @property
    def words(self) -> str:
        """`sample [0] is 16.1, exactly 200, off by 183.9`."""
        stated = "expected" if self.expected else "exactly"
        off = f", off by {self.off}" if self.off else ""
        return f"{self.place} is {self.given}, {stated} {self.target}{off}"


def far_off(result: CaseResult) -> FarOff | None:
    """The number that is furthest off, of the part that decides; None where none diverges."""
    part = finding(result)
    if part is None or not part.difference.diverging:
        return None
    difference, at = part.difference, part.difference.worst
    off, pinned = float(difference.abs_diff[at]), result.implementation == REFERENCE
    dtype = "float64" if pinned else difference.dtype
    given, target = (number(of[at], dtype) for of in (difference.actual, difference.target))
    if pinned:  # the exact value is held against what was published
        given, target = target, given
    ulps = f"{small(difference.ulps_at(at))} of {difference.ulps_of(at)}"
    return FarOff(
        place=_place(part),
        given=given,
        target=target,
        expected=part.against == "expected" and not pinned,
        off=small(off) if np.isfinite(off) else "",
        ulps=ulps if np.isfinite(off) and not pinned else "",
        size=off,
    )


def in_short(result: CaseResult) -> str:
    """How far off the result is, and why: its best explanation, or else the reason for its status,
    unless that only says that a stated number is missed."""
    far = far_off(result) if result.status == "diverges" else None
    reason = "" if far and far.expected else " ".join((result.reason or "").split())
    return ": ".join(filter(None, (far.words if far else "", why(result) or reason)))


def _place(part: Finding) -> str:
    word = singular_of(part.name)
    at = part.difference.place(part.difference.worst)
    return f"{word} {index_text(at)}" if word else part.name
