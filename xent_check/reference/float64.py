"""The reference of large problems: float64, a part at a time, with a proven error bound.

For logits x with m = max x at k, d_i = x_i - m, s = sum over i != k of exp(d_i):

    -log softmax(x)_j = log1p(s) + (m - x_j)

The values are exact in float64 (the dtype is narrower). With u = 2^-53, d_i errs by u abs(d_i);
exp underflows below d = -746, so each term errs by (746 + K) u times itself, or by 2^-1074. Summing
errs by (25 + log2 n) u more: rows of at most FEW classes are not contiguous and are added in any
order, n - 1 additions of numbers that are not negative, at most 15 u; longer rows are contiguous,
and NumPy sums those pairwise. log1p has a condition number below 1. No term is negative, so the
relative error of a loss is at most

    (746 + 2 K + 25 + log2 n + 8) u

plus n 2^-1074: about 2^-43, far below the 2^-34 that 1/1024 ulp of float32 asks for. K = 16 bounds
the errors of NumPy's float64 exp and log1p in units of u (measured: below 2).

Scores that are not exact: logits that a last layer makes of what is hidden are added up in float64,
each within (F + 1) u times the sum of the sizes of its F terms and the bias, in any order (Higham,
Accuracy and Stability of Numerical Algorithms, section 3.1), and 2^-1074 for each. A scale
multiplies that error and rounds once. cap tanh(x / cap) has a slope of at most 1 and a condition
number of at most 1: with two roundings before tanh and one after it, it errs by (K + 4) u times
itself. Where the scores of a sample err by at most e, its loss over classes errs by at most
2 e (1 - p) exp(2 e), p the probability of its label: where all others gain on it by 2 e, 1 - p
grows by exp(2 e) at most; and 1 - p is at most 1 and at most the loss. Each of the two terms of a
binary loss errs by half of that. e is at most 2^-10, so that exp(2 e) is below 1.002.

A z-loss adds z lse^2, with lse = m + log1p(s) and an error E of it of e, u abs(lse), and what
log1p(s) errs by: z (2 abs(lse) E + E^2 + 4 u lse^2). It is not negative, so nothing cancels.

From probabilities a loss is -w log p, and -w log1p(-p) of a binary one's other side: each has the
errors of its logarithm and products alone, and where binary adds two, neither is negative.

A total is the exact sum of the losses' enclosures divided by the exact divisor; its radius is the
sum of their radii divided by the divisor, rounded up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s
from xent_check.problem.last_layer import as_logits, layer_of
from xent_check.problem.parts import order_of
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Reduction

from .divisors import Divisor, nearest
from .enclosure import Enclosure, is_narrow
from .exact_sum import exact_sum
from .rounding import once

U = 2.0**-53
K = 16
_LARGEST_ERROR = 2.0**-10  # of a score
IN_CACHE = 2**17  # values in float64


def fast_losses(problem: Problem) -> Enclosure | None:
    """Every loss of a part. None where this form does not apply (float64, log-probabilities,
    probabilities that are normalized, soft or smoothed labels, negative weights), or is not narrow
    enough (scores far larger than their losses): then ball arithmetic must compute them."""
    if problem.dtype == "float64" or problem.given == "log_probs" or problem.normalize:
        return None
    if problem.loss == "categorical" or problem.label_smoothing:
        return None
    weights = (problem.class_weight, problem.sample_weight, problem.pos_weight)
    if any(w is not None and (w.astype(np.float64) < 0).any() for w in weights):
        return None
    errors: Float64s = np.zeros(())
    if problem.given == "hidden":
        with np.errstate(over="ignore"):
            errors = _largest_errors(problem).reshape(problem.samples_shape)
    return _enclosed(as_logits(problem), errors)


@dataclass(frozen=True, eq=False)
class _Computed:
    """Losses computed in float64, and what their errors depend on. Of the samples' shape."""

    losses: Float64s
    """with every weight and the z-loss"""
    cross_entropy: Float64s
    """with every weight, without the z-loss"""
    weight: Float64s
    """the largest factor of any log"""
    size: Float64s
    """the largest finite size of a scaled and capped score; 0 where scores are as given"""
    lse: Float64s
    """of the scores, where there is a z-loss; else 0"""
    tail: Float64s
    """lse less the largest score, likewise"""


def _enclosed(problem: Problem, errors: Float64s) -> Enclosure | None:
    """The losses of a part, given the errors of its logits: the largest of each sample."""
    with np.errstate(over="ignore", invalid="ignore"):
        computed = _binary(problem) if problem.loss == "binary" else _sparse(problem)
        if computed is None:
            return None
        n = 2 if problem.loss == "binary" else problem.num_classes
        relative = (746 + 2 * K + 25 + math.log2(n) + 8) * U
        losses, bound = computed.losses, np.abs(computed.losses)
        bound *= relative
        bound += n * 2.0**-1074
        as_given = not (_is_rescaled(problem) or problem.z_loss or errors.any())
        if not as_given:
            e = problem.logit_scale * errors + (K + 4) * U * computed.size
            e += (1 + (problem.softcap or 0.0)) * 2.0**-1074
            if not (e <= _LARGEST_ERROR).all():
                return None
            bound += 2.02 * e * np.minimum(computed.weight, np.abs(computed.cross_entropy))
            if problem.z_loss:
                bound += _z_error(problem, computed, e, relative)
    counts = problem.kept & np.isfinite(losses)
    zeros = np.broadcast_to(0.0, losses.shape)
    enclosure = Enclosure(losses, zeros, bound if counts.all() else np.where(counts, bound, 0.0))
    return enclosure if as_given or is_narrow(enclosure, problem.dtype) else None


