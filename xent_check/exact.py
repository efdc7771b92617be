"""The reference in ball arithmetic (arb): every loss, total and gradient, proven.

exact_classes.py and exact_binary.py have the formulas. Precision is doubled until every radius is
at most 1/1024 ulp of the problem's dtype.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from flint import arb, ctx

from .enclosure import Enclosure, is_narrow
from .exact_answers import Answer, floats, rows
from .exact_binary import binary_answers
from .exact_classes import class_answers
from .extended import UNKNOWN, Extended, enclose, scaled, total
from .problem import Problem
from .words import Reduction

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


def exact_totals(problem: Problem) -> dict[Reduction, Enclosure]:
    """Every total of the problem's reductions."""

    def totals() -> list[Extended]:
        summed = total(a.loss for a in _answers(problem, False))
        return [_over(summed, divisor(problem, r)) for r in problem.reductions]

    enclosed = _narrowed(problem, totals, (len(problem.reductions),))
    parts = (enclosed.high, enclosed.low, enclosed.radius)
    return {
        r: Enclosure(*(np.asarray(part[i]) for part in parts))
        for i, r in enumerate(problem.reductions)
    }


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


def divisor(problem: Problem, reduction: Reduction) -> arb:
    """sum: 1. mean: the kept samples. weighted_mean: the sum of their weights."""
    if reduction == "sum":
        return arb(1)
    kept = problem.kept.reshape(-1)
    if reduction == "mean":
        return arb(int(kept.sum()))
    weights = floats(problem.sample_weight, kept.size)
    factors = _class_factors(problem)
    return sum((arb(weights[i]) * factors(i) for i in np.flatnonzero(kept).tolist()), arb(0))


def _over(summed: Extended, by: arb) -> Extended:
    if not by.is_finite() or by.is_zero():
        return math.nan
    if by.contains(0):
        return UNKNOWN
    return scaled(summed, 1 / by) if isinstance(summed, float) else summed / by


def _class_factors(problem: Problem) -> Callable[[int], arb]:
    """What a sample's classes weigh: class_weight[y], or sum_c w_c t_c before smoothing."""
    if problem.loss == "binary":
        return lambda _: arb(1)
    n = problem.num_classes
    class_weight = floats(problem.class_weight, n)
    if problem.loss == "sparse_categorical":
        labels = problem.labels.reshape(-1).tolist()
        return lambda i: arb(class_weight[labels[i]]) if 0 <= labels[i] < n else arb(1)
    table = rows(problem, problem.labels)
    return lambda i: sum(
        (arb(w) * arb(t) for w, t in zip(class_weight, table[i], strict=True)), arb(0)
    )
