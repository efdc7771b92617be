"""Explaining: the numbers of an implementation, or anybody's, held against their readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from xent_check.casefile.case import Case
from xent_check.casefile.expectations import published
from xent_check.casefile.loading import PosedCase
from xent_check.diagnosis.by_hand import WorkedStep, steps
from xent_check.diagnosis.diagnosis import Diagnosis, Explanation, Observed, diagnose
from xent_check.diagnosis.losses import meaning_of
from xent_check.diagnosis.meaning import Meaning
from xent_check.problem.distance import distance
from xent_check.problem.dtypes import Float64s
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Reduction
from xent_check.reference.reference import Reference
from xent_check.reference.truth import Truth, truth

from .attached_diagnosis import observed_of
from .report import CaseResult

OBSERVED = "observed"  # in place of an implementation, for numbers that somebody pasted


@dataclass(frozen=True, eq=False)
class Explained:
    """Whose numbers, what they are, and what reproduces them.

    sample: the flat index of the sample that is worked out; expected, actual: its steps as they
    should be and as the best reading has them, None where nothing explains the numbers.
    reports: public issues of the same reason in the same implementation.
    """

    case: Case
    problem: Problem
    who: str
    observed: Observed
    truth: Truth
    diagnosis: Diagnosis
    sample: int
    expected: tuple[WorkedStep, ...]
    actual: tuple[WorkedStep, ...] | None
    reports: tuple[str, ...] = ()

    @property
    def target(self) -> Float64s:
        """The exact value of what was observed."""
        if self.observed.reduction is None:
            return self.truth.reference.losses.high.reshape(-1)
        return np.atleast_1d(self.truth.reference.totals[self.observed.reduction].high)

    @property
    def best(self) -> Explanation | None:
        """The first explanation."""
        return next(iter(self.diagnosis.explanations), None)


def observed_numbers(numbers: object, posed: PosedCase) -> Observed:
    """Numbers as pasted: one is a total, as many as there are samples are the losses, and another
    shape is something else that was computed."""
    stated = published(numbers)
    values, units = stated.values.reshape(-1), stated.units.reshape(-1)
    samples = posed.problem.samples_shape
    count = int(np.prod(samples))
    if values.size == 1 and (stated.values.ndim == 0 or count != 1):
        return Observed(values, units, total_reduction(posed))
    flat = values.size == count and stated.values.ndim == 1
    if flat or stated.values.shape == samples:
        return Observed(values, units, None)
    return Observed(values, units, None, stated.values.shape)


def total_reduction(posed: PosedCase) -> Reduction:
    """What a single number is a total of: the case's only reduction, else the mean."""
    reductions = posed.case.fields.options.reductions
    return reductions[0] if len(reductions) == 1 else "mean"


def explain_observed(posed: PosedCase, observed: Observed) -> Explained:
    """The readings of the numbers."""
    reduction = observed.reduction
    problem = posed.problem
    if reduction is not None and reduction not in problem.reductions:
        problem = replace(problem, reductions=(*problem.reductions, reduction))
    exact = truth(problem)
    diagnosis = diagnose(problem, observed, exact.bounds)
    return _worked(posed.case, problem, OBSERVED, observed, exact, diagnosis)


def _worked(
    case: Case,
    problem: Problem,
    who: str,
    observed: Observed,
    exact: Truth,
    diagnosis: Diagnosis,
) -> Explained:
    start = meaning_of(problem)
    sample = _telling_sample(observed, exact.reference)
    best = next(iter(diagnosis.explanations), None)
    reading = None if best is None else best.meaning
    actual = None if reading is None else _steps(reading, sample, start)
    expected = steps(start, sample) if len(start.scores) else ()
    return Explained(case, problem, who, observed, exact, diagnosis, sample, expected, actual)


def _steps(meaning: Meaning, sample: int, start: Meaning) -> tuple[WorkedStep, ...] | None:
    same_samples = len(meaning.scores) == len(start.scores)
    return steps(meaning, sample) if same_samples and len(start.scores) else None


def _telling_sample(observed: Observed, exact: Reference) -> int:
    """The sample that differs most, one that is no number before any; the first for a total."""
    target = exact.losses.high.reshape(-1)
    if observed.reduction is not None or target.shape != observed.values.shape or not target.size:
        return 0
    return int(np.argmax(distance(observed.values, target)))


def explain_result(result: CaseResult) -> Explained | None:
    """The readings of what an implementation computed; None where it computed nothing."""
    observed, problem, comparison = observed_of(result), result.problem, result.comparison
    if observed is None or problem is None or comparison is None or comparison.bounds is None:
        return None
    exact = Truth(result.reference, comparison.bounds)
    diagnosis = result.diagnosis or diagnose(problem, observed, exact.bounds)
    return _worked(result.case, problem, result.implementation, observed, exact, diagnosis)


def departing(expected: Sequence[WorkedStep], actual: Sequence[WorkedStep]) -> str | None:
    """The name of the first step that departs."""
    known = {step.name: step for step in expected}
    for step in actual:
        if step.name not in known or not step.same_as(known[step.name]):
            return step.name
    return None