def _is_rescaled(problem: Problem) -> bool:
    return problem.logit_scale != 1 or problem.softcap is not None


def _z_error(problem: Problem, computed: _Computed, e: Float64s, relative: float) -> Float64s:
    """What the z-loss errs by. e: the largest error of each sample's scores."""
    weight = 1.0 if problem.sample_weight is None else problem.sample_weight.astype(np.float64)
    size = np.abs(computed.lse)
    of_lse = 1.01 * (e + U * size + relative * computed.tail)
    return 1.01 * problem.z_loss * weight * (2 * size * of_lse + of_lse**2 + 4 * U * size**2)


def _largest_errors(problem: Problem) -> Float64s:
    """The most that a logit of each sample may err by, computed in float64."""
    hidden, weight, bias = layer_of(problem)
    sizes = np.abs(hidden) @ np.abs(weight).T + np.abs(np.where(np.isfinite(bias), bias, 0.0))
    features = hidden.shape[1]
    return np.asarray(1.01 * (features + 1) * (U * sizes.max(axis=1) + 2.0**-1074))


def fast_totals(
    losses: Enclosure, divisors: Mapping[Reduction, Divisor]
) -> dict[Reduction, Enclosure]:
    """Every total of the enclosed losses: their sum divided by its divisor."""
    if not divisors:
        return {}
    infinite = _infinite(losses.high)
    if infinite:
        return {r: _infinite_total(infinite, divisor) for r, divisor in divisors.items()}
    loss_sum = exact_sum(losses.high) + exact_sum(losses.low)
    radius = exact_sum(losses.radius)
    return {r: _total(loss_sum, radius, divisor) for r, divisor in divisors.items()}


def _infinite(losses: Float64s) -> float:
    """The sum of the losses where one is not finite: nan, inf or -inf; else 0."""
    if np.isfinite(losses).all():
        return 0.0
    if np.isnan(losses).any() or len(set(losses[np.isinf(losses)].tolist())) > 1:
        return math.nan
    return float(losses[np.isinf(losses)][0])


def _infinite_total(loss_sum: float, divisor: Divisor) -> Enclosure:
    undefined = isinstance(divisor, float) or divisor == 0
    value = math.nan if undefined else loss_sum if divisor > 0 else -loss_sum
    return Enclosure(np.asarray(value), np.zeros(()), np.zeros(()))


def _total(loss_sum: Fraction, radius: Fraction, divisor: Divisor) -> Enclosure:
    if isinstance(divisor, float) or divisor == 0:
        return Enclosure(np.asarray(math.nan), np.zeros(()), np.zeros(()))
    value = loss_sum / divisor
    high = nearest(value)
    if math.isinf(high):
        return Enclosure(np.asarray(high), np.zeros(()), np.zeros(()))
    low = nearest(value - Fraction(high))
    error = radius / abs(divisor) + abs(value - Fraction(high) - Fraction(low))
    upward = nearest(error)
    if Fraction(upward) < error:
        upward = math.nextafter(upward, math.inf)
    return Enclosure(np.asarray(high), np.asarray(low), np.asarray(upward))


