"""Counting: the answers to some inputs of a domain, each held against its exact value."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from xent_check.problem.distance import in_ulps
from xent_check.problem.dtypes import Float64s, dtype_name, ulp
from xent_check.problem.evaluation import Computed
from xent_check.reference.enclosure import Enclosure
from xent_check.reference.reference import SMALL
from xent_check.reference.truth import Truth, truth
from xent_check.results.comparison import check_shapes
from xent_check.results.difference import Difference

from .domain import Domain, Scores
from .held import Held, Indices
from .limits import IN_CACHE, SLACK, Limits
from .tally import ULPS, ZERO, Tally, Worst

_ROUNDED = 2.0**-45  # more than the relative error of a distance that float64 computes
_BY_BALLS = SMALL // 2  # inputs that the reference takes through pairs or ball arithmetic


class Part:
    """Some inputs of a domain, and the tallies of the answers to them. What two answers have in
    common is computed once; of two with the same bits, all of it."""

    def __init__(self, domain: Domain, start: int, before: int, scores: Scores) -> None:
        """start: the index of the first input that counts. before: how many inputs `scores` has
        before it, for the order of two neighbours alone."""
        self._domain, self._before, self._scores = domain, before, scores
        self._indices = range(start - before, start - before + len(scores))
        self._limits: dict[tuple[Truth, str], Limits] = {}
        self._counted: list[tuple[Scores, Truth, Tally]] = []

    def tally(self, answer: Computed, exact: Truth) -> Tally:
        """The tally of one answer; ShapeError where its parts have other shapes than the exact
        values."""
        check_shapes(answer, exact.reference)
        actual = answer.gradient if self._domain.gradient else answer.losses
        assert isinstance(actual, np.ndarray)
        for other, of, count in self._counted:
            if of is exact and _have_the_same_bits(other, actual):
                return count
        count = self._count(actual, exact)
        self._counted.append((actual, exact, count))
        return count

    def _count(self, actual: Scores, exact: Truth) -> Tally:
        domain, kind = self._domain, (exact, dtype_name(actual.dtype))
        if kind not in self._limits:
            self._limits[kind] = Limits.of(domain, *kind)
        limits = self._limits[kind]
        whole = Held.of(domain, self._indices, self._scores, actual, exact, limits)
        count, near = Tally(), [np.zeros(0, np.intp)]
        step = max(1, IN_CACHE // domain.width)
        for first in range(self._before, len(self._scores), step):
            held = whole.at(slice(first, first + step))
            plain = _of_plain(held, count) if held.limits.plain else None
            if plain is None:
                count += _of_any(held)
            else:
                count += plain[0]
                near.append(first + plain[1])
        rows = np.concatenate(near)
        if rows.size:
            count += _of_any(whole.at(rows))
        by_ulps = by_finite = _confirmed(domain, count.by_ulps, whole.dtype)
        if count.by_finite != count.by_ulps:
            by_finite = _confirmed(domain, count.by_finite, whole.dtype)
        return replace(
            count,
            breaks=_breaks(domain, self._indices[0], whole.actual),
            by_ulps=by_ulps,
            by_finite=by_finite,
            by_share=replace(
                count.by_share, exact=_confirmed(domain, count.by_share, whole.dtype).exact
            ),
        )


def _have_the_same_bits(one: Scores, other: Scores) -> bool:
    """Whether two answers of one shape do."""
    if one.dtype != other.dtype:
        return False
    bits = np.dtype(f"u{one.itemsize}")
    few = slice(IN_CACHE)
    one, other = one.view(bits), other.view(bits)
    return bool((one[few] == other[few]).all() and (one == other).all())


def _of_any(held: Held) -> Tally:
    """The tally of some inputs, whatever their answers and exact values are."""
    d = held.difference
    ulps, off, allowed = d.ulps, d.abs_diff, d.allowed
    near = np.flatnonzero(_is_near(d, ulps, held.radius).any(axis=1))
    if near.size:
        _decide(held, d, ulps, near)
    finite, agrees = np.isfinite(ulps), d.agrees
    sizes = np.where(finite, ulps, np.where(agrees, 0.0, np.inf))
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(finite, np.where(off > 0, off / allowed, 0.0), sizes)
    largest = _largest(sizes)
    return Tally(
        inputs=len(sizes),
        diverging=int((~agrees).any(axis=1).sum()),
        nan=int((np.isnan(d.actual) & ~np.isnan(d.target)).any(axis=1).sum()),
        over=tuple(int((largest > limit).sum()) for limit in ULPS),
        decided=len(near),
        by_ulps=_worst(held, sizes),
        by_share=_worst(held, shares),
        by_finite=_worst(held, np.where(np.isinf(sizes), -1.0, sizes)),
        curve=_curve(held.scores, largest, float(largest.max())),
    )


def _of_plain(held: Held, before: Tally) -> tuple[Tally, Indices] | None:
    """The tally of all but the inputs near a limit, and the rows of these; None where an answer is
    no number. What cannot be the worst beside the tally of the inputs before is not looked for."""
    limits = held.limits
    with np.errstate(over="ignore", invalid="ignore"):
        off = held.actual.astype(np.float64, order="F")
        np.subtract(off, held.high, out=off)
        np.abs(off, out=off)
        ulps = off * limits.per_ulp
    if not ulps.max() < math.inf:
        return None
    most = off.max() / held.bound.min()  # no share is larger
    shares = off / held.bound if most > min(before.by_share.size, 1 - SLACK) else None
    near = _near(ulps, [(limit, limits.slack + _ROUNDED * limit) for limit in ULPS])
    if shares is not None:
        near = np.union1d(near, _near(shares, [(1.0, limits.share_slack + 2 * _ROUNDED)]))
    if near.size:
        ulps[near] = 0.0
        if shares is not None:
            shares[near] = 0.0
    largest = _largest(ulps)
    top, worst, by_share, diverging = float(largest.max()), Worst(), Worst(), 0
    if top > min(before.by_ulps.size, before.by_finite.size):
        worst = _worst(held, ulps)
    if shares is not None:
        by_share = _worst(held, shares)
        diverging = int((_largest(shares) > 1).sum()) if by_share.size > 1 else 0
    plain = Tally(
        inputs=len(largest) - len(near),
        diverging=diverging,
        over=tuple(int((largest > limit).sum()) if top > limit else 0 for limit in ULPS),
        by_ulps=worst,
        by_share=by_share,
        by_finite=worst,
        curve=_curve(held.scores, largest, top),
    )
    return plain, near


def _near(sizes: Float64s, limits: Sequence[tuple[float, float]]) -> Indices:
    """The rows with a size that is within a slack of a limit. limits: each with its slack."""
    top, near = sizes.max(), np.zeros(0, np.intp)
    for limit, slack in limits:
        low, high = limit - slack, limit + slack
        if top >= low and np.count_nonzero(sizes >= low) > np.count_nonzero(sizes > high):
            inside = (sizes >= low) & (sizes <= high)
            near = np.union1d(near, np.flatnonzero(inside.any(axis=1)))
    return near


def _decide(held: Held, d: Difference, ulps: Float64s, near: Indices) -> None:
    """Put errors of ball arithmetic into the difference and its ulps where they are near a limit.

    Of neighbours with one answer, on one side of it, the error is monotonic, for the exact value
    is. Where the first and the last are on the same side of each limit, so are all between: they
    get the larger of the two errors. Otherwise the run is halved.
    """
    runs = list(_runs(held, d, near))
    while runs:
        ends = np.unique([row for run in runs for row in run])
        for first in range(0, len(ends), _BY_BALLS):
            rows = ends[first : first + _BY_BALLS]
            decided = held.at(rows).decided
            ulps[rows], d.abs_diff[rows] = decided.ulps, decided.abs_diff
        halves: list[tuple[int, int]] = []
        for start, end in runs:
            if end - start < 2:
                continue
            if _sides(ulps, start) == _sides(ulps, end):
                inside, worse = slice(start + 1, end), max((start, end), key=lambda r: ulps[r, 0])
                ulps[inside], d.abs_diff[inside] = ulps[worse], d.abs_diff[worse]
            else:
                middle = (start + end) // 2
                halves += [(start, middle), (middle, end)]
        runs = halves


def _runs(held: Held, d: Difference, near: Indices) -> Iterator[tuple[int, int]]:
    """The first and the last row of each run of neighbours on which the error is monotonic."""
    apart = np.diff(held.indices_at(near)) != 1
    if held.domain.width > 1:
        apart[:] = True
    else:
        actual, target = d.actual[near, 0], d.target[near, 0]
        spaced, above = ulp(target, d.dtype, d.asked), actual > target
        by_bound = np.abs(d.abs_diff - d.allowed)[near, 0] <= 4 * held.radius[near, 0]
        for value in (actual, spaced, above):
            apart |= value[1:] != value[:-1]
        apart |= by_bound[1:] | by_bound[:-1]  # the bound may grow as fast as the error
    ends = np.flatnonzero(np.append(apart, True))
    starts = np.concatenate([[0], ends[:-1] + 1])
    yield from zip(near[starts].tolist(), near[ends].tolist(), strict=True)


def _sides(ulps: Float64s, row: int) -> tuple[bool, ...]:
    """On which side of each limit the error of a row is."""
    return tuple(bool(ulps[row, 0] > limit) for limit in ULPS)


def _is_near(d: Difference, ulps: Float64s, radius: Float64s) -> npt.NDArray[np.bool_]:
    """Whether the exact value's error leaves it open on which side of a limit a number is."""
    spaced = ulp(d.target, d.dtype, d.asked)
    slack = np.where(np.isnan(spaced), 0.0, 2 * radius / np.where(np.isnan(spaced), 1.0, spaced))
    with np.errstate(invalid="ignore"):
        near = np.abs(d.abs_diff - d.allowed) <= 2 * radius + _ROUNDED * d.allowed
        near &= radius > 0
        for limit in ULPS:
            near |= np.abs(ulps - limit) <= slack + _ROUNDED * limit
    return near


