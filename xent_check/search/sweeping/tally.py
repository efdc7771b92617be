"""Tally: what a sweep counts of one implementation, and how the tallies of two parts add up.

Adding is associative and takes the earlier place where two are equally bad, so that the sum over
all parts is the same in whatever order they come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.problem.distance import in_ulps
from xent_check.problem.dtypes import Float64s, ulp
from xent_check.problem.evaluation import Computed
from xent_check.problem.problem import Problem
from xent_check.reference.reference import SMALL
from xent_check.reference.truth import Truth, truth
from xent_check.results.comparison import compare
from xent_check.results.difference import Difference

from .domain import Domain

ULPS = (0.5, 1.0, 2.0, 4.0)  # errors beyond these are counted
_UNDECIDED = 2.0**-9  # of an ulp, around those: twice the reference's own error
Bools = npt.NDArray[np.bool_]
_AT_ONCE = SMALL // 2  # samples that the reference takes through ball arithmetic


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
    """so near one of these that ball arithmetic decided"""
    breaks: int = 0
    """inputs whose loss is larger than that of the number before, though the exact one is smaller,
    or the other way round"""
    by_ulps: Worst = field(default_factory=Worst)
    """the largest error in ulps"""
    by_share: Worst = field(default_factory=Worst)
    """the largest error as a share of its bound"""
    curve: Mapping[int, float] = field(default_factory=dict)
    """the largest error in ulps by the binary exponent of the first score, signed as that score"""

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


def tally(
    domain: Domain,
    start: int,
    before: int,
    problem: Problem,
    computed: Computed,
    exact: Truth,
) -> Tally:
    """The tally of one answer.

    start: the place of the first input that counts. before: how many inputs the problem has before
    it, for the order of two neighbours alone.
    """
    name = "gradient" if domain.gradient else "losses"
    comparison = compare(computed, exact.reference, "auto", None, exact.bounds, domain.dtype)
    part = comparison.by_reference[name]
    bound = exact.bounds.gradient if domain.gradient else exact.bounds.losses
    assert bound is not None
    rows = slice(before, None)
    wide = (-1, domain.width) if domain.gradient and domain.width > 1 else (-1, 1)
    agrees: Bools = part.agrees.reshape(wide)[rows]
    ulps, off, target, actual, allowed = (
        array.reshape(wide)[rows]
        for array in (part.ulps, part.abs_diff, part.target, part.actual, bound)
    )
    finite = np.isfinite(ulps)
    sizes = np.where(finite, ulps, np.where(agrees, 0.0, np.inf))
    near = np.zeros(len(sizes), dtype=np.bool_)
    for limit in ULPS:
        near |= (np.abs(sizes - limit) <= _UNDECIDED).any(axis=1)
    if near.any():
        sizes[near] = _decided(domain, problem, np.flatnonzero(near) + before, part)
    largest = sizes.max(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(np.isfinite(off), off / allowed, np.where(agrees, 0.0, np.inf))
    return Tally(
        inputs=len(sizes),
        diverging=int((~agrees).any(axis=1).sum()),
        nan=int((np.isnan(actual) & ~np.isnan(target)).any(axis=1).sum()),
        over=tuple(int((largest > limit).sum()) for limit in ULPS),
        decided=int(near.sum()),
        breaks=0 if domain.gradient or domain.width > 1 else _breaks(part.actual, part.target),
        by_ulps=_worst(sizes, start, actual, target),
        by_share=_worst(shares, start, actual, target),
        curve=_curve(domain, problem.values[rows], largest),
    )


def _decided(
    domain: Domain, problem: Problem, samples: npt.NDArray[np.intp], part: Difference
) -> Float64s:
    """The errors in ulps of some samples, from their exact values in ball arithmetic."""
    decided: list[Float64s] = []
    for start in range(0, len(samples), _AT_ONCE):
        some = samples[start : start + _AT_ONCE]
        few = replace(problem, values=problem.values[some], labels=problem.labels[some])
        exact = truth(few).reference
        target = exact.gradient if domain.gradient else exact.losses
        assert target is not None
        off = target.distance(part.actual[some])
        ulps = in_ulps(off, ulp(target.high, part.dtype, part.asked))
        decided.append(np.where(np.isfinite(part.ulps[some]), ulps, part.ulps[some]))
    return np.concatenate(decided).reshape(len(samples), -1)


def _worst(sizes: Float64s, start: int, actual: Float64s, target: Float64s) -> Worst:
    if not sizes.size:
        return Worst()
    row, column = np.unravel_index(int(np.argmax(sizes)), sizes.shape)
    found = (float(array[row, column]) for array in (sizes, actual, target))
    size, got, exact = found
    return Worst(size, start + int(row), got, exact)


def _breaks(actual: Float64s, target: Float64s) -> int:
    """How often the order of two neighbours is the wrong way round."""
    with np.errstate(invalid="ignore"):
        got, true = np.diff(actual), np.diff(target)
    return int((((got > 0) & (true < 0)) | ((got < 0) & (true > 0))).sum())


def _curve(domain: Domain, scores: npt.NDArray[Any], largest: Float64s) -> dict[int, float]:
    first = scores.reshape(len(scores), -1)[:, 0].astype(np.float64)
    _, exponents = np.frexp(first)
    buckets = np.where(first == 0, 0, (exponents + 2000) * np.where(first < 0, -1, 1))
    curve: dict[int, float] = {}
    for bucket in np.unique(buckets):
        curve[int(bucket)] = float(largest[buckets == bucket].max())
    return curve