def _sparse(problem: Problem) -> _Computed | None:
    """One loss per sample, computed for as many rows at once as the cache holds. None where a scale
    makes a score overflow."""
    n, labels = problem.num_classes, problem.labels
    losses, sizes, lse, tail = (np.zeros(len(labels)) for _ in range(4))
    if problem.given == "probs":
        return _with_weights(problem, _minus_log_of_label(problem), sizes, lse, tail)
    step = max(1, IN_CACHE // n)
    buffer = np.empty((min(step, len(labels)), n), order=order_of(n))
    for start in range(0, len(labels), step):
        chunk = slice(start, start + step)
        x = buffer[: len(labels[chunk])]
        x[...] = problem.values[chunk]
        if _is_rescaled(problem):
            if _overflows(problem, x):
                return None
            sizes[chunk] = np.max(np.abs(x), axis=1, initial=0.0, where=np.isfinite(x))
        losses[chunk], maximum, tail[chunk] = _row_losses(x, labels[chunk])
        lse[chunk] = maximum + tail[chunk]
    return _with_weights(problem, losses, sizes, lse, tail)


def _minus_log_of_label(problem: Problem) -> Float64s:
    """-log of each label's probability; nan where the label is no class."""
    labels = problem.labels
    inside = (labels >= 0) & (labels < problem.num_classes)
    p = problem.values[np.arange(len(labels)), np.where(inside, labels, 0)].astype(np.float64)
    with np.errstate(divide="ignore"):
        return np.where(inside, 0.0 - np.log(p), np.nan)


def _with_weights(
    problem: Problem, losses: Float64s, sizes: Float64s, lse: Float64s, tail: Float64s
) -> _Computed:
    """The losses of classes times their weights, with the z-loss; 0 where the label is ignored."""
    weight = np.ones(len(losses))
    if problem.class_weight is not None:
        inside = np.clip(problem.labels, 0, problem.num_classes - 1)
        weight = problem.class_weight.astype(np.float64)[inside]
        losses = weighted(losses, weight)
    cross_entropy = losses
    if problem.z_loss:
        losses = losses + problem.z_loss * lse**2
    if problem.sample_weight is not None:
        factors = problem.sample_weight.astype(np.float64)
        weight = weight * factors
        losses, cross_entropy = weighted(losses, factors), weighted(cross_entropy, factors)
    losses = np.where(problem.kept, losses, 0.0)
    return _Computed(losses, cross_entropy, weight, sizes, lse, tail)


def _overflows(problem: Problem, x: Float64s) -> bool:
    """Scale and cap the scores in place; whether a finite one overflows on the way."""
    infinite = np.isinf(x).sum()
    np.multiply(x, problem.logit_scale, out=x)
    if np.isinf(x).sum() != infinite:
        return True
    if problem.softcap is not None:
        np.divide(x, problem.softcap, out=x)
        np.tanh(x, out=x)
        np.multiply(x, problem.softcap, out=x)
    return False


def _row_losses(x: Float64s, labels: npt.NDArray[np.int64]) -> tuple[Float64s, Float64s, Float64s]:
    """The losses of rows of scores, their maxima, and the logs of their sums of exps less those."""
    at = np.arange(len(x))
    inside = (labels >= 0) & (labels < x.shape[1])
    at_label = x[at, np.where(inside, labels, 0)]
    top = np.argmax(x, axis=1)  # the first nan, if there is one
    maximum = x[at, top]
    with np.errstate(invalid="ignore"):
        np.subtract(x, maximum[:, None], out=x)
        np.exp(x, out=x)
        x[at, top] = 0.0
        tail = np.log1p(np.sum(x, axis=1))
        losses = tail + (maximum - at_label)
    return np.where(inside & np.isfinite(maximum), losses, np.nan), maximum, tail


def _logs_of_logits(z: Float64s) -> tuple[Callable[[], Float64s], Callable[[], Float64s]]:
    """-log p and -log(1 - p), each computed where it is called."""
    tail = np.abs(z)
    np.negative(tail, out=tail)
    np.exp(tail, out=tail)
    np.log1p(tail, out=tail)
    return lambda: tail - np.minimum(z, 0), lambda: tail + np.maximum(z, 0)


def _logs_of_probs(p: Float64s) -> tuple[Callable[[], Float64s], Callable[[], Float64s]]:
    """The same."""
    return lambda: 0.0 - np.log(p), lambda: 0.0 - np.log1p(-p)


def weighted(losses: Float64s, weights: Float64s) -> Float64s:
    """losses * weights, where 0 times an infinite loss is 0, but 0 times nan is nan."""
    if weights.size == 1 and weights.item() == 1:
        return losses
    with np.errstate(invalid="ignore"):
        product = losses * weights
    if weights.all():
        return product
    return np.where((weights == 0) & ~np.isnan(losses), 0.0, product)


def _binary(problem: Problem) -> _Computed | None:
    """pos_weight t (-log p) + (1 - t) (-log(1 - p)), -log sigmoid(z) = log1p(exp(-abs(z))) +
    max(-z, 0)."""
    t = once(problem.labels).astype(np.float64)
    if not ((t >= 0) & (t <= 1)).all():
        return None
    z = problem.values.astype(np.float64)
    size: Float64s = np.broadcast_to(0.0, z.shape)
    if _is_rescaled(problem):
        if _overflows(problem, z):
            return None
        size = np.where(np.isfinite(z), np.abs(z), 0.0)
    positive = t if problem.pos_weight is None else t * problem.pos_weight.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = _logs_of_probs(z) if problem.given == "probs" else _logs_of_logits(z)
        sides = ((logs[0], positive), (logs[1], 1 - t))
        counting = [side for side in sides if side[1].any()] or sides  # a nan is one on both
        products = [weighted(log(), factors) for log, factors in counting]
        losses = sum(products[1:], products[0])
    losses[z == np.inf] = np.nan
    weight = np.broadcast_to(positive + (1 - t), z.shape)
    if problem.sample_weight is not None:
        factors = problem.sample_weight.astype(np.float64)
        losses, weight = weighted(losses, factors), weight * factors
    zeros = np.broadcast_to(0.0, z.shape)
    return _Computed(losses, losses, weight, size, zeros, zeros)
