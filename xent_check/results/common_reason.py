"""Common reason: what explains the numbers of several divergences of one implementation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xent_check.diagnosis.diagnosis import Explanation

from .departure import MEANINGS
from .report import CaseResult


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
    that is named sooner. What a further check found, which gives no numbers, comes after all that
    do.
    """
    first: dict[frozenset[str], Explanation] = {}
    places: dict[frozenset[str], list[int]] = {}
    for result in results:
        named = () if result.diagnosis is None else result.diagnosis.reasons
        for place, explanation in enumerate(named):
            ids = frozenset(explanation.ids)
            first.setdefault(ids, explanation)
            places.setdefault(ids, []).append(place)
    if not first:
        return None
    best = min(
        places, key=lambda ids: (not ids.isdisjoint(MEANINGS), -len(places[ids]), sum(places[ids]))
    )
    return CommonReason(first[best], len(places[best]), len(results))
