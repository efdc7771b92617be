"""Counting: the answers to some inputs of a domain, each held against its exact value."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xent_check.problem.distance import in_ulps
from xent_check.problem.dtypes import Float64s, dtype_name, ulp
from xent_check.problem.evaluation import Computed
from xent_check.reference.enclosure import Enclosure
from xent_check.reference.reference import SMALL, Reference
from xent_check.reference.truth import Truth, truth
from xent_check.results.comparison import check_shapes
from xent_check.results.difference import Difference

from .domain import Domain, Scores
from .expected import Expected, Indices
from .held import Held
from .limits import SLACK, Limits
from .tally import ULPS, ZERO, Tally, Worst

IN_CACHE = 2**16  # numbers looked at at once: a block, of so many runs
_RUNS = 8
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
        self._expected: dict[Truth | Reference, tuple[Expected, list[_Block]]] = {}
        self._limits: dict[tuple[Truth | Reference, str], list[Limits]] = {}
        self._counted: list[tuple[Scores, Truth | Reference, Tally]] = []

    def tally(self, answer: Computed, exact: Truth | Reference) -> Tally:
        """The tally of one answer; ShapeError where its parts have other shapes than the exact
        values. exact: without bounds where these are computed where they are looked at."""
        check_shapes(answer, exact if isinstance(exact, Reference) else exact.reference)
        actual = answer.gradient if self._domain.gradient else answer.losses
        assert isinstance(actual, np.ndarray)
        for other, of, count in self._counted:
            if of is exact and _have_the_same_bits(other, actual):
                return count
        count = self._count(actual, exact)
        self._counted.append((actual, exact, count))
        return count

    def _count(self, actual: Scores, exact: Truth | Reference) -> Tally:
        domain, dtype = self._domain, dtype_name(actual.dtype)
        if exact not in self._expected:
            of_all = Expected.of(domain, self._indices, self._scores, exact)
            self._expected[exact] = of_all, _blocks(of_all, self._before)
        expected, blocks = self._expected[exact]
        if (exact, dtype) not in self._limits:
            self._limits[exact, dtype] = [b.limits(dtype) for b in blocks]
        whole = Held(expected, actual.reshape(expected.high.shape))
        count, near, tops = Tally(), [np.zeros(0, np.intp)], []
        limits = self._limits[exact, dtype]
        for block, limit in zip(blocks, limits, strict=True):
            held = Held(block.expected, whole.actual[block.place])
            plain = _of_plain(held, limit, block.starts, count) if limit.plain else None
            if plain is None:
                count += _of_any(held)
                tops.append(np.full(block.starts.size, -1.0))
            else:
                count += plain.tally
                near.append(block.place.start + plain.near)
                tops.append(plain.tops)
        rows = np.concatenate(near)
        slack = max((limit.share_slack for limit in limits if limit.plain), default=0.0)
        count += _of_shares(whole, blocks, tops, slack, rows)
        if rows.size:
            count += _of_any(whole.at(rows))
        by_ulps = by_finite = _confirmed(domain, count.by_ulps, dtype)
        if count.by_finite != count.by_ulps:
            by_finite = _confirmed(domain, count.by_finite, dtype)
        return replace(
            count,
            breaks=_breaks(domain, self._indices[0], whole.actual),
            by_ulps=by_ulps,
            by_finite=by_finite,
            by_share=replace(count.by_share, exact=_confirmed(domain, count.by_share, dtype).exact),
        )


@dataclass(frozen=True, eq=False)
class _Block:
    """Neighbours, as many as the cache holds, in runs."""

    place: slice
    """in the part"""
    expected: Expected
    starts: Indices
    """of its runs, in the block"""
    least_bounds: Float64s
    """for each run a number that no bound is below"""

    def limits(self, dtype: str) -> Limits:
        """Those of answers of a dtype."""
        return Limits.of(self.expected, float(self.least_bounds.min()), dtype)


def _blocks(whole: Expected, before: int) -> list[_Block]:
    """The inputs of a part that count: all but so many at its begin."""
    size = max(1, IN_CACHE // whole.domain.width)
    run, counting = max(1, size // _RUNS), whole.at(slice(before, None))
    count = len(counting.scores)
    firsts = range(0, count, size)
    starts = [np.arange(first, min(first + size, count), run) for first in firsts]
    of_runs = counting.least_bounds(np.concatenate(starts))
    least = np.split(of_runs, np.cumsum([some.size for some in starts])[:-1])
    blocks = []
    for first, some, bounds in zip(firsts, starts, least, strict=True):
        place = slice(before + first, min(before + first + size, before + count))
        blocks.append(_Block(place, whole.at(place), some - first, bounds))
    return blocks


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
    near = np.flatnonzero(_is_near(d, ulps, held.expected.radius).any(axis=1))
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
        curve=_curve(held.expected.scores, largest, float(largest.max())),
    )


@dataclass(frozen=True, eq=False)
class _Plain:
    """What is counted of a block without a look at each number."""

    tally: Tally
    """of all but the inputs near a limit; without what is said of shares"""
    near: Indices
    """the rows of these"""
    tops: Float64s
    """the largest error of the others in each run"""


def _of_plain(held: Held, limits: Limits, starts: Indices, before: Tally) -> _Plain | None:
    """What is counted of a block; None where an answer is no number. What cannot be the worst
    beside the tally of the inputs before is not looked for."""
    expected = held.expected
    with np.errstate(over="ignore", invalid="ignore"):
        off = held.actual.astype(np.float64, order="F")
        np.subtract(off, expected.high, out=off)
        np.abs(off, out=off)
        ulps = off * limits.per_ulp
    top, worst = float(ulps.max()), Worst()
    if not top < math.inf:
        return None
    near = _near(
        ulps, [(limit, limits.slack + _ROUNDED * limit) for limit in ULPS if top > limit / 2]
    )
    ulps[near] = off[near] = 0.0
    largest = _largest(ulps)
    if near.size:
        top = float(largest.max())
    if top > min(before.by_ulps.size, before.by_finite.size):
        worst = _worst(held, ulps)
    tally = Tally(
        inputs=len(largest) - len(near),
        over=tuple(int(np.count_nonzero(largest > limit)) if top > limit else 0 for limit in ULPS),
        by_ulps=worst,
        by_finite=worst,
        curve=_curve(expected.scores, largest, top),
    )
    return _Plain(tally, near, np.asarray(np.maximum.reduceat(_largest(off), starts)))


def _of_shares(
    whole: Held, blocks: Sequence[_Block], tops: Sequence[Float64s], slack: float, near: Indices
) -> Tally:
    """What is counted of the shares that errors are of their bounds, but those of the rows `near`.

    Bounds are looked at in those runs alone that may have the largest share, or one near 1 or above
    it. tops: of each block the largest error of each run; below 0 where it is counted already.
    slack: of the shares.
    """
    starts = np.concatenate([block.place.start + block.starts for block in blocks])
    stops = np.append(starts[1:], len(whole.actual))
    least = np.concatenate([block.least_bounds for block in blocks])
    top = np.concatenate(tops)
    most = np.where(top < 0, -1.0, top / np.where(top < 0, 1.0, least))  # no share is larger

    def of_runs(*runs: int) -> Tally:
        rows = np.concatenate([np.arange(starts[run], stops[run]) for run in runs])
        rows = np.setdiff1d(rows, near, assume_unique=True)
        return _of_large_shares(whole.at(rows), slack) if rows.size else Tally()

    first = int(np.argmax(most))
    if most[first] <= 0:  # no error, or none that is not counted already
        each = (of_runs(run) for run in np.flatnonzero(most == 0).tolist())
        return next((one for one in each if one.by_share.size >= 0), Tally())
    tally = of_runs(first)
    others = np.flatnonzero(most >= min(tally.by_share.size, 1 - SLACK))
    others = others[others != first]
    for some in np.split(others, np.arange(_RUNS, len(others), _RUNS)):
        tally += of_runs(*some.tolist()) if some.size else Tally()
    return tally


def _of_large_shares(held: Held, slack: float) -> Tally:
    """What is counted of the shares alone."""
    off = np.abs(held.actual.astype(np.float64) - held.expected.high)
    shares = off / held.expected.bound
    near = _near(shares, [(1.0, slack + 2 * _ROUNDED)])
    shares[near] = 0.0
    worst = _worst(held, shares)
    beyond = int(np.count_nonzero(_largest(shares) > 1)) if worst.size > 1 else 0
    tally = Tally(diverging=beyond, by_share=worst)
    if near.size:
        one_by_one = _of_any(held.at(near))
        tally += Tally(
            diverging=one_by_one.diverging,
            decided=one_by_one.decided,
            by_share=one_by_one.by_share,
        )
    return tally


def _near(sizes: Float64s, limits: Sequence[tuple[float, float]]) -> Indices:
    """The rows with a size that is within a slack of a limit. limits: each with its slack."""
    top, near = sizes.max(initial=0.0), np.zeros(0, np.intp)
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
            decided = held.at(rows).decided.difference
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
    apart = np.diff(held.expected.indices_at(near)) != 1
    if held.expected.domain.width > 1:
        apart[:] = True
    else:
        actual, target = d.actual[near, 0], d.target[near, 0]
        spaced, above = ulp(target, d.dtype, d.asked), actual > target
        by_bound = np.abs(d.abs_diff - d.allowed)[near, 0] <= 4 * held.expected.radius[near, 0]
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
    expected = held.expected
    size, answer, target = (float(of[row, entry]) for of in (sizes, held.actual, expected.high))
    if size < 0:
        return Worst()
    return Worst(size, expected.domain.place(int(expected.indices[row])), answer, target, entry)


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
