"""Changed gradients: the observed one beside the exact one, and what each change makes of that.

Each change is of the problem, or of what its gradient is divided by; what it gives is the exact
gradient of the changed problem.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xent_check.problem.distance import distance
from xent_check.problem.dtypes import Float64s
from xent_check.problem.last_layer import through_layer
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Parameter
from xent_check.reference.bounds import Bounds
from xent_check.reference.truth import Truth, truth

from .diagnosis import Change
from .hypotheses.gradients import GradientHypothesis
from .hypotheses.gradients_by_meaning import SUM_TO_1, gradients
from .hypotheses.scores import Parameters


@dataclass(frozen=True, eq=False)
class GradientCandidate:
    """A changed gradient."""

    steps: tuple[Change, ...]
    parameters: Parameters
    numbers: Float64s
    """of the gradient's shape"""
    bound: Float64s
    """what rounding explains of each entry"""
    allowed: Float64s
    """the largest residual of an agreeing entry: the bound, and its last printed digit"""
    problem: Problem
    """whose gradient it is, once it is divided"""
    divisor: float
    """of the exact gradient of that problem"""


@dataclass(frozen=True, eq=False)
class ObservedGradient:
    """A gradient beside the exact one."""

    asked: Problem
    """whose gradient it should be"""
    by: Parameter | None
    """the parameter of the last layer that it is by; None: by what is given"""
    values: Float64s
    """of the shape of what it is by"""
    units: Float64s
    """one unit of each number's last printed digit, 0 where it is exact; of the same shape"""
    exact: Truth
    aside: npt.NDArray[np.bool_] | None = None
    """entries that have their reason already, and are not looked at; None: all are"""

    def part_of(self, exact: Truth) -> tuple[Float64s, Float64s]:
        """The exact gradient in question, and its bound."""
        reference, bounds = exact.reference, exact.bounds
        part = reference.gradient if self.by is None else reference.by_parameters[self.by]
        bound = bounds.gradient if self.by is None else bounds.by_parameters[self.by]
        assert part is not None  # the problem asks for it
        assert bound is not None
        return part.high, bound

    def truth_of(self, problem: Problem) -> Truth:
        """The exact value of a changed problem, and its bounds for who computes as is asked of
        the observed gradient."""
        exact, asked = truth(problem), self.exact.bounds
        if problem.dtype != self.asked.dtype:
            return exact
        if asked.promise is not None:
            return exact.as_promised(problem, asked.promise)
        return exact.inside_float32(problem) if asked.in_float32 else exact

    def candidate(
        self, problem: Problem, exact: Truth, steps: tuple[Change, ...], parameters: Parameters,
        divisor: float,
    ) -> GradientCandidate:  # fmt: skip
        """The exact gradient of a problem over the divisor. Of a problem of logits where a last
        layer is asked for: through that layer."""
        bound = self.part_of(self.exact)[1]  # what is computed is of the asked problem's dtype
        if problem.given == "logits" and self.asked.given == "hidden":
            slopes = exact.reference.gradient
            assert slopes is not None  # the problem asks for it
            gradient = through_layer(self.asked, slopes.high, self.by)
        else:
            gradient, own_bound = self.part_of(exact)
            bound = np.fmax(bound, own_bound)
        numbers = np.zeros_like(gradient) if np.isinf(divisor) else gradient / divisor
        bound = bound / abs(divisor)
        allowed = bound + self.units
        return GradientCandidate(steps, parameters, numbers, bound, allowed, problem, divisor)

    def fits(self, candidate: GradientCandidate) -> npt.NDArray[np.bool_]:
        """Whether each entry is the candidate's, or set aside."""
        near = np.asarray(distance(self.values, candidate.numbers) <= candidate.allowed)
        return near if self.aside is None else near | self.aside


def seen_gradient(
    problem: Problem,
    observed: Float64s,
    units: Float64s,
    by: Parameter | None,
    bounds: Bounds | None,
) -> ObservedGradient:
    own = truth(problem)
    exact = own if bounds is None else replace(own, bounds=bounds)
    return ObservedGradient(problem, by, observed, units, exact)


