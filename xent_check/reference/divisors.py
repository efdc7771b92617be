"""Divisors: the exact numbers that the sum of the losses is divided by, one per total."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from xent_check.problem.dtypes import Float64s
from xent_check.problem.parts import parts
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Reduction

from .exact_sum import exact_sum

Divisor = Fraction | float  # a float is nan: a weight is not finite


def divisor(problem: Problem, reduction: Reduction) -> Divisor:
    """sum: 1. mean: num_items, else the number of kept samples. weighted_mean: the sum of their
    weights (see `_weights`)."""
    if reduction == "sum":
        return Fraction(1)
    if reduction == "mean":
        if problem.num_items is not None:
            return Fraction(problem.num_items)
        return Fraction(int(np.count_nonzero(problem.kept)))
    weight_sum: Divisor = Fraction(0)
    for _, part in parts(problem):
        weight_sum += _weights(part)
    return weight_sum


def nearest(number: Divisor) -> float:
    """The float64 nearest to a number; infinite beyond float64's range."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _weights(part: Problem) -> Divisor:
    """The sum of the kept samples' weights: sample_weight times class_weight[y], or times
    sum_c w_c t_c before smoothing (categorical); sample_weight alone for binary."""
    kept = part.kept
    weights = [_floats(part.sample_weight)[kept]] if part.sample_weight is not None else []
    if part.loss == "categorical":
        targets = _floats(part.labels)
        if not np.isfinite(targets).all():
            return math.nan
        classes = [] if part.class_weight is None else [_floats(part.class_weight)]
        factors = [w[:, None] for w in weights] + classes
        return exact_sum(targets, *(np.broadcast_to(w, targets.shape) for w in factors))
    if part.class_weight is not None and part.loss == "sparse_categorical":
        labels = part.labels[kept]
        inside = (labels >= 0) & (labels < part.num_classes)
        of_class = _floats(part.class_weight)[np.where(inside, labels, 0)]
        weights.append(np.where(inside, of_class, 1.0))
    return exact_sum(*weights) if weights else Fraction(int(np.count_nonzero(kept)))


def _floats(array: np.typing.NDArray[np.generic]) -> Float64s:
    return array.astype(np.float64)
