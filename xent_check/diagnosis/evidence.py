"""Evidence: whether a candidate gives the observed numbers, and how likely that is by chance.

A stray number about as far from the truth as the observed one agrees with a given candidate with
probability allowed / distance, if the candidate is no further from it than that. The sum over all
candidates at most as unusual is the probability that so simple an explanation fits a stray number.
A candidate explains the numbers where that probability is small.

What is allowed is the worst that rounding can do, many times what it does. Of one number that
differs, how closely the candidate gives it says more: a stray one is as close with probability
closeness / distance. As each candidate has a closeness of its own, up to a ratio r of what is
allowed to it, n candidates at most as unusual give n closeness / distance (1 + log min(n, r)): the
sum over n of 1 / (n (1 + log n)), of strays that one of many candidates explains, hardly grows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from xent_check.problem.distance import distance
from xent_check.problem.dtypes import Float64s, largest, rounded, spacing, unit_roundoff
from xent_check.problem.vocabulary import DTYPES, DType, Reduction
from xent_check.reference.bounds import Bounds

from .candidates import Candidate

CHANCE = 0.002  # the largest probability that a stray number has such an explanation
CHANCE_OF_TWO = 0.001  # the same where the explanation needs two changes
_GROWING = ("gap", "targets", "store", "round")  # terms of a bound that grow with the loss
_SMALLER = 16.0  # so many times smaller a number than the truth has no such rounding
_NEAREST = 2.0**-48  # how far from the exact value the truth may be, relatively
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Observed:
    """Numbers that an implementation gave: one per sample, one total, or of another shape."""

    values: Float64s  # flat
    units: Float64s  # one unit of each number's last printed digit, 0 where it is exact
    reduction: Reduction | None  # of the total; None for losses
    shape: tuple[int, ...] | None = None  # of the numbers; None: the samples'


@dataclass(frozen=True, eq=False)
class Evidence:
    """Observed numbers beside the truth and its bounds."""

    observed: Observed  # the numbers to explain
    truth: Candidate  # the unchanged meaning, with the numbers that it gives
    rounding: Float64s  # the bounds of the truth's numbers, or of its total
    u: float  # the unit roundoff of the problem's dtype
    growing: Float64s | None = None  # the part of the losses' bounds that grows with the loss

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """The shape of the observed numbers."""
        if self.observed.reduction is not None:
            return ()
        return self.truth.shape if self.observed.shape is None else self.observed.shape

    def fits(self, candidate: Candidate) -> bool:
        """Whether the candidate has the observed shape, axes of size 1 aside."""
        same = _without_ones(candidate.shape) == _without_ones(self.shape)
        return same and candidate.numbers.size == self.observed.values.size

    def allowed(self, predicted: Float64s) -> Float64s:
        """The largest residual of an agreeing number: one unit of the last printed digit, the
        bound, and 4 u abs(predicted). Of a number that is far smaller than the truth, the bound is
        less by what grows with the loss."""
        size = np.where(np.isfinite(predicted), np.abs(predicted), 0.0)
        rounding = self.rounding
        if rounding.shape != predicted.shape:
            rounding = np.full(predicted.shape, rounding.max(initial=0.0))
        elif self.growing is not None:
            true = self.truth.numbers
            with np.errstate(over="ignore"):
                smaller = _SMALLER * size
            large = np.isfinite(true) & (np.abs(true) > smaller)
            share = np.divide(smaller, np.abs(true), out=np.ones_like(size), where=large)
            rounding = rounding - (1 - share) * self.growing
        return np.asarray(self.observed.units + rounding + 4 * self.u * size)

    def residuals(self, predicted: Float64s) -> Float64s:
        """abs(observed - predicted). Where either is not finite: 0 if both are nan or the same
        infinity, else inf. A prediction beyond the dtype is infinite in it."""
        off, infinite = distance(self.observed.values, predicted), np.isinf(self.observed.values)
        if infinite.any():
            most = largest(self.truth.meaning.dtype) * (1 - 4 * self.u)
            same = np.sign(predicted) == np.sign(self.observed.values)
            off[infinite & same & (np.abs(predicted) > most)] = 0.0
        return off

    def agreeing(self, candidate: Candidate) -> Bools:
        """Whether each observed number is the candidate's."""
        if not self.fits(candidate):
            return np.zeros(self.observed.values.shape, dtype=np.bool_)
        numbers = candidate.numbers
        return np.asarray(self.residuals(numbers) <= self.allowed(numbers))

    @cached_property
    def differing(self) -> Bools:
        """Whether each observed number differs from the truth by more than its last printed digit
        and the bound; all do in another shape."""
        if not self.fits(self.truth):
            return np.ones(self.observed.values.shape, dtype=np.bool_)
        exact = self.truth.numbers
        near = _NEAREST * np.where(np.isfinite(exact), np.abs(exact), 0.0)
        residuals = self.residuals(exact)
        within = residuals <= self.observed.units + self.rounding + near
        return np.asarray(~within | np.isinf(residuals))  # no bound is as wide as that

    @cached_property
    def distance(self) -> Float64s:
        """The distance of each number from the truth; its absolute value (1 for 0 and what is not
        finite) where there is no finite distance."""
        values = self.observed.values
        size = np.where(np.isfinite(values) & (values != 0), np.abs(values), 1.0)
        if not self.fits(self.truth):
            return size
        residuals = self.residuals(self.truth.numbers)
        return np.asarray(np.where(np.isfinite(residuals), residuals, size))

    def chance_of(self, candidate: Candidate) -> float:
        """The probability that stray numbers agree with the candidate: the product of
        allowed / distance; 0 for a candidate further from the numbers than the truth is."""
        if not self.fits(candidate):
            return 0.0
        numbers, distance = candidate.numbers, self.distance
        residuals, allowed = self.residuals(numbers), self.allowed(numbers)
        stray = self.differing & np.isfinite(self.observed.values)
        if not (residuals <= allowed)[~stray].all() or not (residuals <= distance)[stray].all():
            return 0.0
        return float(np.prod(np.minimum(allowed[stray] / distance[stray], 1.0)))

    def closeness(self, candidate: Candidate) -> float:
        """How closely a candidate gives the one number that differs: its residual, but no less than
        half a unit of the last printed digit and a rounding of the number or of what it is off."""
        (at,) = np.flatnonzero(self.differing)
        size = max(abs(float(candidate.numbers[at])), float(self.distance[at]))
        least = self.observed.units[at] / 2 + self.u * size
        residual = float(self.residuals(candidate.numbers)[at])
        return float(min(max(residual, least), self.allowed(candidate.numbers)[at]))

    @cached_property
    def one_differs(self) -> bool:
        """Whether one number alone differs from the truth, and is finite."""
        return bool(self.differing.sum() == 1 and np.isfinite(self.observed.values).all())

    def weigh(
        self, candidates: Sequence[Candidate]
    ) -> tuple[list[Candidate], list[Candidate], float]:
        """The agreeing candidates that the numbers support, those that they do not, and the
        probability of as good an explanation by chance. candidates: the most usual first."""
        stray = bool((self.differing & np.isfinite(self.observed.values)).any())
        chance, chance_of_last, counted = 0.0, 0.0, 0
        keys: set[bytes] = set()
        good: list[Candidate] = []
        poor: list[Candidate] = []
        for candidate in candidates:
            key = np.asarray([float(f"{number:.8g}") for number in candidate.numbers]).tobytes()
            if key not in keys and stray:
                of_this = self.chance_of(candidate)
                chance, counted = chance + of_this, counted + (of_this > 0)
                if of_this > 0:  # the next with these numbers may be one that counts
                    keys.add(key)
            if self.agreeing(candidate).all() and self.is_nearer(candidate):
                chance_of_last = min(chance, self._by_closeness(candidate, counted))
                single = len(candidate.steps) == 1
                most = CHANCE if single else CHANCE_OF_TWO
                enough = chance_of_last <= most and (single or stray)
                (good if enough else poor).append(candidate)
        return good, poor, chance_of_last if good or poor else chance

    def is_nearer(self, candidate: Candidate) -> bool:
        """Whether the candidate is at most as far from each number that differs as the truth is."""
        off = self.residuals(candidate.numbers)
        return bool((off <= self.distance)[self.differing & np.isfinite(off)].all())

    def _by_closeness(self, candidate: Candidate, count: int) -> float:
        """The probability that one of `count` candidates gives a stray number as closely; 1 where
        several numbers differ."""
        if not self.one_differs or not count:
            return 1.0
        close, (at,) = self.closeness(candidate), np.flatnonzero(self.differing)
        ratio = float(self.allowed(candidate.numbers)[at]) / close
        share = count * close / float(self.distance[at])
        return min(1.0, share * (1 + math.log(min(count, ratio))))


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def evidence_of(observed: Observed, bounds: Bounds, truth: Candidate) -> Evidence:
    """The evidence, with the bounds of the losses or of the total."""
    rounding = bounds.losses.reshape(-1)
    largest_bound = max(rounding.max(initial=0.0), 4 * bounds.u)
    rounding = np.where(truth.meaning.kept, rounding, largest_bound)  # ignored samples have none
    if observed.reduction is not None:
        rounding = np.array([bounds.totals.get(observed.reduction, float(rounding.sum()))])
        return Evidence(observed, truth, rounding, bounds.u)
    terms = [bounds.terms[name].reshape(-1) for name in _GROWING if name in bounds.terms]
    with np.errstate(over="ignore"):  # where weights overflow
        growing = np.minimum(bounds.u * sum(terms), rounding) if terms else None
    return Evidence(observed, truth, rounding, bounds.u, growing)