def changed(
    seen: ObservedGradient, before: GradientCandidate, hypotheses: Sequence[GradientHypothesis]
) -> Iterator[GradientCandidate]:
    """What each hypothesis makes of a candidate, where that is another gradient."""
    for hypothesis in hypotheses:
        for problem, parameters, divisor in hypothesis.changes(before.problem):
            same = problem is before.problem and not before.steps
            exact = seen.exact if same else seen.truth_of(problem)
            step = Change(hypothesis.id, hypothesis.sentence.format(**parameters))
            steps, merged = (*before.steps, step), {**before.parameters, **parameters}
            candidate = seen.candidate(problem, exact, steps, merged, before.divisor * divisor)
            if not np.array_equal(candidate.numbers, before.numbers, equal_nan=True):
                yield candidate


def of_meanings(seen: ObservedGradient, problem: Problem) -> Iterator[GradientCandidate]:
    """The gradients of changed meanings, beside losses that are right."""
    bound, kept = seen.part_of(seen.exact)[1], problem.kept
    if problem.loss != "binary":
        kept = np.expand_dims(kept, problem.class_axis)
    if seen.by is None:
        bound = np.where(kept, bound, bound.max(initial=0.0))  # ignored samples have none
    for name, words, parameters, slopes in gradients(problem):
        gradient = slopes if problem.given != "hidden" else through_layer(problem, slopes, seen.by)
        own = bound
        if seen.exact.bounds.promise is None:  # it is rounded, where an exact 0 is not
            size = np.where(np.isfinite(gradient), np.abs(gradient), 0.0)
            own = np.fmax(bound, seen.exact.bounds.u * size)
        if name == SUM_TO_1.id and problem.loss == "categorical":  # their p has a whole's rounding
            own = np.fmax(own, seen.part_of(seen.truth_of(summing_to_1(problem)))[1])
        steps, allowed = (Change(name, words),), own + seen.units
        yield GradientCandidate(steps, parameters, gradient, own, allowed, problem, np.nan)


def summing_to_1(problem: Problem) -> Problem:
    """The problem with what its soft labels lack to sum to 1 shared by all classes."""
    labels, axis = problem.labels.astype(np.float64), problem.class_axis
    lacking = np.maximum(1 - labels.sum(axis=axis, keepdims=True), 0.0)
    whole = labels + lacking / problem.num_classes
    return replace(problem, labels=whole.astype(problem.labels.dtype))


def scaled(seen: ObservedGradient, before: GradientCandidate) -> Iterator[GradientCandidate]:
    """The candidate times the factor that its best known entry says, with the fewest digits that
    all entries allow. That entry confirms nothing: its share of the chance is 1."""
    values, numbers = seen.values, before.numbers
    usable = np.isfinite(values) & np.isfinite(numbers) & (numbers != 0) & (values != 0)
    if np.count_nonzero(usable) < 2:
        return
    with np.errstate(all="ignore"):
        relative = before.bound / np.abs(numbers) + seen.units / np.abs(values)
        uncertain = np.where(usable, relative, np.inf)
    at = int(np.argmin(uncertain))
    factor = float(values.flat[at] / numbers.flat[at])
    slack = abs(factor) * float(uncertain.flat[at])
    for digits in range(1, 9):
        for short in (float(f"{factor:.{digits}g}"), 1 / float(f"{1 / factor:.{digits}g}")):
            bound = before.bound * abs(short)
            allowed = bound + seen.units
            fits = distance(values, numbers * short) <= allowed
            if abs(short - factor) <= slack and fits.all() and short != 1:
                allowed = allowed + np.abs(numbers) * slack  # the chance is that of any factor
                allowed.flat[at] = np.inf
                step = Change("scaled", f"the gradient is {short:.6g} times what it should be")
                yield GradientCandidate(
                    (*before.steps, step), {**before.parameters, "factor": short},
                    numbers * short, bound, allowed, before.problem, before.divisor / short,
                )  # fmt: skip
                return
