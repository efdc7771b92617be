"""Excerpts: the few elements of a large array that stand for all of it.

A tolerance of atol, rtol and ulps is the narrower the smaller abs(target) is, and an ulp is one
number within a binade. So of the elements of one binade the one that is furthest off decides for
atol and ulps; for rtol it does with the smallest abs(target) of the binade. Of the bound the
element decides that is furthest off as a share of it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s, ulp

from .difference import Difference, Excerpt, within_range
from .fingerprint import digest
from .ranking import largest_first

WORST = 20
Ints = npt.NDArray[np.intp]


def shortened(
    difference: Difference, bound: Float64s | None, worst: int = WORST
) -> tuple[Difference, Float64s | None]:
    """Of a whole array the worst few and what decides under any tolerance, with their bounds."""
    d, shape = difference, difference.actual.shape
    first = largest_first(d.abs_diff, worst)
    groups = _binades(d)
    others = {row for row, _, _ in groups} | set(_beyond_the_bound(d, bound))
    if d.diverging:
        others.add(int(np.ravel_multi_index(d.worst, shape)))
    rows = np.array([*first, *sorted(others - set(first.tolist()))], dtype=np.intp)
    least, stands_for = np.full(rows.shape, np.nan), np.zeros(rows.shape, dtype=np.intp)
    for row, smallest, count in groups:
        at = int(np.flatnonzero(rows == row)[0])
        least[at], stands_for[at] = smallest, count
    places = np.stack(np.unravel_index(rows, shape), axis=1)
    excerpt = Excerpt(
        indices=tuple(tuple(int(i) for i in place) for place in places),
        shape=shape,
        diverging=d.diverging,
        classes=d.classes,
        digest=digest(d.actual, d.dtype),
        least=least,
        stands_for=stands_for,
    )
    kept = replace(
        d,
        actual=d.actual.reshape(-1)[rows],
        target=d.target.reshape(-1)[rows],
        abs_diff=d.abs_diff.reshape(-1)[rows],
        ulps=d.ulps.reshape(-1)[rows],
        allowed=d.allowed.reshape(-1)[rows],
        excerpt=excerpt,
    )
    return kept, None if bound is None else bound.reshape(-1)[rows]


def _binades(d: Difference) -> list[tuple[int, float, int]]:
    """Of each binade of the target the element that is furthest off, the smallest abs(target),
    and how many elements there are. What is not finite is one of its own."""
    spaced = ulp(d.target, d.dtype, d.asked).reshape(-1)
    size = np.abs(d.target.reshape(-1))
    off = d.distance.reshape(-1)
    found = []
    for one in np.unique(spaced):
        members = np.flatnonzero(np.isnan(spaced) if np.isnan(one) else spaced == one)
        smallest = np.nan if np.isnan(one) else float(size[members].min())
        found.append((int(members[np.argmax(off[members])]), smallest, members.size))
    return found


def _beyond_the_bound(d: Difference, bound: Float64s | None) -> list[int]:
    """The element with the largest share of its bound, and one that is infinitely off."""
    if bound is None or not d.actual.size:
        return []
    off = within_range(d.actual, d.target, d.distance, bound, d.dtype, d.asked).reshape(-1)
    limit, infinite = bound.reshape(-1), np.flatnonzero(np.isinf(off))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(np.isfinite(off) & (off > 0), off / limit, 0.0)
    share = np.where(off > limit, np.maximum(share, np.nextafter(1.0, 2.0)), share)
    share[infinite] = 0.0
    return [int(np.argmax(share)), *(int(i) for i in infinite[:1])]
