"""Common reason: what explains the numbers of several divergences of one implementation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xent_check.diagnosis.diagnosis import Explanation

from .departure import MEANINGS
from .report import CaseResult

_Reason = tuple[frozenset[str], bool]  # ids, and whether it is vague


@dataclass(frozen=True)
class CommonReason:
    """The reason that explains most of some results."""

    explanation: Explanation
    """as it stands in the first result that it explains"""
    explained: int
    """how many results it explains"""
    results: int
    """how many results there are"""


def common_reason(results: Sequence[CaseResult]) -> CommonReason | None:
    """The reason that is named, first or not, in most of the results, which are of one
    implementation; None where none is named. A single case may show too little to tell two reasons
    apart.

    Of two that are named as often it is the one that stands further to the front, then the one
    that is named sooner. That numbers are of the precision of a dtype is so of many reasons: one
    that gives the numbers of two results or more comes before it. What a further check found, which
    gives no numbers, comes after all others.
    """
    first: dict[_Reason, Explanation] = {}
    places: dict[_Reason, list[int]] = {}
    for result in results:
        named = () if result.diagnosis is None else result.diagnosis.reasons
        for place, explanation in enumerate(named):
            reason = frozenset(explanation.ids), explanation.is_vague
            first.setdefault(reason, explanation)
            places.setdefault(reason, []).append(place)
    if not first:
        return None

    def rank(reason: _Reason) -> tuple[int, int, int]:
        (ids, is_vague), count = reason, len(places[reason])
        kind = 2 if not ids.isdisjoint(MEANINGS) else 1 if is_vague or count == 1 else 0
        return kind, -count, sum(places[reason])

    best = min(places, key=rank)
    return CommonReason(first[best], len(places[best]), len(results))
