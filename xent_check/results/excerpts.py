"""Excerpts: the few elements of a large array that stand for all of it.

A smaller abs(target) allows less under rtol, and within a binade the ulp is constant. So in each
binade the element furthest off decides under atol and ulps, and under rtol too when it is held
against the smallest abs(target) of the binade. Under `auto` the element with the largest share of
its bound decides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s, ulp

from .difference import Difference, Excerpt, joined_classes, within_range
from .fingerprint import digest, digest_of_texts
from .ranking import largest_first

WORST = 20
Ints = npt.NDArray[np.intp]


def shortened(
    difference: Difference, bound: Float64s | None, worst: int = WORST
) -> tuple[Difference, Float64s | None]:
    """The worst few elements of a whole array and those that decide under any tolerance, flat, and
    their bounds."""
    d, shape = difference, difference.actual.shape
    sizes, ones = np.abs(d.target.reshape(-1)), np.ones(d.target.size, dtype=np.intp)
    kept = _kept(_flat(d), None if bound is None else bound.reshape(-1), sizes, ones, worst)
    places = np.stack(np.unravel_index(kept.rows, shape), axis=1)
    excerpt = Excerpt(
        indices=tuple(tuple(int(i) for i in place) for place in places),
        shape=shape,
        diverging=d.diverging,
        classes=d.classes,
        digest=digest(d.actual, d.dtype),
        least=kept.least,
        stands_for=kept.stands_for,
    )
    return _rows_of(_flat(d), bound, kept, excerpt)


def merged(
    parts: Sequence[tuple[Difference, Float64s | None]],
    starts: Sequence[tuple[int, ...]],
    shape: tuple[int, ...],
) -> tuple[Difference, Float64s | None]:
    """The excerpts of the parts of an array, with their bounds, as the excerpt of all of it: the
    same elements as those of `shortened`, which are never all there at once.

    starts: the first index of each part along the first axes. shape: of the whole array. The digest
    is one of the parts' digests.
    """
    excerpts = [d.excerpt for d, _ in parts if d.excerpt is not None]
    indices = [
        (*(i + k for i, k in zip(index, start, strict=False)), *index[len(start) :])
        for excerpt, start in zip(excerpts, starts, strict=True)
        for index in excerpt.indices
    ]
    order = np.argsort(np.ravel_multi_index(tuple(np.array(indices).T), shape), kind="stable")
    first, bounded = parts[0][0], parts[0][1] is not None
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(d, name) for d, _ in parts])[order]
        for name in ("actual", "target", "abs_diff", "allowed")
    }
    d = replace(first, **joined, excerpt=None)
    bound = np.concatenate([b for _, b in parts if b is not None])[order] if bounded else None
    least = np.concatenate([excerpt.least for excerpt in excerpts])[order]
    stands_for = np.concatenate([excerpt.stands_for for excerpt in excerpts])[order]
    kept = _kept(d, bound, least, stands_for, WORST)
    whole = Excerpt(
        indices=tuple(indices[order[row]] for row in kept.rows),
        shape=shape,
        diverging=sum(excerpt.diverging for excerpt in excerpts),
        classes=joined_classes([(e.classes, math.prod(e.shape)) for e in excerpts]),
        digest=digest_of_texts([excerpt.digest for excerpt in excerpts]),
        least=kept.least,
        stands_for=kept.stands_for,
    )
    return _rows_of(d, bound, kept, whole)


@dataclass(frozen=True, eq=False)
class _Kept:
    """The elements that are kept."""

    rows: Ints  # their indices among the flat elements
    least: Float64s  # as of Excerpt
    stands_for: Ints  # as of Excerpt


def _flat(d: Difference) -> Difference:
    names = ("actual", "target", "abs_diff", "allowed")
    return replace(d, **{name: getattr(d, name).reshape(-1) for name in names})


def _kept(
    d: Difference, bound: Float64s | None, least: Float64s, stands_for: Ints, worst: int
) -> _Kept:
    """The elements to keep of flat ones, each of which stands for `stands_for` of the array, 0 or
    more, of which the smallest abs(target) is `least`."""
    first = largest_first(d.abs_diff, worst)
    groups = _binades(d, least, stands_for)
    deciding = {row for row, _, _ in groups} | set(_beyond_the_bound(d, bound))
    if d.diverging:
        deciding.add(d.worst[0])
    rows = np.array([*first, *sorted(deciding - set(first.tolist()))], dtype=np.intp)
    smallest, counts = np.full(rows.shape, np.nan), np.zeros(rows.shape, dtype=np.intp)
    for row, size, count in groups:
        at = int(np.flatnonzero(rows == row)[0])
        smallest[at], counts[at] = size, count
    return _Kept(rows, smallest, counts)


def _rows_of(
    d: Difference, bound: Float64s | None, kept: _Kept, excerpt: Excerpt
) -> tuple[Difference, Float64s | None]:
    short = replace(
        d,
        actual=d.actual[kept.rows],
        target=d.target[kept.rows],
        abs_diff=d.abs_diff[kept.rows],
        allowed=d.allowed[kept.rows],
        excerpt=excerpt,
    )
    return short, None if bound is None else bound.reshape(-1)[kept.rows]


def _binades(d: Difference, least: Float64s, stands_for: Ints) -> list[tuple[int, float, int]]:
    """For each binade of the target: the index of the element furthest off, the smallest
    abs(target), and the number of elements that those that stand for any stand for. Targets that
    are not finite count as one binade."""
    spaced, off = ulp(d.target, d.dtype, d.asked), d.distance
    standing = stands_for > 0
    groups = []
    for ulp_size in np.unique(spaced[standing]):
        same = np.isnan(spaced) if np.isnan(ulp_size) else spaced == ulp_size
        members = np.flatnonzero(same & standing)
        smallest = np.nan if np.isnan(ulp_size) else float(least[members].min())
        count = int(stands_for[members].sum())
        groups.append((int(members[np.argmax(off[members])]), smallest, count))
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
