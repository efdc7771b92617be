"""Excerpts: the few elements of a large array that stand for all of it.

A smaller abs(target) allows less under rtol, and within a binade the ulp is constant. So in each
binade the element furthest off decides under atol and ulps, and under rtol too when it is held
against the smallest abs(target) of the binade. Under `auto` the element with the largest share of
its bound decides.
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
    """The worst few elements of a whole array and those that decide under any tolerance, flat, and
    their bounds."""
    d, shape = difference, difference.actual.shape
    first = largest_first(d.abs_diff, worst)
    groups = _binades(d)
    deciding = {row for row, _, _ in groups} | set(_beyond_the_bound(d, bound))
    if d.diverging:
        deciding.add(int(np.ravel_multi_index(d.worst, shape)))
    rows = np.array([*first, *sorted(deciding - set(first.tolist()))], dtype=np.intp)
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
    short = replace(
        d,
        actual=d.actual.reshape(-1)[rows],
        target=d.target.reshape(-1)[rows],
        abs_diff=d.abs_diff.reshape(-1)[rows],
        ulps=d.ulps.reshape(-1)[rows],
        allowed=d.allowed.reshape(-1)[rows],
        excerpt=excerpt,
    )
    return short, None if bound is None else bound.reshape(-1)[rows]


def _binades(d: Difference) -> list[tuple[int, float, int]]:
    """For each binade of the target: the flat index of the element furthest off, the smallest
    abs(target), and the number of elements. Targets that are not finite count as one binade."""
    spaced = ulp(d.target, d.dtype, d.asked).reshape(-1)
    size = np.abs(d.target.reshape(-1))
    off = d.distance.reshape(-1)
    groups = []
    for ulp_size in np.unique(spaced):
        members = np.flatnonzero(np.isnan(spaced) if np.isnan(ulp_size) else spaced == ulp_size)
        smallest = np.nan if np.isnan(ulp_size) else float(size[members].min())
        groups.append((int(members[np.argmax(off[members])]), smallest, members.size))
    return groups


def _beyond_the_bound(d: Difference, bound: Float64s | None) -> list[int]:
    """The flat index of the element with the largest share of its bound, and of one that is
    infinitely off."""
    if bound is None or not d.actual.size:
        return []
    off = within_range(d.actual, d.target, d.distance, bound, d.dtype, d.asked).reshape(-1)
    limit, infinite = bound.reshape(-1), np.flatnonzero(np.isinf(off))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(np.isfinite(off) & (off > 0), off / limit, 0.0)
    share = np.where(off > limit, np.maximum(share, np.nextafter(1.0, 2.0)), share)
    share[infinite] = 0.0
    return [int(np.argmax(share)), *(int(i) for i in infinite[:1])]
