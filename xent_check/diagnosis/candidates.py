"""Readings: what the table's changes, alone and in pairs, give for one meaning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from xent_check.problem.dtypes import Float64s

from .hypotheses.scores import EPSILONS
from .hypotheses.table import HYPOTHESES, Hypothesis, Parameters
from .losses import folded, sample_losses, total_of
from .meaning import Meaning

EXTREME = 80.0  # a logit beyond it makes exp overflow in float32
UNUSUAL = 48  # two changes further down the table than this together are not tried
LATER = 3  # places in the table by which each further parameter is less usual


@dataclass(frozen=True, eq=False)
class AppliedChange:
    """One hypothesis with its parameters; order: how far from the usual."""

    hypothesis: Hypothesis
    parameters: Parameters
    order: int

    @property
    def sentence(self) -> str:
        return self.hypothesis.sentence.format(**self.parameters)


@dataclass(frozen=True, eq=False)
class Candidate:
    """The meaning after the steps, and the numbers it gives in the shape they would have.

    losses: the samples' own, before they are laid out or summed.
    """

    steps: tuple[AppliedChange, ...]
    meaning: Meaning
    losses: Float64s
    numbers: Float64s
    shape: tuple[int, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """Of the steps, those that change losses first."""
        ordered = sorted(self.steps, key=lambda step: step.hypothesis.stage == "total")
        return tuple(dict.fromkeys(step.hypothesis.id for step in ordered))

    @property
    def order(self) -> int:
        """The simpler and the more usual, the lower."""
        return sum(step.order for step in self.steps) + 1000 * (len(self.steps) - 1)

    @property
    def breaks(self) -> bool:
        """Whether a formula breaks down, as it does for extreme numbers."""
        return any(step.hypothesis.breaks for step in self.steps)

    @property
    def sentence(self) -> str:
        return "; and ".join(step.sentence for step in self.steps)

    @property
    def parameters(self) -> Parameters:
        """Of all steps; a name that two of them use is numbered."""
        merged: Parameters = {}
        for step in self.steps:
            for name, value in step.parameters.items():
                merged[name if merged.get(name, value) == value else f"{name}_2"] = value
        return merged


def plain(start: Meaning, total: bool) -> Candidate:
    """The meaning as it stands."""
    return _candidate((), start, sample_losses(start), total)


def singles(start: Candidate, total: bool) -> list[Candidate]:
    """Every change alone, the usual first; those that change nothing are left out."""
    found = [
        candidate
        for place, hypothesis in enumerate(HYPOTHESES)
        for candidate in _changed(start, hypothesis, place, total)
    ]
    rows = start.meaning.scores
    with np.errstate(invalid="ignore"):
        extreme = not np.isfinite(rows).all() or bool((np.abs(rows) > EXTREME).any())
    breaking = extreme or not np.isfinite(start.numbers).all()
    return sorted(found, key=lambda r: (not (breaking and r.breaks), r.order))


def pairs(start: Candidate, found: list[Candidate], total: bool) -> Iterator[Candidate]:
    """Two changes, each pair once: a change that only the other makes possible comes second."""
    alone = {candidate.steps[0].hypothesis.id for candidate in found}
    used: dict[str, int] = {}
    for first in found:
        step = first.steps[0]
        used[step.hypothesis.id] = used.get(step.hypothesis.id, 0) + 1
        place = HYPOTHESES.index(step.hypothesis)
        usual = used[step.hypothesis.id] <= step.hypothesis.paired
        if step.hypothesis.stage == "total":
            continue
        for other, second in enumerate(HYPOTHESES):
            if other == place or (second.stage == "losses" and not usual):
                continue
            if other + place > UNUSUAL:
                continue
            if other < place and second.stage == "losses" and second.id in alone:
                continue
            few = second.paired if second.stage == "losses" else None
            for candidate in _changed(first, second, other, total, few):
                if not _same(candidate, start):
                    yield candidate


def _changed(
    before: Candidate, hypothesis: Hypothesis, place: int, total: bool, few: int | None = None
) -> Iterator[Candidate]:
    """What the hypothesis makes of a reading, where that gives other numbers."""
    if hypothesis.stage == "total" and not total:
        return
    for index, (meaning, parameters) in enumerate(hypothesis.changes(before.meaning)):
        if few is not None and index >= few:
            return
        losses = before.losses if hypothesis.stage != "losses" else sample_losses(meaning)
        unusual = index
        if "epsilon" in parameters:
            unusual = EPSILONS.index(parameters["epsilon"])
        step = AppliedChange(hypothesis, parameters, place + LATER * unusual)
        candidate = _candidate((*before.steps, step), meaning, losses, total)
        if not _same(candidate, before):
            yield candidate


def _candidate(
    steps: tuple[AppliedChange, ...], meaning: Meaning, losses: Float64s, total: bool
) -> Candidate:
    numbers = folded(meaning, losses)
    if not total:
        return Candidate(steps, meaning, losses, numbers, meaning.losses_shape)
    summed = np.array([total_of(meaning, numbers)])
    return Candidate(steps, meaning, losses, summed, ())


def _same(one: Candidate, other: Candidate) -> bool:
    return one.shape == other.shape and np.array_equal(one.numbers, other.numbers, equal_nan=True)


def again(candidate: Candidate, start: Meaning, total: bool) -> Candidate | None:
    """The same steps from another start; None where one of them does not apply there."""
    now = plain(start, total)
    for step in candidate.steps:
        for meaning, parameters in step.hypothesis.changes(now.meaning):
            if parameters == step.parameters:
                now = _candidate((*now.steps, step), meaning, sample_losses(meaning), total)
                break
        else:
            return None
    return now
