"""The bound of losses over classes and of their gradients: the terms of a sample, in units of u."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .dtypes import Float64s, unit_roundoff
from .problem import Problem
from .rounding import KE, KL, sizes, summation

_CHUNK = 2**20  # values taken to float64 at once


def class_terms(problem: Problem) -> tuple[dict[str, Float64s], Float64s | None]:
    """The terms of every sample, a chunk of rows at a time."""
    n, count = problem.num_classes, int(np.prod(problem.samples_shape, dtype=np.int64))
    rows = np.moveaxis(problem.values, problem.class_axis, -1).reshape(-1, n)
    soft = None
    if problem.loss == "categorical":
        soft = np.moveaxis(problem.labels, problem.class_axis, -1).reshape(-1, n)
    labels = problem.labels.reshape(-1) if soft is None else np.zeros(count, dtype=np.int64)
    scale = sizes(problem.sample_weight, count)
    step = max(1, _CHUNK // max(n, 1))
    parts: list[dict[str, Float64s]] = []
    entries: list[Float64s] = []
    for start in range(0, count, step):
        chunk = slice(start, start + step)
        weights = _coefficients(problem, labels[chunk], None if soft is None else soft[chunk])
        weights = np.abs(weights) * scale[chunk, None]
        x = rows[chunk].astype(np.float64)
        with np.errstate(all="ignore"):
            make = _from_logits if problem.given == "logits" else _from_others
            terms, gradient = make(problem, x, weights)
        parts.append(terms)
        if problem.gradient:
            cotangent = sizes(problem.cotangent, count)[chunk, None]
            entries.append(np.nan_to_num(gradient, nan=0.0, posinf=0.0) * cotangent)
    names = parts[0] if parts else {}
    joined = {
        name: np.nan_to_num(np.concatenate([p[name] for p in parts]), nan=0.0, posinf=0.0).reshape(
            problem.samples_shape
        )
        for name in names
    }
    if not problem.gradient:
        return joined, None
    whole = np.concatenate([np.empty((0, n)), *entries]).reshape((*problem.samples_shape, n))
    return joined, np.moveaxis(whole, -1, problem.class_axis)


def _coefficients(
    problem: Problem, labels: npt.NDArray[np.int64], soft: npt.NDArray[np.generic] | None
) -> Float64s:
    """w (t (1 - e) + e / n) of each sample and class."""
    n, e = problem.num_classes, problem.label_smoothing
    if soft is None:
        targets = np.equal(labels[:, None], np.arange(n)).astype(np.float64)
    else:
        targets = soft.astype(np.float64)
    if e:
        targets = targets * (1 - e) + e / n
    if problem.class_weight is not None:
        targets = targets * problem.class_weight.astype(np.float64)
    coefficients: Float64s = targets
    return coefficients


def _from_logits(
    problem: Problem, x: Float64s, c: Float64s
) -> tuple[dict[str, Float64s], Float64s]:
    n, whole = x.shape[1], c.sum(axis=1)
    gap = x.max(axis=1, keepdims=True) - x
    exps = np.exp(-gap)
    total = exps.sum(axis=1, keepdims=True)
    p, log_sum = exps / total, np.log(total[:, 0])
    finite_gap = np.where(np.isinf(gap), 0.0, gap)
    entropy = (p * finite_gap).sum(axis=1)
    terms = {
        "gap": (c * finite_gap).sum(axis=1),
        "shift": whole * entropy,
        "exp": whole * KE,
        "sum": whole * summation(n),
        "log": whole * KL * log_sum,
    }
    terms["targets"] = _target_sum(c, finite_gap + log_sum[:, None])
    shared = (entropy + summation(n) + (1 + KL) * log_sum + 2 * KE + 4)[:, None]
    spread = p * (2 * finite_gap + shared) * whole[:, None]
    return terms, spread + np.abs(whole[:, None] * p - c) + 3 * c


def _from_others(
    problem: Problem, x: Float64s, c: Float64s
) -> tuple[dict[str, Float64s], Float64s]:
    """From probabilities the log is taken, and their sum may be divided by; from log-probabilities
    there is only a sum."""
    n, whole = x.shape[1], c.sum(axis=1)
    if problem.given == "log_probs":
        return {"targets": np.abs(c * np.where(c == 0, 0.0, x)).sum(axis=1) + whole * 0}, 2 * c
    total = x.sum(axis=1)
    logs = np.where((c == 0) | (x == 0), 0.0, np.abs(np.log(np.where(x > 0, x, 1.0))))
    terms = {
        "log": KL * (c * logs).sum(axis=1),
        "exp": whole * (KE + KL),
        "sum": whole * (summation(n) + 2),
        "targets": _target_sum(c, logs),
    }
    if problem.normalize is None:  # they sum to 1 but for their rounding: dividing is a choice
        terms["renormalise"] = whole * np.abs(np.log(total)) / unit_roundoff(problem.dtype)
    entry = np.abs(c / x)
    shared = whole[:, None] * (4 + summation(n)) / np.maximum(total, 1e-300)[:, None]
    return terms, 6 * np.where(c == 0, 0.0, entry) + (shared if problem.normalize else 0.0)


def _target_sum(c: Float64s, losses: Float64s) -> Float64s:
    """Multiplying by targets and weights and adding up over the classes: nothing for one-hot."""
    several = (c > 0).sum(axis=1)
    parts = np.where(several > 1, summation(c.shape[1]) + 3.0, 1.0)
    return np.asarray(parts * (c * losses).sum(axis=1))
