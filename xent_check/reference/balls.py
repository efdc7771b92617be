"""The reference in ball arithmetic (arb): every loss, total and gradient, proven.

exact_classes.py and exact_binary.py have the formulas. Precision is doubled until every radius is
at most 1/1024 ulp of the problem's dtype.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from flint import arb, ctx

from xent_check.problem.parts import parts
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Reduction

from .balls_binary import binary_answers
from .balls_classes import class_answers
from .divisors import Divisor
from .enclosure import Enclosure, is_narrow
from .extended_reals import Extended, enclose, scaled, total
from .per_sample import Answer

_FIRST_PRECISION = 128
_LAST_PRECISION = 8192


def _answers(problem: Problem, gradient: bool) -> Iterator[Answer]:
    """One per sample, in row-major order."""
    if problem.loss == "binary":
        return binary_answers(problem)
    return class_answers(problem, gradient)


def exact_losses(problem: Problem) -> Enclosure:
    """Every loss. Shape: the samples'."""
    return _narrowed(
        problem, lambda: [a.loss for a in _answers(problem, False)], problem.samples_shape
    )


def exact_totals(
    problem: Problem, divisors: Mapping[Reduction, Divisor]
) -> dict[Reduction, Enclosure]:
    """Every total: the sum of the losses over its divisor."""

    def totals() -> list[Extended]:
        summed = total(a.loss for _, part in parts(problem) for a in _answers(part, False))
        return [_over(summed, divisor) for divisor in divisors.values()]

    enclosed = _narrowed(problem, totals, (len(divisors),))
    three = (enclosed.high, enclosed.low, enclosed.radius)
    return {r: Enclosure(*(np.asarray(part[i]) for part in three)) for i, r in enumerate(divisors)}


def exact_gradient(problem: Problem) -> Enclosure:
    """d sum(cotangent * losses) / d values. Shape: the values'."""

    def entries() -> list[Extended]:
        return [entry for a in _answers(problem, True) for entry in a.gradient]

    if problem.loss == "binary":
        return _narrowed(problem, entries, problem.values.shape)
    shape = (*problem.samples_shape, problem.num_classes)
    enclosed = _narrowed(problem, entries, shape)
    parts = (enclosed.high, enclosed.low, enclosed.radius)
    return Enclosure(*(np.moveaxis(part, -1, problem.class_axis) for part in parts))


def _narrowed(
    problem: Problem, compute: Callable[[], list[Extended]], shape: tuple[int, ...]
) -> Enclosure:
    precision, before = _FIRST_PRECISION, ctx.prec
    try:
        while True:
            ctx.prec = precision
            enclosed = enclose(compute(), shape)
            if precision >= _LAST_PRECISION or is_narrow(enclosed, problem.dtype):
                return enclosed
            precision *= 2
    finally:
        ctx.prec = before


def _over(summed: Extended, by: Divisor) -> Extended:
    if isinstance(by, float) or by == 0:
        return math.nan
    ball = arb(by.numerator) / arb(by.denominator)
    return scaled(summed, 1 / ball) if isinstance(summed, float) else summed / ball