def computed_in(evidence: Evidence, bounds: Bounds) -> tuple[DType, float] | None:
    """The coarser dtype that the numbers were computed in, and the probability of that by chance;
    None where there is none. Each is a number of that dtype, within its bound of the truth."""
    values, truth = evidence.observed.values, evidence.truth.numbers
    if not evidence.fits(evidence.truth) or not np.isfinite([*values, *truth]).all():
        return None
    for dtype in sorted(DTYPES, key=unit_roundoff):
        coarser = unit_roundoff(dtype) / bounds.u
        if coarser <= 1 or np.abs(values).max(initial=0.0) > largest(dtype):
            continue
        near = evidence.rounding * coarser + evidence.observed.units
        grid = spacing(values, dtype)
        digits = np.maximum(evidence.observed.units, 1e-9 * np.abs(values))
        off_grid = np.abs(rounded(values, dtype).astype(np.float64) - values)
        if (evidence.residuals(truth) <= near).all() and (off_grid <= digits).all():
            with np.errstate(divide="ignore", invalid="ignore"):
                on_grid = np.minimum(2 * digits / grid, 1.0)
                close = np.minimum(near / np.maximum(np.abs(truth), near), 1.0)
            return dtype, float(np.prod((on_grid * close)[evidence.differing]))
    return None