def _largest(sizes: Float64s) -> Float64s:
    """The largest number of each row."""
    return np.maximum(sizes[:, 0], sizes[:, 1]) if sizes.shape[1] == 2 else sizes[:, 0]


def _worst(held: Held, sizes: Float64s) -> Worst:
    row = int(np.argmax(_largest(sizes)))
    entry = int(np.argmax(sizes[row]))
    size, answer, target = (float(of[row, entry]) for of in (sizes, held.actual, held.high))
    if size < 0:
        return Worst()
    return Worst(size, held.domain.place(int(held.indices[row])), answer, target, entry)


def _confirmed(domain: Domain, worst: Worst, dtype: str) -> Worst:
    """The worst with its exact value, and its ulps, from ball arithmetic."""
    if worst.size < 0:
        return worst
    balls = truth(domain.problem_of(domain.scores_at(worst.place))).reference
    exact = balls.gradient if domain.gradient else balls.losses
    assert exact is not None
    high, low = (
        part.reshape(-1)[worst.entry : worst.entry + 1] for part in (exact.high, exact.low)
    )
    size = worst.size
    if np.isfinite(size):
        off = Enclosure(high, low, np.zeros(1)).distance(np.array([worst.actual]))
        size = float(in_ulps(off, ulp(high, dtype, domain.dtype))[0])
    return replace(worst, size=size, exact=float(high[0]))


