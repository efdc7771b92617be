"""The reference of large problems: float64, a row at a time, with a proven error bound.

For logits x with m = max x at k, d_i = x_i - m, s = sum over i != k of exp(d_i):

    -log softmax(x)_j = log1p(s) + (m - x_j)

The values are exact in float64 (the dtype is narrower). With u = 2^-53: d_i is within u abs(d_i);
exp underflows below d = -746, so each term is within (746 + K) u of itself, or 2^-1074; NumPy's
pairwise sum adds at most (25 + log2 n) u; log1p has a condition number below 1. Every term is 0
or more where the coefficients are, so the relative error of a loss is at most

    (746 + 2 K + 25 + log2 n + 8) u

plus n 2^-1074: about 2^-43, far below the 2^-34 that 1/1024 ulp of float32 asks for. K = 16 bounds
the errors of NumPy's float64 exp and log1p in units of u (measured: below 2).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from .dtypes import Float64s
from .enclosure import Enclosure
from .problem import Problem
from .words import Reduction

_U = 2.0**-53
_K = 16
_THREADS = 2


def fast_losses(problem: Problem) -> Enclosure | None:
    """Every loss; None where this form does not apply (float64, probabilities, soft or smoothed
    labels, negative weights) and ball arithmetic must do it."""
    if problem.dtype == "float64" or problem.given != "logits":
        return None
    if problem.loss == "categorical" or problem.label_smoothing:
        return None
    weights = (problem.class_weight, problem.sample_weight, problem.pos_weight)
    if any(w is not None and (w.astype(np.float64) < 0).any() for w in weights):
        return None
    losses = _binary(problem) if problem.loss == "binary" else _sparse(problem)
    if losses is None:
        return None
    n = 2 if problem.loss == "binary" else problem.num_classes
    relative = (746 + 2 * _K + 25 + math.log2(n) + 8) * _U
    finite = np.isfinite(losses)
    bound = np.abs(np.where(finite, losses, 0.0)) * relative + n * 2.0**-1074
    return Enclosure(losses, np.zeros_like(losses), np.where(finite, bound, 0.0))


def fast_totals(
    losses: Enclosure, divisors: Mapping[Reduction, float]
) -> dict[Reduction, Enclosure]:
    """Totals of enclosed losses: fsum is correctly rounded, the radii add up."""
    flat = losses.high.reshape(-1)
    with np.errstate(invalid="ignore"):
        summed = math.fsum(flat) if np.isfinite(flat).all() else float(np.sum(flat))
    radius = math.fsum(losses.radius.reshape(-1)) * (1 + 2.0**-40) + abs(summed) * _U
    return {r: _total(summed, radius, divisor) for r, divisor in divisors.items()}


def _total(summed: float, radius: float, divisor: float) -> Enclosure:
    if divisor == 0 or not math.isfinite(divisor) or not math.isfinite(summed):
        value = math.nan if divisor == 0 or not math.isfinite(divisor) else summed / divisor
        return Enclosure(np.asarray(value), np.zeros(()), np.zeros(()))
    value = summed / divisor
    # the divisor itself is exact but for 1 u: it is a count, or an arb rounded to float64
    total_radius = radius / abs(divisor) * (1 + 2.0**-40) + 4 * abs(value) * _U
    return Enclosure(np.asarray(value), np.zeros(()), np.asarray(total_radius))


def _sparse(problem: Problem) -> Float64s:
    """One loss per sample: rows in parallel, each in buffers that stay in the cache."""
    rows = np.moveaxis(problem.values, problem.class_axis, -1).reshape(-1, problem.num_classes)
    labels = problem.labels.reshape(-1)
    kept = problem.kept.reshape(-1)
    losses = np.zeros(len(labels))
    chunks = np.array_split(np.arange(len(labels)), _THREADS)

    def work(chunk: npt.NDArray[np.intp]) -> None:
        buffer = np.empty(problem.num_classes)
        for i in chunk:
            if kept[i]:
                losses[i] = _row_loss(rows[i], int(labels[i]), buffer)

    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(work, chunks))
    if problem.class_weight is not None:
        inside = np.clip(labels, 0, problem.num_classes - 1)
        losses = _weighted(losses, problem.class_weight.astype(np.float64)[inside])
    losses = losses.reshape(problem.samples_shape)
    if problem.sample_weight is not None:
        losses = _weighted(losses, problem.sample_weight.astype(np.float64))
    return np.where(problem.kept, losses, 0.0)


def _row_loss(row: npt.NDArray[np.generic], label: int, buffer: Float64s) -> float:
    if not 0 <= label < len(row):
        return math.nan
    buffer[:] = row
    top = int(np.argmax(buffer))  # the first nan, if there is one
    maximum = float(buffer[top])
    if not math.isfinite(maximum):
        return math.nan
    picked = float(buffer[label])
    np.subtract(buffer, maximum, out=buffer)
    np.exp(buffer, out=buffer)
    buffer[top] = 0.0
    return float(np.log1p(np.sum(buffer))) + (maximum - picked)


def _weighted(losses: Float64s, weights: Float64s) -> Float64s:
    """losses * weights; a weight of 0 drops an infinite loss, never a nan."""
    with np.errstate(invalid="ignore"):
        product = losses * weights
    return np.where((weights == 0) & ~np.isnan(losses), 0.0, product)


def _binary(problem: Problem) -> Float64s | None:
    """(pos_weight t + 1 - t) log1p(exp(-abs(z))) + pos_weight t max(-z, 0) + (1 - t) max(z, 0)."""
    t = problem.labels.astype(np.float64)
    if not ((t >= 0) & (t <= 1)).all():
        return None
    z = problem.values.astype(np.float64)
    positive = t if problem.pos_weight is None else t * problem.pos_weight.astype(np.float64)
    with np.errstate(invalid="ignore"):
        tail = np.log1p(np.exp(-np.abs(z)))
        losses = _weighted(tail + np.maximum(-z, 0), positive)
        losses += _weighted(tail + np.maximum(z, 0), 1 - t)
    losses[np.isposinf(z)] = np.nan
    if problem.sample_weight is not None:
        losses = _weighted(losses, problem.sample_weight.astype(np.float64))
    return losses
