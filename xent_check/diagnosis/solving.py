"""Solving: an option that the problem does not have, found from the numbers with its value.

The value comes from the number that determines it best. All others have to confirm it, each within
its last printed digit, rounding, and what the value is uncertain by; and more of the numbers that
differ from the truth have to than values were solved. A stray number confirms a value with
probability allowed / distance, as in evidence.py, and the numbers that determined the values count
for nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xent_check.problem.dtypes import Float64s

from .candidates import AppliedChange, Candidate, candidate_of, changes_of
from .evidence import CHANCE, CHANCE_OF_TWO, Evidence
from .hypotheses.solved import CLASS_WEIGHT, FAMILIES, NUM_ITEMS, Family
from .losses import sample_losses
from .meaning import Meaning

PLACE = 14  # of the options in the table of hypotheses: as usual as clipping
_GRID = 65  # values tried at once on the number that determines the value
_FIRSTS = 12  # changes without a value beside which one is solved
_LAYOUTS = ("class-axis", "labels-transposed", "label-offset")  # and those beside which one is too
ENOUGH = 4  # numbers that two changes have to explain where the pair is unusual or has a value
_STEP = 1e-5  # of a value, relative, for the slope of the losses


@dataclass(frozen=True, eq=False)
class Solved:
    """A candidate with a value that was solved from the numbers which it gives."""

    candidate: Candidate
    """its last step has the value"""
    chance: float
    """the probability that stray numbers confirm a value of this option"""


def with_values(
    evidence: Evidence, alone: Sequence[Candidate], chance: float
) -> tuple[list[Candidate], list[Candidate], float]:
    """The options with their values that the numbers support; the candidates with values that
    people write; and the probability of as good an explanation by chance.

    A solved value is no candidate like others: that it gives some of the numbers is no evidence.

    alone: the changes without a value, which do not explain the numbers. chance: the probability
    that one of them explains stray numbers.
    """
    truth, total = evidence.truth, evidence.observed.reduction is not None
    if evidence.differing.sum() > 1:
        found = list(solved(evidence, truth))
        good, chance = believed(found, chance)
        return good, [], chance
    written = _of_written_values(truth, total)
    by_order = sorted([*alone, *written], key=lambda candidate: candidate.order)
    good, _, by_chance = evidence.weigh(by_order)
    if total:
        found = list(counted(evidence, truth))
        more, by_chance = believed(found, by_chance if good else chance)
        good += more
    return good, written, by_chance


def beside_another_change(
    evidence: Evidence, alone: Sequence[Candidate], chance: float
) -> tuple[list[Candidate], float]:
    """As `with_values`, after one of the most usual changes without a value.

    Few numbers have a value for some pair by their own symmetry: ENOUGH have to differ.
    """
    found: list[Solved] = []
    if evidence.differing.sum() < ENOUGH:
        return [], chance
    layouts = (one for one in alone[_FIRSTS:] if one.steps[0].hypothesis.id in _LAYOUTS)
    for first in (*alone[:_FIRSTS], *layouts):
        found += solved(evidence, first)
    return believed(found, chance, CHANCE_OF_TWO)


def believed(
    found: Sequence[Solved], chance: float, most: float = CHANCE
) -> tuple[list[Candidate], float]:
    """Those that are unlikely by chance, and that probability. chance: of what came before."""
    good: list[Candidate] = []
    for one in found:
        chance += one.chance
        if chance <= most:
            good.append(one.candidate)
    return good, chance


def _of_written_values(start: Candidate, total: bool) -> list[Candidate]:
    """The members of every family by the values that people write, the most usual first."""
    candidates = [
        candidate
        for place, family in enumerate(FAMILIES)
        for candidate in changes_of(start, family.hypothesis, PLACE + place, total)
    ]
    return sorted(candidates, key=lambda candidate: candidate.order)


def solved(evidence: Evidence, start: Candidate) -> Iterator[Solved]:
    """The options that, with a value found from the losses, give all of them. start: the meaning
    that has all else; its numbers are one per sample."""
    if not evidence.fits(start) or start.meaning.last_axis is not None:
        return
    found = Numbers(evidence, start)
    if len(found.differing) < 2:
        return
    one_value = False
    for place, family in enumerate(FAMILIES):
        one = _of_family(found, family, PLACE + place)
        if one is not None:
            one_value = True
            yield one
    weights = None if one_value else _class_weights(found)
    if weights is not None:
        yield weights


class Numbers:
    """The observed losses beside those of a start, and how far each may be off."""

    def __init__(self, evidence: Evidence, start: Candidate) -> None:
        self.start = start
        self.evidence = evidence
        self.values = evidence.observed.values
        away = ~evidence.agreeing(start) & np.isfinite(self.values) & np.isfinite(start.numbers)
        self.differing = np.flatnonzero(away)
        """the places of the finite numbers that differ from the start's"""
        with np.errstate(invalid="ignore"):
            self.distance = np.abs(self.values - start.numbers)

    def chance_beyond(self, allowed: Float64s, determining: list[int]) -> float:
        """The probability that stray numbers agree, but for those that determined values."""
        rest = np.setdiff1d(self.differing, determining)
        return float(np.prod(np.minimum(allowed[rest] / self.distance[rest], 1.0)))


