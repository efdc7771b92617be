"""Candidates: the meanings that the table's changes, alone and in pairs, make of one meaning, with
the numbers that each gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from xent_check.problem.dtypes import Float64s

from .hypotheses.further import MEAN_OF_NOTHING, OF_ZEROS
from .hypotheses.memory import OF_MEMORY
from .hypotheses.rarer import RARER
from .hypotheses.scores import EPSILONS
from .hypotheses.table import HYPOTHESES, Hypothesis, Parameters
from .losses import folded, sample_losses, total_of
from .meaning import Meaning

EXTREME = 80.0  # a logit beyond it makes exp overflow in float32
EXTREME_OF_HALF = 11.0  # the same in float16
UNUSUAL = 54  # a pair whose places in the table add up to more is tried on many losses alone
LATER = 3  # each further parameter of a hypothesis counts as so many places further down the table


@dataclass(frozen=True, eq=False)
class AppliedChange:
    """A hypothesis with its parameters."""

    hypothesis: Hypothesis  # the choice that it changes
    parameters: Parameters  # what it changes the choice to, by name
    order: int  # the more usual the change, the lower
    # How it changes a meaning, where the hypothesis does not yield it: of a solved value.
    change: Callable[[Meaning], Meaning | None] | None = None

    @property
    def sentence(self) -> str:
        """The change in words."""
        return self.hypothesis.sentence.format(**self.parameters)


@dataclass(frozen=True, eq=False)
class Candidate:
    """A changed meaning and what it computes."""

    steps: tuple[AppliedChange, ...]  # the changes that lead to the meaning, in order
    meaning: Meaning  # the changed meaning
    losses: Float64s  # one per sample, flat
    numbers: Float64s  # what would be observed, flat: the losses as laid out, or the total
    shape: tuple[int, ...]  # of the numbers

    @property
    def ids(self) -> tuple[str, ...]:
        """The steps' ids, those of changes to the total last."""
        ordered = sorted(self.steps, key=lambda step: step.hypothesis.stage == "total")
        return tuple(dict.fromkeys(step.hypothesis.id for step in ordered))

    @property
    def order(self) -> int:
        """The fewer and the more usual the steps, the lower."""
        return sum(step.order for step in self.steps) + 1000 * (len(self.steps) - 1)

    @property
    def breaks(self) -> bool:
        """Whether a step is a formula that breaks down on extreme numbers."""
        return any(step.hypothesis.breaks for step in self.steps)

    @property
    def cancels(self) -> bool:
        """Whether the infinities that it makes nan of are in what is given, not in a formula."""
        return self.ids == ("inf-minus-inf",) and self.meaning.formula == "exact"

    @property
    def sentence(self) -> str:
        """All changes in words."""
        return "; and ".join(step.sentence for step in self.steps)

    @property
    def parameters(self) -> Parameters:
        """The parameters of all steps. Where two differ under one name, the second gets `_2`."""
        merged: Parameters = {}
        for step in self.steps:
            for name, value in step.parameters.items():
                merged[name if merged.get(name, value) == value else f"{name}_2"] = value
        return merged


def plain(start: Meaning, total: bool) -> Candidate:
    """The unchanged meaning as a candidate. total: its numbers are the total, not the losses."""
    return candidate_of((), start, sample_losses(start), total)


def singles(start: Candidate, total: bool) -> list[Candidate]:
    """Every change alone that gives other numbers, the most usual first. Where numbers are extreme
    or not finite, formulas that break down come before the rest."""
    candidates = [
        candidate
        for place, hypothesis in enumerate(HYPOTHESES)
        for candidate in changes_of(start, hypothesis, place, total)
    ]
    rows = start.meaning.scores
    most = EXTREME_OF_HALF if start.meaning.dtype == "float16" else EXTREME
    with np.errstate(invalid="ignore"):
        infinite = not np.isfinite(rows).all()
        extreme = infinite or bool((np.abs(rows) > most).any())
    breaking = extreme or not np.isfinite(start.numbers).all()

    def place_of(candidate: Candidate) -> tuple[bool, bool, int]:
        broken = breaking and candidate.breaks
        return not (infinite and candidate.cancels), not broken, candidate.order

    return sorted(candidates, key=place_of)


def of_nothing(start: Candidate, total: bool) -> list[Candidate]:
    """What first comes to mind of a total that has nothing to be divided by."""
    return list(changes_of(start, MEAN_OF_NOTHING, len(HYPOTHESES), total)) if total else []


def of_memory(start: Candidate, total: bool) -> list[Candidate]:
    """What first comes to mind of arrays that are not contiguous."""
    return [
        candidate
        for hypothesis in OF_MEMORY
        for candidate in changes_of(start, hypothesis, len(HYPOTHESES), total)
    ]


def of_zeros(start: Candidate, total: bool) -> list[Candidate]:
    """What first comes to mind of losses that are all 0, or of a total of 0."""
    return [
        candidate
        for hypothesis in OF_ZEROS
        if (hypothesis.stage == "total") == total
        for candidate in changes_of(start, hypothesis, len(HYPOTHESES), total)
    ]


