"""Tally: what a sweep counts of one implementation, and how the tallies of two parts add up.

Adding is associative and takes the earlier place where two are equally bad, so that the sum over
all parts is the same in whatever order they come.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

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

from .domain import Domain

ULPS = (0.5, 1.0, 2.0, 4.0)  # errors beyond these are counted
_ROUNDED = 2.0**-45  # more than the relative error of a distance that float64 computes
_BY_BALLS = SMALL // 2  # inputs that the reference takes through ball arithmetic
_IN_CACHE = 2**14  # numbers looked at at once
ZERO = 2000  # a curve's key of the numbers from 2^(e - 1) to 2^e is this + e, signed as they are
Scores = npt.NDArray[Any]


@dataclass(frozen=True)
class Worst:
    """The input with the largest of something."""

    size: float = -1.0
    """below 0: there is none"""
    place: int = 0
    """of the input in its domain"""
    actual: float = 0.0
    """what was answered there"""
    exact: float = 0.0
    """the exact value, to the nearest float64"""
    entry: int = 0
    """which number of the answer it is: 0, or 1 of the second score's gradient"""

    def moved(self, by: int) -> Worst:
        """The same in a domain that begins so many places earlier."""
        return replace(self, place=self.place + by) if self.size >= 0 else self

    def or_worse(self, other: Worst) -> Worst:
        """The worse of two, the earlier one where they are equally bad."""
        return max(self, other, key=lambda one: (one.size, -one.place))


@dataclass(frozen=True)
class Tally:
    """Counts of some inputs of a domain."""

    inputs: int = 0
    diverging: int = 0
    """beyond the bound, or another kind of number than the exact value"""
    nan: int = 0
    """nan where the exact value is none"""
    over: tuple[int, ...] = (0,) * len(ULPS)
    """with more than 0.5, 1, 2 and 4 ulps"""
    decided: int = 0
    """so near one of these, or the bound, that ball arithmetic decided"""
    breaks: int = 0
    """inputs with a number larger than that of the input before, though the exact one is smaller,
    or the other way round; of two classes, where the second score alone is another"""
    by_ulps: Worst = field(default_factory=Worst)
    """the largest error in ulps"""
    by_share: Worst = field(default_factory=Worst)
    """the largest error as a share of its bound"""
    curve: Mapping[int, float] = field(default_factory=dict)
    """the largest error in ulps by the binary exponent of the first score, above ZERO, signed as
    that score; 0 of 0"""

    def __add__(self, other: Tally) -> Tally:
        curve = dict(self.curve)
        for bucket, ulps in other.curve.items():
            curve[bucket] = max(ulps, curve.get(bucket, 0.0))
        return Tally(
            self.inputs + other.inputs,
            self.diverging + other.diverging,
            self.nan + other.nan,
            tuple(a + b for a, b in zip(self.over, other.over, strict=True)),
            self.decided + other.decided,
            self.breaks + other.breaks,
            self.by_ulps.or_worse(other.by_ulps),
            self.by_share.or_worse(other.by_share),
            dict(sorted(curve.items())),
        )

    def moved(self, by: int) -> Tally:
        """The same of a domain that begins so many places earlier."""
        return replace(self, by_ulps=self.by_ulps.moved(by), by_share=self.by_share.moved(by))


