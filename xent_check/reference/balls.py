"""The reference in ball arithmetic (arb): every loss, total and gradient, proven.

balls_classes.py and balls_binary.py have the formulas. Precision is doubled until every radius is
at most 1/1024 ulp of the problem's dtype.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction

import numpy as np
from flint import arb, ctx

from xent_check.problem.parts import parts
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Parameter, Reduction

from .balls_binary import binary_answers
from .balls_classes import class_answers
from .balls_layer import ThroughLayer
from .divisors import Divisor
from .enclosure import Enclosure, is_narrow
from .extended_reals import Extended, enclose, product, total
from .per_sample import Answer

_FIRST_PRECISION = 128
_LAST_PRECISION = 8192


def _answers(problem: Problem, gradient: bool) -> Iterator[Answer]:
    """One answer per sample, in row-major order."""
    if problem.loss == "binary":
        return binary_answers(problem)
    return class_answers(problem, gradient)


def exact_losses(problem: Problem) -> Enclosure:
    """Every loss. Shape: the samples'."""
    return _narrow_enclosure(problem, lambda: _losses(problem), problem.samples_shape)


def exact_totals(
    problem: Problem, divisors: Mapping[Reduction, Divisor]
) -> dict[Reduction, Enclosure]:
    """Every total: the sum of the losses divided by its divisor. Shape: ()."""
    return _totals(
        problem, divisors, lambda: (loss for _, part in parts(problem) for loss in _losses(part))
    )


class SmallProblem:
    """A problem so small that the answers of all samples are held as balls: they are computed once
    for losses, totals and gradient."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._by_precision: dict[int, list[Answer]] = {}

    def losses(self) -> Enclosure:
        """As exact_losses."""
        return _narrow_enclosure(self._problem, self._losses, self._problem.samples_shape)

    def totals(self, divisors: Mapping[Reduction, Divisor]) -> dict[Reduction, Enclosure]:
        """As exact_totals."""
        return _totals(self._problem, divisors, self._losses)

    def gradient(self) -> Enclosure:
        """As exact_gradient, of a problem that asks for it."""
        return _gradient(self._problem, lambda: [e for a in self._answers() for e in a.gradient])

    def _losses(self) -> list[Extended]:
        return [answer.loss for answer in self._answers()]

    def _answers(self) -> list[Answer]:
        if ctx.prec not in self._by_precision:
            gradient = self._problem.gradient and self._problem.given != "hidden"
            self._by_precision[ctx.prec] = [*_answers(self._problem, gradient)]
        return self._by_precision[ctx.prec]


def _losses(problem: Problem) -> list[Extended]:
    return [answer.loss for answer in _answers(problem, False)]


def _totals(
    problem: Problem,
    divisors: Mapping[Reduction, Divisor],
    losses: Callable[[], Iterable[Extended]],
) -> dict[Reduction, Enclosure]:
    if not divisors:
        return {}

    def totals() -> list[Extended]:
        loss_sum = total(losses())
        return [_quotient(loss_sum, divisor) for divisor in divisors.values()]

    enclosed = _narrow_enclosure(problem, totals, (len(divisors),))
    arrays = (enclosed.high, enclosed.low, enclosed.radius)
    return {r: Enclosure(*(np.asarray(a[i]) for a in arrays)) for i, r in enumerate(divisors)}


def exact_gradient(problem: Problem, divisor: Divisor = Fraction(1)) -> Enclosure:
    """d sum(cotangent * losses) / d values, over the divisor. Shape: the values'."""

    def entries() -> list[Extended]:
        every = (entry for a in _answers(problem, True) for entry in a.gradient)
        return [*every] if divisor == 1 else [_quotient(entry, divisor) for entry in every]

    return _gradient(problem, entries)


def _gradient(problem: Problem, entries: Callable[[], list[Extended]]) -> Enclosure:
    """The gradient of these entries, one sample's after another's. Shape: the values'."""
    if problem.loss == "binary":
        return _narrow_enclosure(problem, entries, problem.values.shape)
    shape = (*problem.samples_shape, problem.num_classes)
    enclosed = _narrow_enclosure(problem, entries, shape)
    arrays = (enclosed.high, enclosed.low, enclosed.radius)
    return Enclosure(*(np.moveaxis(array, -1, problem.class_axis) for array in arrays))


def exact_layer_gradients(
    problem: Problem, divisor: Divisor = Fraction(1)
) -> tuple[Enclosure, dict[Parameter, Enclosure]]:
    """The gradient of exact_gradient by what is hidden, of the values' shape, and by each parameter
    of the last layer, of the parameter's."""
    shapes = {"hidden": problem.values.shape}
    shapes |= {name: getattr(problem, name).shape for name in problem.parameters}

    def entries() -> list[Extended]:
        through = ThroughLayer(problem)
        for _, part in parts(problem):
            through.add(part, (a.gradient for a in _answers(part, True)))
        every = [entry for name in shapes for entry in getattr(through, name)]
        return every if divisor == 1 else [_quotient(entry, divisor) for entry in every]

    sizes = [math.prod(shape) for shape in shapes.values()]
    enclosed = _narrow_enclosure(problem, entries, (sum(sizes),))
    arrays = (enclosed.high, enclosed.low, enclosed.radius)
    ends = np.cumsum(sizes)[:-1]
    split = zip(*(np.split(array, ends) for array in arrays), strict=True)
    hidden, *of_parameters = (
        Enclosure(*(array.reshape(shape) for array in part))
        for part, shape in zip(split, shapes.values(), strict=True)
    )
    return hidden, dict(zip(problem.parameters, of_parameters, strict=True))


def _narrow_enclosure(
    problem: Problem, compute: Callable[[], list[Extended]], shape: tuple[int, ...]
) -> Enclosure:
    """Enclose what `compute` returns, at the first precision whose radii are narrow enough."""
    precision, callers_precision = _FIRST_PRECISION, ctx.prec
    try:
        while True:
            ctx.prec = precision
            enclosed = enclose(compute(), shape)
            if precision >= _LAST_PRECISION or is_narrow(enclosed, problem.dtype):
                return enclosed
            precision *= 2
    finally:
        ctx.prec = callers_precision


def _quotient(over: Extended, divisor: Divisor) -> Extended:
    if isinstance(divisor, float) or divisor == 0:
        return math.nan
    ball = arb(divisor.numerator) / arb(divisor.denominator)
    return product(over, 1 / ball) if isinstance(over, float) else over / ball