def rarer(start: Candidate, total: bool) -> list[Candidate]:
    """Every rarer change alone that gives other numbers, the most usual first; of a total those
    that change the total alone."""
    candidates = [
        candidate
        for place, hypothesis in enumerate(RARER, start=len(HYPOTHESES))
        if (hypothesis.stage == "total") == total
        for candidate in changes_of(start, hypothesis, place, total)
    ]
    return sorted(candidates, key=lambda candidate: candidate.order)


def by_hypothesis(start: Candidate, name: str, total: bool) -> Iterator[Candidate]:
    """The changes by the hypothesis of this id alone that give other numbers."""
    for hypothesis in (*HYPOTHESES, *OF_MEMORY, *RARER):
        if hypothesis.id == name:
            yield from changes_of(start, hypothesis, 0, total)


def together(start: Candidate, names: Sequence[str], total: bool) -> Iterator[Candidate]:
    """The changes by the hypotheses of these ids, one after another, each of which gives other
    numbers."""
    if not names:
        yield start
        return
    for first in by_hypothesis(start, names[0], total):
        yield from together(first, names[1:], total)


def pairs(
    start: Candidate, alone: list[Candidate], total: bool, unusual: bool = False
) -> Iterator[Candidate]:
    """Two changes, each pair once: a change that only the other makes possible comes second.

    alone: the candidates of one change, from `singles`. unusual: the pairs far down the table, in
    place of the others.
    """
    possible_first = {candidate.steps[0].hypothesis.id for candidate in alone}
    uses: dict[str, int] = {}
    for first in alone:
        step = first.steps[0]
        uses[step.hypothesis.id] = uses.get(step.hypothesis.id, 0) + 1
        place = HYPOTHESES.index(step.hypothesis)
        usual = uses[step.hypothesis.id] <= step.hypothesis.paired
        if step.hypothesis.stage == "total":
            continue
        for second_place, second in enumerate(HYPOTHESES):
            if second_place == place or (second.stage == "losses" and not usual):
                continue
            if (second_place + place > UNUSUAL) != unusual:
                continue
            if second_place < place and second.stage == "losses" and second.id in possible_first:
                continue
            limit = second.paired if second.stage == "losses" else None
            for candidate in changes_of(first, second, second_place, total, limit):
                if not _same(candidate, start):
                    yield candidate


def with_divisors(candidates: list[Candidate]) -> Iterator[Candidate]:
    """Each candidate for a total, divided by something else; but for a factor, which is a divisor
    itself."""
    for candidate in (one for one in candidates if one.steps[-1].hypothesis.id != "scaled"):
        for place, hypothesis in enumerate(HYPOTHESES):
            if hypothesis.stage == "total":
                yield from changes_of(candidate, hypothesis, place, total=True)


def changes_of(
    before: Candidate, hypothesis: Hypothesis, place: int, total: bool, limit: int | None = None
) -> Iterator[Candidate]:
    """The candidates that the hypothesis makes of another, where they give other numbers. place:
    of the hypothesis in the table; limit: how many of its parameters are tried (None: all)."""
    if not (hypothesis.of_totals if total else hypothesis.stage != "total"):
        return
    for index, (meaning, parameters) in enumerate(hypothesis.changes(before.meaning)):
        if limit is not None and index >= limit:
            return
        losses = before.losses if hypothesis.stage != "losses" else sample_losses(meaning)
        epsilon = parameters.get("epsilon")  # of several variations each
        unusual = EPSILONS.index(epsilon) if epsilon in EPSILONS else index
        step = AppliedChange(hypothesis, parameters, place + LATER * unusual)
        candidate = candidate_of((*before.steps, step), meaning, losses, total)
        if not _same(candidate, before):
            yield candidate


def candidate_of(
    steps: tuple[AppliedChange, ...], meaning: Meaning, losses: Float64s, total: bool
) -> Candidate:
    """The candidate of a changed meaning. losses: one per sample, flat, as `sample_losses` gives
    them; total: its numbers are the total, not the losses."""
    numbers = folded(meaning, losses)
    if not total:
        return Candidate(steps, meaning, losses, numbers, meaning.losses_shape)
    return Candidate(steps, meaning, losses, np.array([total_of(meaning, numbers)]), ())


def _same(a: Candidate, b: Candidate) -> bool:
    """Whether both give the same numbers; nan is equal to nan."""
    return a.shape == b.shape and np.array_equal(a.numbers, b.numbers, equal_nan=True)


def again(candidate: Candidate, start: Meaning, total: bool) -> Candidate | None:
    """The candidate's steps applied to another meaning; None where one does not apply there."""
    return applied(candidate.steps, start, total)


def applied(
    steps: Sequence[AppliedChange], start: Meaning, total: bool = False
) -> Candidate | None:
    """What the steps make of a meaning; None where one does not apply to it."""
    meaning = start
    for step in steps:
        found = _after(step, meaning)
        if found is None:
            return None
        meaning = found
    return candidate_of(tuple(steps), meaning, sample_losses(meaning), total)


def _after(step: AppliedChange, meaning: Meaning) -> Meaning | None:
    if step.change is not None:
        return step.change(meaning)
    every = step.hypothesis.changes(meaning)
    return next((changed for changed, given in every if given == step.parameters), None)
