"""Explanation: which hypotheses reproduce an implementation's numbers, or pasted ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from xent_check.casefile.case import Case
from xent_check.casefile.expectations import printed_numbers
from xent_check.casefile.loading import PosedCase
from xent_check.diagnosis.by_hand import WorkedStep, steps
from xent_check.diagnosis.diagnosis import Diagnosis, Explanation, Observed
from xent_check.diagnosis.gradients import diagnose_printed_gradient
from xent_check.diagnosis.large import diagnose_any, is_large, on_one_sample
from xent_check.diagnosis.losses import meaning_of, sample_losses
from xent_check.diagnosis.meaning import Meaning
from xent_check.errors import InvalidError, Mistake
from xent_check.problem.distance import distance
from xent_check.problem.dtypes import Float64s
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Parameter, Reduction
from xent_check.reference.reference import Reference
from xent_check.reference.truth import Truth, truth

from .attached_diagnosis import observed_of
from .report import CaseResult
from .short_inputs import moved_by_short_logits

OBSERVED_GRADIENT = "observed_gradient"  # the key of a pasted gradient
OBSERVED = "observed"  # in place of an implementation, for numbers that somebody pasted


@dataclass(frozen=True, eq=False)
class Explained:
    """Observed numbers with their diagnosis, and one sample worked out step by step."""

    case: Case
    """as its file states it"""
    problem: Problem
    """the case made exact"""
    who: str
    """the implementation, or OBSERVED"""
    observed: Observed
    """the numbers"""
    truth: Truth
    """the exact value and the bounds"""
    diagnosis: Diagnosis
    """what explains the numbers"""
    sample: int
    """the flat index of the sample that is worked out"""
    expected: tuple[WorkedStep, ...]
    """the steps of the exact value"""
    actual: tuple[WorkedStep, ...] | None
    """the steps of the best explanation; None where nothing explains the numbers"""
    reports: tuple[str, ...] = ()
    """public issues with the same reason in the same implementation"""
    gradient: bool = False
    """whether the numbers are the gradient of the losses' sum"""
    by: Parameter | None = None
    """the parameter of the last layer that the gradient is by; None: what the case gives"""

    @property
    def target(self) -> Float64s:
        """The exact value of the observed numbers, flat."""
        if self.gradient:
            reference = self.truth.reference
            exact = reference.gradient if self.by is None else reference.by_parameters[self.by]
            assert exact is not None  # the problem asks for it
            return exact.high.reshape(-1)
        if self.observed.reduction is None:
            return self.truth.reference.losses.high.reshape(-1)
        return np.atleast_1d(self.truth.reference.totals[self.observed.reduction].high)

    @property
    def short_logits(self) -> float | None:
        """The unit of the logits' last digit, where longer logits may give the numbers."""
        if self.gradient:
            return None
        return moved_by_short_logits(self.case, self.problem, self.observed, self.target)

    @property
    def gradient_shape(self) -> tuple[int, ...]:
        """The shape of what the gradient is by."""
        return shape_by(self.problem, self.by)

    @property
    def best(self) -> Explanation | None:
        """The first explanation."""
        return next(iter(self.diagnosis.explanations), None)


def observed_numbers(numbers: object, posed: PosedCase) -> Observed:
    """Pasted numbers: a single one is a total, as many as the samples are the losses, and another
    shape is kept as the shape of an unknown quantity."""
    stated = printed_numbers(numbers)
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
    """The reduction of a single pasted number: the case's only one, else the mean."""
    reductions = posed.case.fields.options.reductions
    return reductions[0] if len(reductions) == 1 else "mean"


def explain_observed(posed: PosedCase, observed: Observed, who: str = OBSERVED) -> Explained:
    """The explanations of pasted numbers; InvalidError where they are not as many as the
    samples, or laid out otherwise, and nothing explains that. who: whose numbers they are."""
    reduction = observed.reduction
    problem = posed.problem
    if reduction is not None and reduction not in problem.reductions:
        problem = replace(problem, reductions=(*problem.reductions, reduction))
    exact = truth(problem)
    diagnosis = diagnose_any(problem, observed, exact.bounds, exact.reference.losses.high)
    if observed.shape is not None and not diagnosis.explained:
        raise InvalidError(_wrong_count(observed, problem.samples_shape))
    return _with_steps(posed.case, problem, who, observed, exact, diagnosis)