def _of_family(numbers: Numbers, family: Family, place: int) -> Solved | None:
    """The family's member that gives the numbers, with the shortest value that does."""
    meaning = numbers.start.meaning
    if family.changed(meaning, np.asarray(family.most)) is None:
        return None
    allowed = numbers.evidence.allowed(numbers.values)
    away = numbers.differing
    first = away[np.argmin(allowed[away] / numbers.distance[away])]
    for rough in _roots(family, rows_of(meaning, first), float(numbers.values[first])):
        losses = _losses(family, meaning, rough)
        slopes = _slopes(family, meaning, rough)
        with np.errstate(divide="ignore", invalid="ignore"):
            uncertain = np.where(slopes != 0, allowed / np.abs(slopes), np.inf)
        uncertain = np.where(np.isfinite(numbers.values), uncertain, np.inf)
        at = int(away[np.argmin(uncertain[away])])
        if not math.isfinite(uncertain[at]):
            continue
        with np.errstate(invalid="ignore"):  # inf - inf, where the start has no finite loss
            value = rough + (float(numbers.values[at]) - losses[at]) / slopes[at]
        if not (math.isfinite(value) and family.least <= value <= family.most):
            continue
        slack = np.where(np.isfinite(slopes), np.abs(slopes), 0.0) * uncertain[at]
        value = _shortest(numbers, family, value, float(uncertain[at]))
        candidate = _member(numbers.start, family, value, place)
        off = numbers.evidence.residuals(candidate.numbers)
        within = numbers.evidence.allowed(candidate.numbers) + slack
        if (off <= within).all():
            return Solved(candidate, numbers.chance_beyond(within, [at]))
    return None


def _member(start: Candidate, family: Family, value: float, place: int) -> Candidate:
    meaning = family.changed(start.meaning, np.asarray(value))
    assert meaning is not None  # it was not for another value
    step = AppliedChange(
        family.hypothesis, {family.parameter: value, **family.also}, place,
        lambda meaning: family.changed(meaning, np.asarray(value)),
    )  # fmt: skip
    return candidate_of((*start.steps, step), meaning, sample_losses(meaning), total=False)


def _losses(family: Family, meaning: Meaning, value: float) -> Float64s:
    changed = family.changed(meaning, np.asarray(value))
    assert changed is not None
    return sample_losses(changed)


def _slopes(family: Family, meaning: Meaning, value: float) -> Float64s:
    """The losses' derivatives by the value."""
    low, high = value * (1 - _STEP), value * (1 + _STEP)
    if family.linear:
        low, high = 0.0, 1.0
    with np.errstate(invalid="ignore"):
        off = _losses(family, meaning, high) - _losses(family, meaning, low)
    return np.asarray(off / (high - low))


def _roots(family: Family, one: Meaning, wanted: float) -> Iterator[float]:
    """The values that give the number, within what a slope can mend. one: its sample alone."""
    if family.linear:
        (slope,), (at_zero,) = _slopes(family, one, 1.0), _losses(family, one, 0.0)
        if slope and math.isfinite(slope):
            yield (wanted - at_zero) / slope
        return
    grid = np.geomspace(family.least, family.most, _GRID)
    for low, high in _crossings(family, one, wanted, grid):
        for _ in range(6):  # 64 times narrower each time
            between = list(_crossings(family, one, wanted, np.geomspace(low, high, _GRID)))
            if not between:
                break
            low, high = between[0]
        yield math.sqrt(low * high)


def _crossings(
    family: Family, one: Meaning, wanted: float, grid: Float64s
) -> Iterator[tuple[float, float]]:
    """The neighbours in the grid between which the sample's loss passes the number."""
    rows = rows_of(one, np.zeros(len(grid), dtype=np.int64))
    changed = family.changed(rows, grid[:, None])
    assert changed is not None
    with np.errstate(invalid="ignore"):
        above = sample_losses(changed) > wanted
    for place in np.flatnonzero(above[1:] != above[:-1]):
        yield float(grid[place]), float(grid[place + 1])


def _shortest(numbers: Numbers, family: Family, value: float, uncertain: float) -> float:
    """The value with the fewest digits, its own or its reciprocal's, that every number allows;
    `value` where there is none."""
    for digits in range(1, 10) if value else ():
        for short in (float(f"{value:.{digits}g}"), 1 / float(f"{1 / value:.{digits}g}")):
            if abs(short - value) <= uncertain and family.least <= short <= family.most:
                losses = _losses(family, numbers.start.meaning, short)
                if (numbers.evidence.residuals(losses) <= numbers.evidence.allowed(losses)).all():
                    return short
    return value