def _breaks(domain: Domain, start: int, actual: Scores) -> int:
    """How often the order of two neighbours is the wrong way round. start: the first's index."""
    wrong = np.zeros(len(actual) - 1, dtype=np.bool_)
    for direction, numbers in zip(domain.directions, actual.T, strict=True):
        # NumPy compares numbers of 16 bits slowly.
        of = numbers.astype(np.float32) if numbers.itemsize == 2 else numbers
        if direction:
            wrong |= of[1:] < of[:-1] if direction > 0 else of[1:] > of[:-1]
    if domain.width > 1:  # where the first score changes, the second begins anew
        wrong[-(start + 1) % domain.taken :: domain.taken] = False
    return int(np.count_nonzero(wrong))


def _curve(scores: Scores, largest: Float64s, top: float) -> dict[int, float]:
    """The largest of each run of equal exponents; they are runs, for the scores are sorted. top:
    the largest of all."""
    first = scores.reshape(len(scores), -1)[:, 0]
    (_, low), (_, high) = math.frexp(first[0]), math.frexp(first[-1])
    if low == high and float(first[0]) * float(first[-1]) > 0:
        return {(low + ZERO) * (1 if first[0] > 0 else -1): top}
    _, exponents = np.frexp(first.astype(np.float64))
    buckets = np.where(first == 0, 0, (exponents + ZERO) * np.where(first < 0, -1, 1))
    begins = np.flatnonzero(np.diff(buckets, prepend=buckets[0] - 1))
    curve: dict[int, float] = {}
    for bucket, ulps in zip(buckets[begins], np.maximum.reduceat(largest, begins), strict=True):
        curve[int(bucket)] = max(float(ulps), curve.get(int(bucket), 0.0))
    return curve
