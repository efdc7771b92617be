"""What a case states of an implementation, as the numbers that its answer is held against."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from xent_check.problem.dtypes import Float64s, rounded, unit_roundoff
from xent_check.problem.evaluation import Computed, Evaluation, Unsupported
from xent_check.problem.expectation import Expectation, Published
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import PARAMETER_PARTS, DType
from xent_check.reference.enclosure import Enclosure
from xent_check.reference.truth import Truth, truth


def stated_of(
    entry: Expectation | None, problem: Problem, answer: Evaluation, exact: Truth
) -> Expectation | None:
    """The entry as it holds of this answer: with the numbers that its `compute` stands for, and
    with the gradient of the total that the answer has in place of that of the sum.

    None where its `compute` is all that it says, and the problem has that dtype or a narrower one.
    """
    if entry is None:
        return None
    if entry.compute is not None:
        if unit_roundoff(entry.compute) <= unit_roundoff(problem.dtype):
            return replace(entry, compute=None) if entry.conduct else None
        return _computed_in(entry.compute, entry, problem, answer)
    if not isinstance(answer, Computed) or answer.gradient_of is None:
        return entry
    divisor = exact.reference.divisors[answer.gradient_of]
    by_parameters = {p: _divided(n, divisor) for p, n in entry.by_parameters.items()}
    gradient = None if entry.gradient is None else _divided(entry.gradient, divisor)
    return replace(entry, gradient=gradient, by_parameters=by_parameters)


def _divided(published: Published, divisor: float) -> Published:
    return Published(published.values / divisor, published.units / abs(divisor))


def _computed_in(
    dtype: DType, entry: Expectation, problem: Problem, answer: Evaluation
) -> Expectation:
    """The entry with the exact value, in this dtype, of every part that was given; a unit of its
    last digit is what rounding explains there."""
    if not isinstance(answer, Computed):
        return entry
    narrow = replace(problem.in_dtype(dtype), reductions=tuple(answer.totals))
    exact = truth(narrow)
    if answer.gradient_of is not None:
        exact = exact.of_total(narrow, answer.gradient_of)
    reference, bounds = exact.reference, exact.bounds

    def numbers(name: str, value: Enclosure) -> Published:
        return _published(value, np.asarray(bounds.parts[name]), dtype)

    totals = {
        r: numbers(r, reference.totals[r])
        for r, total in answer.totals.items()
        if not isinstance(total, Unsupported)
    }
    gradients = {
        name: numbers(name, value)
        for name, value in reference.gradients.items()
        if isinstance(answer.gradients.get(name), np.ndarray)
    }
    return replace(
        entry,
        losses=None if answer.only_totals else numbers("losses", reference.losses),
        totals=totals,
        gradient=gradients.get("gradient"),
        by_parameters={p: gradients[n] for p, n in PARAMETER_PARTS.items() if n in gradients},
    )


def _published(exact: Enclosure, bound: Float64s, dtype: DType) -> Published:
    """The exact value, or the infinity that it rounds to in the dtype, with its bound for a
    unit."""
    beyond = np.isinf(rounded(exact.high, dtype).astype(np.float64))
    values = np.where(beyond, np.copysign(np.inf, exact.high), exact.high)
    return Published(values, bound + exact.radius)
