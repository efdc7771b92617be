"""Solving two options at once: both are undeclared, or have other values than declared.

The losses are linear in one of them at least: where the other's value is given, every loss says
which value of the linear one gives it, and where the other's value is right, all say the same. So
that value is a root of the difference between what two losses say. From there both are fitted to
all losses. They are believed where more losses confirm them than two, and where each alone leaves
several losses wrong: what one option nearly gives, another mends too easily.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from xent_check.problem.dtypes import Float64s

from .candidates import AppliedChange, Candidate, candidate_of
from .evidence import Evidence
from .hypotheses.solved import FAMILIES, Family
from .losses import sample_losses
from .meaning import Meaning
from .solving import ENOUGH, PLACE, Numbers, Solved, rows_of

SPENT = 2
_GRID = np.geomspace(1e-5, 1e3, 81)  # values of the option that is tried
_NARROWER = 40  # halvings of a bracket: as far as a float64 tells
_STEPS = 4  # of the fit
_DIGITS = 6  # values with so many are preferred


def two_solved(evidence: Evidence, start: Candidate) -> Iterator[Solved]:
    """The pairs of options that, with values found from the losses, give all of them."""
    if not evidence.fits(start) or start.meaning.last_axis is not None:
        return
    numbers = Numbers(evidence, start)
    if len(numbers.differing) <= 2 * SPENT:
        return
    for tried, linear in _pairs():
        found = _of_pair(numbers, tried, linear)
        if found is not None:
            yield found


def _pairs() -> Iterator[tuple[Family, Family]]:
    """Every pair of which the second is linear, once; without those that have a fixed parameter."""
    families = [family for family in FAMILIES if not family.also]
    for first, second in itertools.combinations(families, 2):
        if second.linear:
            yield first, second
        elif first.linear:
            yield second, first


class _Two:
    """The losses by the values of two options."""

    def __init__(self, numbers: Numbers, tried: Family, linear: Family) -> None:
        self.numbers, self.tried, self.linear = numbers, tried, linear
        self.values = numbers.values
        self.allowed = numbers.evidence.allowed(numbers.values)
        self.finite = np.isfinite(numbers.values) & np.isfinite(numbers.start.numbers)

    def losses(self, a: float, b: float, of: Meaning | None = None) -> Float64s | None:
        """The losses of the start, or of some of its samples; None where an option has no meaning
        there."""
        meaning = self.numbers.start.meaning if of is None else of
        changed = self.tried.changed(meaning, np.asarray(a))
        both = None if changed is None else self.linear.changed(changed, np.asarray(b))
        return None if both is None else sample_losses(both)

    def implied(self, a: float, of: Meaning, values: Float64s) -> Float64s | None:
        """The value of the linear option that each number says, where the other's is `a`."""
        at_0, at_1 = self.losses(a, 0.0, of), self.losses(a, 1.0, of)
        if at_0 is None or at_1 is None:
            return None
        with np.errstate(all="ignore"):
            return np.asarray((values - at_0) / (at_1 - at_0))

    def implied_on(self, grid: Float64s, of: Meaning, values: Float64s) -> Float64s:
        """As `implied`, for every value of a grid. [samples, grid]"""
        if self.tried.linear:  # then the losses are bilinear
            none, b, a, both = (
                np.asarray(self.losses(*corner, of), dtype=np.float64)[:, None]
                for corner in ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))
            )
            at_0, at_1 = none + (a - none) * grid, b + (both - b) * grid
        else:
            count = len(values)
            many = rows_of(of, np.repeat(np.arange(count), grid.size))
            changed = self.tried.changed(many, np.tile(grid, count)[:, None])
            assert changed is not None  # it has a meaning for other values
            ends = (self.linear.changed(changed, np.asarray(end)) for end in (0.0, 1.0))
            at_0, at_1 = (
                np.full((count, grid.size), np.nan)
                if end is None
                else sample_losses(end).reshape(count, grid.size)
                for end in ends
            )
        with np.errstate(all="ignore"):
            return np.asarray((values[:, None] - at_0) / (at_1 - at_0))

    def give(self, a: float, b: float, slack: float = 1.0) -> bool:
        """Whether the values give every number. slack: times what is allowed."""
        losses = self.losses(a, b)
        if losses is None:
            return False
        off = self.numbers.evidence.residuals(losses)
        return bool((off <= slack * self.numbers.evidence.allowed(losses)).all())

    def within(self, a: float, b: float) -> bool:
        """Whether both are values that their options can have."""
        return all(
            math.isfinite(value) and family.least <= value <= family.most
            for family, value in ((self.tried, a), (self.linear, b))
        )


def _of_pair(numbers: Numbers, tried: Family, linear: Family) -> Solved | None:
    """The pair's member that gives the numbers."""
    two = _Two(numbers, tried, linear)
    if two.losses(0.5, 0.5) is None:
        return None
    for rough in _roots(two):
        fitted = _fitted(two, *rough)
        if fitted is None or not two.give(*fitted, slack=2.0):
            continue
        a, b = _shortest(two, *fitted)
        if two.give(a, b) and _both_needed(two, a, b):
            return _solved(two, a, b)
    return None