def explain_gradient(
    posed: PosedCase, numbers: object, who: str = OBSERVED, by: Parameter | None = None
) -> Explained:
    """The explanations of a pasted gradient; InvalidError where it has not the shape of what it is
    by, or as many numbers in one row. who: whose it is; by: as in `Explained`."""
    problem = replace(posed.problem, gradient=True)
    stated = printed_numbers(numbers)
    shape = shape_by(problem, by)
    size = math.prod(shape)
    if stated.values.shape != shape and stated.values.shape != (size,):
        fault = f"{stated.values.size} numbers, of shape {list(stated.values.shape)}"
        of = by or problem.given
        allowed = f"the {size} of a gradient with respect to {of}: shape {list(shape)}"
        others = [p for p in (problem.given, *problem.parameters) if p != of]
        advice = f"name it for another: {' or '.join(f'{p}=[...]' for p in others)}"
        mistake = Mistake((OBSERVED_GRADIENT,), fault, allowed, advice if others else "")
        raise InvalidError(mistake)
    values, units = stated.values.reshape(shape), stated.units.reshape(shape)
    diagnosis = diagnose_printed_gradient(problem, values, units, by)
    exact = truth(problem)
    observed = Observed(values.reshape(-1), units.reshape(-1), None, shape)
    seen = (observed, exact, diagnosis)
    item = Explained(posed.case, problem, who, *seen, 0, (), None, (), True, by)
    return replace(item, sample=_furthest(observed.values, item.target, observed.units))


def shape_by(problem: Problem, by: Parameter | None) -> tuple[int, ...]:
    """The shape of a parameter of the last layer; None: of what the problem gives."""
    return problem.values.shape if by is None else getattr(problem, by).shape


def _wrong_count(observed: Observed, samples: tuple[int, ...]) -> Mistake:
    """The numbers' count, or their shape, beside that of the samples."""
    count, expected = observed.values.size, math.prod(samples)
    fault = f"{count} numbers for {expected} sample{'s' * (expected != 1)}"
    if count == expected or len(samples) > 1:
        fault += f": shape {list(observed.shape or (count,))} for {list(samples)}"
    allowed = "one number (a total)" + (f", or {expected} (one per sample)" * (expected != 1))
    return Mistake((OBSERVED,), fault, allowed, "")


def _with_steps(
    case: Case,
    problem: Problem,
    who: str,
    observed: Observed,
    exact: Truth,
    diagnosis: Diagnosis,
) -> Explained:
    best = next(iter(diagnosis.explanations), None)
    if is_large(problem, observed):
        sample = _worst_sample(observed, exact.reference, None)
        start, changed = on_one_sample(problem, sample, () if best is None else best.applied)
        own = None if changed is None else steps(changed, 0)
        made = (diagnosis, sample, steps(start, 0), own)
        return Explained(case, problem, who, observed, exact, *made)
    start = meaning_of(problem)
    meaning = None if best is None else best.meaning
    sample = _worst_sample(observed, exact.reference, meaning)
    actual = None if meaning is None else _steps(meaning, sample, start)
    expected = steps(start, sample) if len(start.scores) else ()
    return Explained(case, problem, who, observed, exact, diagnosis, sample, expected, actual)


def _steps(meaning: Meaning, sample: int, start: Meaning) -> tuple[WorkedStep, ...] | None:
    same_samples = len(meaning.scores) == len(start.scores)
    return steps(meaning, sample) if same_samples and len(start.scores) else None


def _worst_sample(observed: Observed, exact: Reference, meaning: Meaning | None) -> int:
    """The flat index of the sample furthest off, beyond what the printed digits leave open,
    infinitely far first; for a total, of the sample that its explanation moves most."""
    target, losses, units = exact.losses.high.reshape(-1), observed.values, observed.units
    if observed.reduction is not None and meaning is not None:
        losses = sample_losses(meaning)
        units = np.zeros(losses.shape)
    if target.shape != losses.shape or not target.size:
        return 0
    return _furthest(losses, target, units)


def _furthest(values: Float64s, target: Float64s, units: Float64s) -> int:
    """The flat index of the number furthest off its target, beyond a unit of its last digit."""
    off = distance(values, target).reshape(-1)
    beyond = np.maximum(off - units.reshape(-1), 0.0)
    return int(np.argmax(beyond if beyond.any() else off))


def explain_result(result: CaseResult) -> Explained | None:
    """The explanations of an implementation's losses, or of a total; None where it computed none,
    or where something else of its answer diverges: its gradient, or from what is expected."""
    observed, problem, comparison = observed_of(result), result.problem, result.comparison
    if observed is None or problem is None or comparison is None or comparison.bounds is None:
        return None
    parts = (comparison.losses, *comparison.totals.values())
    if result.status == "diverges" and not any(part.diverging for part in parts):
        return None
    exact = Truth(result.reference, comparison.bounds)
    diagnosis = result.diagnosis
    if diagnosis is None or not diagnosis.tried:  # further checks may have found what they did
        conduct = () if diagnosis is None else diagnosis.conduct
        losses = exact.reference.losses.high
        found = diagnose_any(problem, observed, exact.bounds, losses)
        diagnosis = replace(found, conduct=conduct)
    return _with_steps(result.case, problem, result.implementation, observed, exact, diagnosis)


def first_departure(expected: Sequence[WorkedStep], actual: Sequence[WorkedStep]) -> str | None:
    """The name of the first step of `actual` that `expected` lacks or has with other values."""
    by_name = {step.name: step for step in expected}
    for step in actual:
        if step.name not in by_name or not step.same_as(by_name[step.name]):
            return step.name
    return None