def _class_weights(numbers: Numbers) -> Solved | None:
    """A weight for each label, which every label confirms by itself: of each that has another
    weight than 1 there are two samples or more."""
    meaning = replace(numbers.start.meaning, class_weight=None)
    if meaning.labels is None or meaning.smoothing or meaning.outside_labels.any():
        return None
    losses, values = sample_losses(meaning), numbers.values
    weights: list[float | None] = []
    allowed = numbers.evidence.allowed(values)
    determining: list[int] = []
    for label in range(meaning.scores.shape[1]):
        of_label = np.flatnonzero((meaning.labels == label) & meaning.kept)
        if not of_label.size:
            weights.append(None)
            continue
        usable = of_label[np.isfinite(losses[of_label]) & (losses[of_label] > 0)]
        if usable.size < of_label.size or not np.isfinite(values[of_label]).all():
            return None
        at = int(usable[np.argmin(allowed[usable] / losses[usable])])
        uncertain = float(allowed[at] / losses[at])
        weight = _short_weight(float(values[at] / losses[at]), values, losses, allowed, usable)
        off = np.abs(values[usable] - weight * losses[usable])
        if weight < 0 or not (off <= allowed[usable] + uncertain * losses[usable]).all():
            return None
        if weight != 1:
            if usable.size < 2:
                return None
            determining.append(at)
        weights.append(weight)
    if len(numbers.differing) <= len(determining) or not determining:
        return None
    full = np.array([1.0 if weight is None else weight for weight in weights])
    words = _in_words(weights)
    parameters: dict[str, Any] = {"class_weight": weights, "weights": words}
    step = AppliedChange(
        CLASS_WEIGHT, parameters, PLACE + len(FAMILIES), lambda m: replace(m, class_weight=full)
    )
    weighted = replace(meaning, class_weight=full)
    steps = (*numbers.start.steps, step)
    candidate = candidate_of(steps, weighted, sample_losses(weighted), total=False)
    within = numbers.evidence.allowed(candidate.numbers) * 2  # a weight is uncertain by as much
    if not (numbers.evidence.residuals(candidate.numbers) <= within).all():
        return None
    return Solved(candidate, numbers.chance_beyond(within, determining))


def _short_weight(
    weight: float, values: Float64s, losses: Float64s, allowed: Float64s, rows: Any
) -> float:
    """The weight with the fewest digits that all rows allow; `weight` where there is none."""
    for digits in range(1, 10):
        short = float(f"{weight:.{digits}g}")
        if (np.abs(values[rows] - short * losses[rows]) <= allowed[rows]).all():
            return short
    return weight


_SHOWN = 6  # weights written out


def _in_words(weights: list[float | None]) -> str:
    """`2 for class 0, 0.5 for class 3`; of many the first."""
    stated = [(at, weight) for at, weight in enumerate(weights) if weight not in (None, 1.0)]
    words = ", ".join(f"{weight:.6g} for class {at}" for at, weight in stated[:_SHOWN])
    return words + (f" and {len(stated) - _SHOWN} more" if len(stated) > _SHOWN else "")


def counted(evidence: Evidence, start: Candidate) -> Iterator[Solved]:
    """The whole number that the losses' sum is divided by where it is not the declared one. The
    chance that a stray total is a whole share of the sum: the width of what the count may be."""
    total = float(evidence.observed.values[0])
    meaning = start.meaning
    loss_sum = float(start.losses.sum())
    if not (math.isfinite(total) and math.isfinite(loss_sum) and total and loss_sum / total > 0.5):
        return
    count, declared = round(loss_sum / total), round(loss_sum / float(start.numbers[0]))
    if count == declared:
        return
    step = AppliedChange(NUM_ITEMS, {"count": count, "declared": declared}, PLACE)
    changed = replace(meaning, divisor="items", items=float(count))
    candidate = candidate_of((*start.steps, step), changed, start.losses, total=True)
    if evidence.agreeing(candidate).all():
        close = evidence.closeness(candidate) if evidence.one_differs else abs(total)
        yield Solved(candidate, min(1.0, 2 * count * close / abs(total)))


def rows_of(meaning: Meaning, rows: Any) -> Meaning:
    """The meaning of some samples, given by their flat places, in one axis."""
    index = np.atleast_1d(rows)

    def some(array: Any) -> Any:
        return None if array is None else array[index]

    return replace(
        meaning,
        scores=meaning.scores[index],
        labels=some(meaning.labels),
        targets=some(meaning.targets),
        pos_weight=some(meaning.pos_weight),
        sample_weight=some(meaning.sample_weight),
        unmet=some(meaning.unmet),
        shift=0,
        stated=None,
        shape=(len(index),),
    )