def tally(
    domain: Domain, start: int, before: int, scores: Scores, answer: Computed, exact: Truth
) -> Tally:
    """The tally of one answer; ShapeError where its parts have other shapes than the exact values.

    start: the index of the first input that counts. before: how many inputs `scores` has before it,
    for the order of two neighbours alone.
    """
    check_shapes(answer, exact.reference)
    held, count = _Held.of(domain, answer, exact), Tally()
    step = max(1, _IN_CACHE // domain.width)
    for first in range(before, len(scores), step):
        rows = slice(first, first + step)
        count += _of_some(domain, start + first - before, scores[rows], held.at(rows))
    return replace(
        count,
        breaks=_breaks(domain, start - before, held.actual),
        by_ulps=_confirmed(domain, count.by_ulps, held.dtype),
        by_share=replace(
            count.by_share, exact=_confirmed(domain, count.by_share, held.dtype).exact
        ),
    )


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

    @classmethod
    def of(cls, domain: Domain, answer: Computed, exact: Truth) -> _Held:
        """An answer of the right shape."""
        actual = answer.gradient if domain.gradient else answer.losses
        target = exact.reference.gradient if domain.gradient else exact.reference.losses
        bound = exact.bounds.gradient if domain.gradient else exact.bounds.losses
        assert isinstance(actual, np.ndarray)
        assert target is not None
        assert bound is not None
        inputs = len(actual)
        high, low, radius = (
            part.reshape(inputs, -1) for part in (target.high, target.low, target.radius)
        )
        bound = bound.reshape(inputs, -1)
        return cls(domain, actual.reshape(inputs, -1), high, low, radius, bound, exact.bounds)

    @property
    def dtype(self) -> str:
        """That was computed."""
        return dtype_name(self.actual.dtype)

    def at(self, rows: slice | npt.NDArray[np.intp]) -> _Held:
        """Those of some inputs."""
        actual, high, low = self.actual[rows], self.high[rows], self.low[rows]
        radius, bound = self.radius[rows], self.bound[rows]
        return replace(self, actual=actual, high=high, low=low, radius=radius, bound=bound)

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
        """The same against the values of ball arithmetic, which is exact enough for each."""
        balls = truth(self.domain.problem_of(scores)).reference
        exact = balls.gradient if self.domain.gradient else balls.losses
        assert exact is not None
        high, low, radius = (
            array.reshape(self.actual.shape) for array in (exact.high, exact.low, exact.radius)
        )
        return replace(self, high=high, low=low, radius=radius).difference


def _of_some(domain: Domain, start: int, scores: Scores, held: _Held) -> Tally:
    """The tally of some inputs, whose first has the index start."""
    d = held.difference
    ulps, off, allowed = d.ulps, d.abs_diff, d.allowed
    near = np.flatnonzero(_is_near(d, held.radius).any(axis=1))
    if near.size:
        _decide(domain, scores, held, d, near)
    finite, agrees = np.isfinite(ulps), d.agrees
    sizes = np.where(finite, ulps, np.where(agrees, 0.0, np.inf))
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(finite, np.where(off > 0, off / allowed, 0.0), sizes)
    largest = sizes.max(axis=1)
    return Tally(
        inputs=len(sizes),
        diverging=int((~agrees).any(axis=1).sum()),
        nan=int((np.isnan(d.actual) & ~np.isnan(d.target)).any(axis=1).sum()),
        over=tuple(int((largest > limit).sum()) for limit in ULPS),
        decided=len(near),
        by_ulps=_worst(domain, start, sizes, d),
        by_share=_worst(domain, start, shares, d),
        curve=_curve(scores, largest),
    )


def _decide(
    domain: Domain, scores: Scores, held: _Held, d: Difference, near: npt.NDArray[np.intp]
) -> None:
    """Put errors of ball arithmetic into the difference where it is near a limit.

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
            d.ulps[rows], d.abs_diff[rows] = decided.ulps, decided.abs_diff
        halves: list[tuple[int, int]] = []
        for start, end in runs:
            if end - start < 2:
                continue
            if _sides(d, start) == _sides(d, end):
                inside, worse = slice(start + 1, end), max((start, end), key=lambda r: d.ulps[r, 0])
                d.ulps[inside], d.abs_diff[inside] = d.ulps[worse], d.abs_diff[worse]
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


def _sides(d: Difference, row: int) -> tuple[bool, ...]:
    """On which side of each limit the error of a row is."""
    return tuple(bool(d.ulps[row, 0] > limit) for limit in ULPS)


def _is_near(d: Difference, radius: Float64s) -> npt.NDArray[np.bool_]:
    """Whether the exact value's error leaves it open on which side of a limit a number is."""
    spaced = ulp(d.target, d.dtype, d.asked)
    slack = np.where(np.isnan(spaced), 0.0, 2 * radius / np.where(np.isnan(spaced), 1.0, spaced))
    with np.errstate(invalid="ignore"):
        near = np.abs(d.abs_diff - d.allowed) <= 2 * radius + _ROUNDED * d.allowed
        near &= radius > 0
        for limit in ULPS:
            near |= np.abs(d.ulps - limit) <= slack + _ROUNDED * limit
    return near


def _worst(domain: Domain, start: int, sizes: Float64s, d: Difference) -> Worst:
    row, entry = divmod(int(np.argmax(sizes)), sizes.shape[1])
    size, actual, exact = (float(array[row, entry]) for array in (sizes, d.actual, d.target))
    return Worst(size, domain.place(start + row), actual, exact, entry)


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
    directions = np.array(domain.directions)
    before, after = actual[:-1], actual[1:]
    with np.errstate(invalid="ignore"):  # bfloat16 warns about nan
        wrong = ((after < before) & (directions > 0)) | ((after > before) & (directions < 0))
    if domain.width > 1:  # where the first score changes, the second begins anew
        wrong[np.arange(start + 1, start + len(actual)) % domain.taken == 0] = False
    return int(wrong.any(axis=1).sum())


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
