"""The bounds of totals: how wrong a sum or mean of losses may be where it is added up well.

A total T = (sum of the losses l_i) / divisor, of N losses, is within

    [ sum of the bounds of the losses + h(N) u_add sum abs(l_i) + d abs(T) ] / abs(divisor)
    + r u abs(T)

of the exact one. u_add is the unit roundoff of the dtype of the additions: float32 for 16-bit
losses, since in their dtype h(N) u reaches 1 at a few thousand losses, where it would be no bound;
otherwise the dtype of the losses. d, for a divisor that is a sum of weights w_i, is
(k u + (h(n) + h(N)) u_add) times the sum of abs(w_i), where each w_i has k products and is a sum of
n numbers. r roundings store the result: one for a sum, three for a mean, whose sum and divisor are
stored before the quotient is.

The gradient of a total is that of the sum over the divisor: an entry g of the sum, with the bound
b, is within (b + (d + r u) abs(g)) / abs(divisor) of the exact one. 1 / divisor is rounded, and so
is the product with it; either may be flushed to 0.

h(N) is the number of additions that a number goes through: N - 1 one after another, which a float64
sum is allowed. In the lanes of a vector unit and blocks of a fixed size, whose sums are added in
pairs, it is that of a sum of float32 (rounding.py) up to 8 lanes of 1,024 numbers, and log2 of the
number of such blocks more. TensorFlow (Eigen's tree reduction) has the largest blocks of those that
were measured; NumPy's hold 128 numbers, torch adds in a cascade. Adding one float32 number after
another exceeds this bound from some 100,000 losses on: tf.reduce_sum compiled by XLA for the CPU is
off by 0.6% of the sum of 10,000,000 equal numbers in float32, where 0.006% is allowed.

Source: Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, 2002, chapter 4:
(4.4) and (4.6), an addition tree errs by its depth times u sum abs(l_i), to first order.
"""

from __future__ import annotations

import math

import numpy as np

from xent_check.problem.dtypes import Float64s, unit_roundoff
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DType, Reduction

from .enclosure import Enclosure
from .reference import Reference
from .rounding import FLUSHED, LARGEST, added_in, capped, summation

LANES, BLOCK = 8, 1024
Bounded = tuple[Enclosure, Float64s]  # a gradient and the bound of each entry


def blocks(n: int, dtype: DType) -> float:
    """h(n) of n numbers that are added in a dtype, float32 or float64; those of float32 in blocks
    of LANES x BLOCK, the blocks' sums in pairs."""
    if dtype == "float64":
        return summation(n, dtype)
    block = LANES * BLOCK
    return summation(min(n, block), dtype) + max(0.0, math.ceil(math.log2(max(n, 1) / block)))


def total_bound(
    problem: Problem, reference: Reference, losses: Float64s, reduction: Reduction
) -> float:
    """The bound of one total, with one number that is flushed to 0; that number alone where the
    divisor is 0 or not finite. losses: the bounds of the losses."""
    with np.errstate(over="ignore"):  # beyond float64, its largest number is the bound
        bound = min(_total_bound(problem, reference, losses, reduction), LARGEST)
    return bound + FLUSHED[problem.dtype]


def _total_bound(
    problem: Problem, reference: Reference, losses: Float64s, reduction: Reduction
) -> float:
    divisor = abs(reference.divisors[reduction])
    if divisor == 0 or not math.isfinite(divisor):
        return 0.0
    u, u_add = unit_roundoff(problem.dtype), unit_roundoff(added_in(problem.dtype))
    adding = blocks(losses.size, added_in(problem.dtype)) * u_add
    exact = reference.losses.high
    sizes = np.abs(np.where(np.isfinite(exact), exact, 0.0))
    total = abs(float(reference.totals[reduction].high))
    total = total if math.isfinite(total) else 0.0
    sum_error = (float(losses.sum()) + float((adding * sizes).sum())) / divisor
    if reduction == "sum":
        return sum_error + u * total
    return sum_error + (_divisor_error(problem, reduction, divisor, u) + 3 * u) * total


def gradient_bound(
    problem: Problem, reference: Reference, of_sum: Bounded, reduction: Reduction, dtype: DType
) -> Float64s:
    """The bound of every entry of a total's gradient, the divisor not 0.

    of_sum: the gradient of the sum of the losses, and its bound. dtype: that of the computation.
    """
    gradient, bound = of_sum
    divisor, u = abs(reference.divisors[reduction]), unit_roundoff(dtype)
    exact = gradient.high
    size = np.abs(np.where(np.isfinite(exact), exact, 0.0))
    roundings = 3 * u if reduction != "sum" else 0.0
    relative = roundings + _divisor_error(problem, reduction, divisor, u)
    with np.errstate(over="ignore"):
        return capped((bound + relative * size) / divisor + FLUSHED[problem.dtype] * (1 + size))


def _divisor_error(problem: Problem, reduction: Reduction, divisor: float, u: float) -> float:
    """The relative error of a divisor that is a sum of weights; of a count 0."""
    if reduction != "weighted_mean":
        return 0.0
    u_add = unit_roundoff(added_in(problem.dtype))
    weights, products, additions = _weights(problem)
    error = products * u + (additions + blocks(weights.size, added_in(problem.dtype))) * u_add
    return error * float(weights.sum()) / divisor


def _weights(problem: Problem) -> tuple[Float64s, float, float]:
    """abs(w_i) of every sample, the weights in the divisor of weighted_mean (sample_weight times
    class_weight[y], or times sum_c w_c t_c); the number of products in one, and h of its sum."""
    weights, products, additions = np.ones(problem.samples_shape), 0.0, 0.0
    if problem.loss == "sparse_categorical" and problem.class_weight is not None:
        labels = np.clip(problem.labels, 0, problem.num_classes - 1)
        weights = np.abs(problem.class_weight.astype(np.float64))[labels]
    if problem.loss == "categorical":
        rows = np.abs(np.moveaxis(problem.labels, problem.class_axis, -1).astype(np.float64))
        if problem.class_weight is not None:
            rows = rows * np.abs(problem.class_weight.astype(np.float64))
        additions = summation(problem.num_classes, added_in(problem.dtype))
        weights, products = rows.sum(axis=-1), 2.0
    if problem.sample_weight is not None:
        weights = weights * np.abs(problem.sample_weight.astype(np.float64))
        products += 1
    return np.where(problem.kept, weights, 0.0), products, additions
