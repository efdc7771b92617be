"""Counting: the answers to some inputs of a domain, each held against its exact value."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xent_check.problem.distance import in_ulps
from xent_check.problem.dtypes import Float64s, dtype_name, ulp
from xent_check.problem.evaluation import Computed
from xent_check.reference.bounds import Bounds
from xent_check.reference.enclosure import Enclosure
from xent_check.reference.reference import SMALL
from xent_check.reference.truth import Truth, truth
from xent_check.results.comparison import check_shapes
from xent_check.results.difference import Allowance, Difference

from .domain import Domain, Scores
from .limits import IN_CACHE, SLACK, Limits, rows_of
from .tally import ULPS, ZERO, Tally, Worst

_ROUNDED = 2.0**-45  # more than the relative error of a distance that float64 computes
_BY_BALLS = SMALL // 2  # inputs that the reference takes through pairs or ball arithmetic


class Part:
    """Some inputs of a domain, and the tallies of the answers to them. What two answers have in
    common is computed once; of two with the same bits, all of it."""

    def __init__(self, domain: Domain, start: int, before: int, scores: Scores) -> None:
        """start: the index of the first input that counts. before: how many inputs `scores` has
        before it, for the order of two neighbours alone."""
        self._domain, self._start, self._before, self._scores = domain, start, before, scores
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
        domain, start, scores = self._domain, self._start, self._scores
        kind = exact, dtype_name(actual.dtype)
        if kind not in self._limits:
            self._limits[kind] = Limits.of(domain, *kind)
        held, count = _Held.of(domain, actual, exact, self._limits[kind]), Tally()
        step = max(1, IN_CACHE // domain.width)
        for first in range(self._before, len(scores), step):
            rows = slice(first, first + step)
            count += _of_some(domain, start + first - self._before, scores[rows], held.at(rows))
        by_ulps = by_finite = _confirmed(domain, count.by_ulps, held.dtype)
        if count.by_finite != count.by_ulps:
            by_finite = _confirmed(domain, count.by_finite, held.dtype)
        return replace(
            count,
            breaks=_breaks(domain, start - self._before, held.actual),
            by_ulps=by_ulps,
            by_finite=by_finite,
            by_share=replace(
                count.by_share, exact=_confirmed(domain, count.by_share, held.dtype).exact
            ),
        )


def _have_the_same_bits(one: Scores, other: Scores) -> bool:
    """Whether two answers of one shape do."""
    return one.dtype == other.dtype and one.tobytes() == other.tobytes()


@dataclass(frozen=True, eq=False)
class _Held:
    """Numbers of an answer beside their exact values. Arrays of shape [inputs, numbers]."""

    domain: Domain
    actual: Scores
    """in the dtype of the answer"""
    high: Float64s
    """high, low and radius: of the exact values' enclosure"""
    low: Float64s
    radius: Float64s
    bound: Float64s
    """of the errors that rounding explains"""
    bounds: Bounds
    """what else is said of it"""
    limits: Limits
    """of answers of the dtype"""

    @classmethod
    def of(cls, domain: Domain, actual: Scores, exact: Truth, limits: Limits) -> _Held:
        """An answer of the right shape."""
        high, low, radius, bound = rows_of(domain, exact)
        actual = actual.reshape(high.shape)
        return cls(domain, actual, high, low, radius, bound, exact.bounds, limits)

    @property
    def dtype(self) -> str:
        """That was computed."""
        return dtype_name(self.actual.dtype)

    def at(self, rows: slice | npt.NDArray[np.intp]) -> _Held:
        """Those of some inputs."""
        actual, high, low = self.actual[rows], self.high[rows], self.low[rows]
        radius, bound = self.radius[rows], self.bound[rows]
        return replace(
            self, actual=actual, high=high, low=low, radius=radius, bound=bound,
            limits=self.limits.at(rows),
        )  # fmt: skip

    @property
    def difference(self) -> Difference:
        """Under the tolerance auto."""
        exact = Enclosure(self.high, self.low, self.radius)
        if self.domain.gradient:
            name, bounds = "gradient", replace(self.bounds, gradient=self.bound)
        else:
            name, bounds = "losses", replace(self.bounds, losses=self.bound)
        return Allowance("auto", bounds, self.domain.dtype).by_reference(name, self.actual, exact)

    def decided(self, scores: Scores) -> Difference:
        """The same against the values of pairs or ball arithmetic, exact enough for each."""
        balls = truth(self.domain.problem_of(scores)).reference
        exact = balls.gradient if self.domain.gradient else balls.losses
        assert exact is not None
        high, low, radius = (
            array.reshape(self.actual.shape) for array in (exact.high, exact.low, exact.radius)
        )
        return replace(self, high=high, low=low, radius=radius).difference