def _roots(two: _Two) -> Iterator[tuple[float, float]]:
    """The values on which two numbers agree, those that differ most clearly."""
    numbers = two.numbers
    clear = numbers.differing[
        np.argsort(two.allowed[numbers.differing] / numbers.distance[numbers.differing])
    ]
    pair = clear[:2]
    of, values = rows_of(numbers.start.meaning, pair), two.values[pair]

    def difference(a: float) -> float:
        implied = two.implied(a, of, values)
        if implied is None or not np.isfinite(implied).all():
            return math.nan
        return float(implied[0] - implied[1])

    grid = _GRID[(two.tried.least <= _GRID) & (two.tried.most >= _GRID)]
    first, second = two.implied_on(grid, of, values)
    with np.errstate(invalid="ignore"):
        off = first - second
    finite, above = np.isfinite(off), off > 0
    crossed = finite[1:] & finite[:-1] & (above[1:] != above[:-1])
    for place in np.flatnonzero(crossed):
        low, high, at_low = float(grid[place]), float(grid[place + 1]), float(off[place])
        for _ in range(_NARROWER):
            middle = math.sqrt(low * high)
            if (difference(middle) > 0) == (at_low > 0):
                low = middle
            else:
                high = middle
        a = math.sqrt(low * high)
        implied = two.implied(a, of, values)
        if implied is not None and two.within(a, float(implied[0])):
            yield a, float(implied[0])


def _fitted(two: _Two, a: float, b: float) -> tuple[float, float] | None:
    """The values that are nearest to all finite numbers, each in units of what it is allowed."""
    for _ in range(_STEPS):
        slopes, at = _slopes(two, a, b), two.losses(a, b)
        if slopes is None or at is None:
            return None
        use = two.finite & np.isfinite(at) & np.isfinite(slopes).all(axis=1)
        weight = 1 / two.allowed[use]
        if np.count_nonzero(use) <= SPENT or not np.isfinite(weight).all():
            return None
        off = (two.values[use] - at[use]) * weight
        step = np.linalg.lstsq(slopes[use] * weight[:, None], off, rcond=None)[0]
        a, b = a + float(step[0]), b + float(step[1])
        if not two.within(a, b):
            return None
    return a, b


def _slopes(two: _Two, a: float, b: float) -> Float64s | None:
    """The derivatives of the losses by both values. [samples, 2]"""
    h = 1e-6 * a
    sides = [two.losses(a + h, b), two.losses(a - h, b), two.losses(a, 1.0), two.losses(a, 0.0)]
    if any(side is None for side in sides):
        return None
    high, low, one, zero = (np.asarray(side) for side in sides)
    with np.errstate(invalid="ignore"):
        return np.stack([(high - low) / (2 * h), one - zero], axis=1)


def _shortest(two: _Two, a: float, b: float) -> tuple[float, float]:
    """The values with the fewest digits that give every number, near the fitted ones."""
    for digits in range(1, _DIGITS + 1):
        for short_a, short_b in itertools.product(_short(a, digits), _short(b, digits)):
            if two.within(short_a, short_b) and two.give(short_a, short_b):
                return short_a, short_b
    return a, b


def _short(value: float, digits: int) -> tuple[float, ...]:
    """The value with so many digits, its own or its reciprocal's."""
    own = float(f"{value:.{digits}g}")
    return (own, 1 / float(f"{1 / value:.{digits}g}")) if value else (own,)


def _both_needed(two: _Two, a: float, b: float) -> bool:
    """Whether each alone leaves enough numbers wrong: else the other is there for a few."""
    start, evidence = two.numbers.start.meaning, two.numbers.evidence
    for family, value in ((two.tried, a), (two.linear, b)):
        changed = family.changed(start, np.asarray(value))
        assert changed is not None  # it was not beside the other
        losses = sample_losses(changed)
        wrong = evidence.residuals(losses) > evidence.allowed(losses)
        if np.count_nonzero(wrong) < ENOUGH:
            return False
    return True


def _solved(two: _Two, a: float, b: float) -> Solved:
    """The candidate, and its chance: of all numbers but the two that count most, each within twice
    what it is allowed, as the values are fitted."""
    numbers, steps, meaning = two.numbers, list[AppliedChange](), two.numbers.start.meaning
    for family, value in ((two.tried, a), (two.linear, b)):
        changed = family.changed(meaning, np.asarray(value))
        assert changed is not None  # it was not for these values
        meaning = changed
        parameters: dict[str, Any] = {family.parameter: value, **family.also}
        steps.append(_step(family, parameters, value))
    losses = sample_losses(meaning)
    made = candidate_of((*numbers.start.steps, *steps), meaning, losses, total=False)
    allowed = 2 * numbers.evidence.allowed(losses)
    rest = numbers.differing[
        np.argsort(allowed[numbers.differing] / numbers.distance[numbers.differing])
    ]
    return Solved(made, numbers.chance_beyond(allowed, rest[:SPENT].tolist()))


def _step(family: Family, parameters: dict[str, Any], value: float) -> AppliedChange:
    place = PLACE + FAMILIES.index(family)
    return AppliedChange(
        family.hypothesis, parameters, place, lambda m: family.changed(m, np.asarray(value))
    )
