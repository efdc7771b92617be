"""Evidence: whether numbers meet a reading, and how likely a meeting by chance is.

A stray number about as far from the truth as the observed one meets a given reading with the
probability allowed / distance, where the reading lies that near at all. Added up over all readings
at most as unusual, that is the probability that something so simple explains a number that comes
from nothing. A reading is believed where that probability is small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s, largest, rounded, spacing, unit_roundoff
from xent_check.problem.vocabulary import DTYPES, DType, Reduction
from xent_check.reference.bounds import Bounds

from .candidates import Candidate

CHANCE = 0.002  # of an explanation for a number that comes from nothing
CHANCE_OF_TWO = 0.001  # of one that needs two changes
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Observed:
    """Numbers somebody saw: one per sample, one total, or another shape.

    values: flat. units: one unit of each number's last printed digit, 0 where exact.
    reduction: what the total is taken for; None for losses.
    shape: of the numbers; None for the samples' own.
    """

    values: Float64s
    units: Float64s
    reduction: Reduction | None
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True, eq=False)
class Evidence:
    """Observed numbers held against the truth and its bounds."""

    observed: Observed
    truth: Candidate
    own: Float64s  # what rounding explains of the truth, number by number
    u: float

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """The shape of what was observed."""
        if self.observed.reduction is not None:
            return ()
        return self.truth.shape if self.observed.shape is None else self.observed.shape

    def fits(self, candidate: Candidate) -> bool:
        """Whether the reading has the shape of what was observed."""
        same = _without_ones(candidate.shape) == _without_ones(self.shape)
        return same and candidate.numbers.size == self.observed.values.size

    def allowed(self, predicted: Float64s) -> Float64s:
        """One unit of the last digit, and rounding: the bound, and a few u of the number."""
        size = np.where(np.isfinite(predicted), np.abs(predicted), 0.0)
        own = self.own
        if own.shape != predicted.shape:
            own = np.full(predicted.shape, own.max(initial=0.0))
        return np.asarray(self.observed.units + own + 4 * self.u * size)

    def residuals(self, numbers: Float64s) -> Float64s:
        """abs(observed - predicted); inf where one is not finite and the other not the same."""
        seen = self.observed.values
        same = (numbers == seen) | (np.isnan(numbers) & np.isnan(seen))
        finite = np.isfinite(numbers) & np.isfinite(seen)
        with np.errstate(invalid="ignore"):
            off = np.where(finite, np.abs(numbers - seen), np.where(same, 0.0, np.inf))
        return np.asarray(off)

    def agreeing(self, candidate: Candidate) -> Bools:
        """Which of the numbers are the reading's."""
        if not self.fits(candidate):
            return np.zeros(self.observed.values.shape, dtype=np.bool_)
        numbers = candidate.numbers
        return np.asarray(self.residuals(numbers) <= self.allowed(numbers))

    @cached_property
    def apart(self) -> Bools:
        """Which numbers are not the truth's: all of them, in another shape."""
        return ~self.agreeing(self.truth)

    @cached_property
    def distance(self) -> Float64s:
        """How far each number is from the truth; its own size, where that cannot be said."""
        seen = self.observed.values
        size = np.where(np.isfinite(seen) & (seen != 0), np.abs(seen), 1.0)
        if not self.fits(self.truth):
            return size
        off = self.residuals(self.truth.numbers)
        return np.asarray(np.where(np.isfinite(off), off, size))

    def meetings(self, candidate: Candidate) -> float:
        """The probability that stray numbers meet this reading; 0 for a reading far from them."""
        if not self.fits(candidate):
            return 0.0
        apart, numbers = self.apart, candidate.numbers
        off, allowed, distance = self.residuals(numbers), self.allowed(numbers), self.distance
        stray = apart & np.isfinite(self.observed.values)
        if not (off <= allowed)[~stray].all() or not (off <= distance)[stray].all():
            return 0.0
        return float(np.prod(np.minimum(allowed[stray] / distance[stray], 1.0)))

    def believed(
        self, candidates: Sequence[Candidate]
    ) -> tuple[list[Candidate], list[Candidate], float]:
        """Of the readings, usual ones first: those that the numbers support, those that agree
        without so much support, and the probability of as good an explanation by chance."""
        stray = bool((self.apart & np.isfinite(self.observed.values)).any())
        chance, told = 0.0, 0.0
        seen: set[bytes] = set()
        good: list[Candidate] = []
        poor: list[Candidate] = []
        for candidate in candidates:
            key = np.asarray([float(f"{number:.8g}") for number in candidate.numbers]).tobytes()
            if key not in seen and stray:
                seen.add(key)
                chance += self.meetings(candidate)
            if self.agreeing(candidate).all():
                one = len(candidate.steps) == 1
                enough = chance <= CHANCE if one else stray and chance <= CHANCE_OF_TWO
                (good if enough else poor).append(candidate)
                told = chance
        return good, poor, told if good or poor else chance


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def evidence_of(observed: Observed, bounds: Bounds, truth: Candidate) -> Evidence:
    """The evidence, with the bounds of the losses or of the total."""
    own = bounds.losses.reshape(-1)
    kept = truth.meaning.kept
    own = np.where(kept, own, max(own.max(initial=0.0), 4 * bounds.u))  # ignored: no loss, no bound
    if observed.reduction is not None:
        own = np.array([bounds.totals.get(observed.reduction, float(own.sum()))])
    return Evidence(observed, truth, own, bounds.u)


def computed_in(evidence: Evidence, bounds: Bounds) -> tuple[DType, float] | None:
    """The coarser precision that the numbers come from, and the probability of that by chance.

    Each is a number of that precision, within the bound for it of the truth.
    """
    seen, truth = evidence.observed.values, evidence.truth.numbers
    if not evidence.fits(evidence.truth) or not np.isfinite([*seen, *truth]).all():
        return None
    for dtype in sorted(DTYPES, key=unit_roundoff):
        coarser = unit_roundoff(dtype) / bounds.u
        if coarser <= 1 or np.abs(seen).max(initial=0.0) > largest(dtype):
            continue
        near = evidence.own * coarser + evidence.observed.units
        grid = spacing(seen, dtype)
        digits = np.maximum(evidence.observed.units, 1e-9 * np.abs(seen))
        off_grid = np.abs(rounded(seen, dtype).astype(np.float64) - seen)
        if (evidence.residuals(truth) <= near).all() and (off_grid <= digits).all():
            with np.errstate(divide="ignore", invalid="ignore"):
                on_grid = np.minimum(2 * digits / grid, 1.0)
                close = np.minimum(near / np.maximum(np.abs(truth), near), 1.0)
            return dtype, float(np.prod((on_grid * close)[evidence.apart]))
    return None