def _of_some(domain: Domain, start: int, scores: Scores, held: _Held) -> Tally:
    """The tally of some inputs, whose first has the index start."""
    if held.limits.plain and (plain := _of_plain(domain, start, scores, held)) is not None:
        return plain
    d = held.difference
    ulps, off, allowed = d.ulps, d.abs_diff, d.allowed
    near = np.flatnonzero(_is_near(d, ulps, held.radius).any(axis=1))
    if near.size:
        _decide(domain, scores, held, d, ulps, near)
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
        by_ulps=_worst(domain, start, sizes, d.actual, d.target),
        by_share=_worst(domain, start, shares, d.actual, d.target),
        by_finite=_worst(domain, start, np.where(np.isinf(sizes), -1.0, sizes), d.actual, d.target),
        curve=_curve(scores, largest),
    )


def _of_plain(domain: Domain, start: int, scores: Scores, held: _Held) -> Tally | None:
    """The same where every answer is a number, and none is near a limit; else None."""
    actual, limits = held.actual.astype(np.float64, order="F"), held.limits
    with np.errstate(over="ignore", invalid="ignore"):
        off = np.abs(actual - held.high)
        ulps, shares = off / limits.spaced, off / held.bound
    if not np.isfinite(off.max(initial=0.0)):
        return None
    far = ulps[ulps > ULPS[0] - SLACK - _ROUNDED]
    if any((np.abs(far - limit) <= limits.slack + _ROUNDED * limit).any() for limit in ULPS):
        return None
    beyond = shares[shares > 1 - 2 * SLACK]
    if (np.abs(beyond - 1) <= limits.share_slack + 2 * _ROUNDED).any():
        return None
    largest = _largest(ulps)
    top = float(largest.max())
    worst = _worst(domain, start, ulps, actual, held.high)
    return Tally(
        inputs=len(largest),
        diverging=int((_largest(shares) > 1).sum()) if beyond.size else 0,
        over=tuple(int((largest > limit).sum()) if top > limit else 0 for limit in ULPS),
        by_ulps=worst,
        by_share=_worst(domain, start, shares, actual, held.high),
        by_finite=worst,
        curve=_curve(scores, largest),
    )


def _decide(
    domain: Domain,
    scores: Scores,
    held: _Held,
    d: Difference,
    ulps: Float64s,
    near: npt.NDArray[np.intp],
) -> None:
    """Put errors of ball arithmetic into the difference and its ulps where they are near a limit.

    Of neighbours with one answer, on one side of it, the error is monotonic, for the exact value
    is. Where the first and the last are on the same side of each limit, so are all between: they
    get the larger of the two errors. Otherwise the run is halved.
    """
    runs = list(_runs(domain, held, d, near))
    while runs:
        ends = np.unique([row for run in runs for row in run])
        for first in range(0, len(ends), _BY_BALLS):
            rows = ends[first : first + _BY_BALLS]
            decided = held.at(rows).decided(scores[rows])
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


def _runs(
    domain: Domain, held: _Held, d: Difference, near: npt.NDArray[np.intp]
) -> Iterator[tuple[int, int]]:
    """The first and the last row of each run of neighbours on which the error is monotonic."""
    apart = np.diff(near) != 1
    if domain.width > 1:
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


def _worst(domain: Domain, start: int, sizes: Float64s, actual: Float64s, exact: Float64s) -> Worst:
    row = int(np.argmax(_largest(sizes)))
    entry = int(np.argmax(sizes[row]))
    size, answer, target = (float(array[row, entry]) for array in (sizes, actual, exact))
    if size < 0:
        return Worst()
    return Worst(size, domain.place(start + row), answer, target, entry)


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


def _curve(scores: Scores, largest: Float64s) -> dict[int, float]:
    """The largest of each run of equal exponents; they are runs, for the scores are sorted."""
    first = scores.reshape(len(scores), -1)[:, 0]
    start, end = float(first[0]), float(first[-1])
    if math.frexp(start)[1] == math.frexp(end)[1] and start * end > 0:
        first, largest = first[:1], largest.max(keepdims=True)
    first = first.astype(np.float64)
    _, exponents = np.frexp(first)
    buckets = np.where(first == 0, 0, (exponents + ZERO) * np.where(first < 0, -1, 1))
    begins = np.flatnonzero(np.diff(buckets, prepend=buckets[0] - 1))
    curve: dict[int, float] = {}
    for bucket, ulps in zip(buckets[begins], np.maximum.reduceat(largest, begins), strict=True):
        curve[int(bucket)] = max(float(ulps), curve.get(int(bucket), 0.0))
    return curve
