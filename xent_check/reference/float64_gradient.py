"""The reference of large problems' gradients: float64, a part at a time, with a proven error bound.

Of a hard label y and logits x, with m = max x, e_j = exp(x_j - m) and S the sum of all e:

    d loss / d x_j = e_j / S for j other than y, and -(the sum of e without e_y) / S for y

and of binary, with s = exp(-abs(z)): 1 / (1 + s) and s / (1 + s), signed by the target. No term is
subtracted from another, so every relative error is that of its factors. In units of u = 2^-53, with
the constants of float64.py: an exponent x_j - m errs by u abs(x_j - m), at most 746 before exp
underflows, exp by K, a sum by 25 + log2 n; numerator, denominator, quotient and the products with
at most three weights make

    2 (746 + K + 25 + log2 n) + 8

which is below 2^-42, where 1/1024 ulp of float32 asks for 2^-34. Each exp that underflows adds at
most 2^-1074, times the weights. From probabilities the gradient is -w / p_y, or w / (1 - p): two
roundings.
"""

from __future__ import annotations

import math

import numpy as np

from xent_check.problem.dtypes import Float64s
from xent_check.problem.parts import order_of
from xent_check.problem.problem import Problem

from .enclosure import Enclosure
from .float64 import IN_CACHE, K, U, weighted

_PLAIN = frozenset({"class_weight", "sample_weight", "ignore_index", "num_items"})


def fast_gradient(problem: Problem) -> Enclosure | None:
    """The gradient of a part, of the shape of its values. None where this form does not apply
    (float64, log-probabilities, soft labels, further options): then ball arithmetic must."""
    if problem.dtype == "float64" or problem.loss == "categorical":
        return None
    if problem.given not in ("logits", "probs") or problem.options - _PLAIN or problem.normalize:
        return None
    binary = problem.loss == "binary"
    if binary and not np.isin(problem.labels.astype(np.float64), (0.0, 1.0)).all():
        return None
    weights = _weights(problem)
    forms = {
        ("binary", "logits"): _binary_from_logits,
        ("binary", "probs"): _binary_from_probs,
        ("sparse_categorical", "logits"): _classes_from_logits,
        ("sparse_categorical", "probs"): _classes_from_probs,
    }
    entries = forms[problem.loss, problem.given](problem, weights)
    n = 1 if binary else problem.num_classes
    if not binary:
        weights = weights[:, None]
    relative = (2 * (746 + K + 25 + math.log2(2 * n)) + 8) * U
    finite = np.isfinite(entries)
    bound = np.where(finite, np.abs(entries), 0.0) * relative
    bound += (n + 2) * 2.0**-1074 * np.maximum(1.0, np.abs(weights))
    return Enclosure(entries, np.broadcast_to(0.0, entries.shape), np.where(finite, bound, 0.0))


def _weights(problem: Problem) -> Float64s:
    """What each sample's loss is multiplied by. Shape: the samples'."""
    weights = np.ones(problem.samples_shape)
    if problem.class_weight is not None:
        inside = np.clip(problem.labels, 0, problem.num_classes - 1)
        weights *= problem.class_weight.astype(np.float64)[inside]
    for factor in (problem.sample_weight, problem.cotangent):
        if factor is not None:
            weights *= factor.astype(np.float64)
    return weights


def _binary_from_logits(problem: Problem, weights: Float64s) -> Float64s:
    z, on_one = problem.values.astype(np.float64), problem.labels != 0
    small = np.exp(-np.abs(z))
    towards = np.where(on_one, -z, z)  # the gradient is sigmoid of it, signed
    entries = np.where(towards >= 0, 1.0, small) / (1 + small) * np.where(on_one, -1.0, 1.0)
    entries[np.isposinf(z)] = np.nan
    return weighted(entries, weights)


def _binary_from_probs(problem: Problem, weights: Float64s) -> Float64s:
    p, on_one = problem.values.astype(np.float64), problem.labels != 0
    with np.errstate(divide="ignore"):
        entries = np.where(on_one, -1.0, 1.0) / np.where(on_one, p, 1 - p)
    return weighted(entries, weights)


def _classes_from_logits(problem: Problem, weights: Float64s) -> Float64s:
    n, labels = problem.num_classes, problem.labels
    entries = np.empty((len(labels), n), order=order_of(n))
    step = max(1, IN_CACHE // n)
    for start in range(0, len(labels), step):
        at = slice(start, start + step)
        x, label = problem.values[at].astype(np.float64, order=order_of(n)), labels[at]
        row, inside = np.arange(len(x)), (label >= 0) & (label < n)
        y = np.where(inside, label, 0)
        maximum = x.max(axis=1)
        with np.errstate(invalid="ignore"):
            exps = np.exp(x - maximum[:, None])
        at_label = exps[row, y]
        exps[row, y] = 0.0
        others = exps.sum(axis=1)
        exps[row, y] = -others
        exps /= (others + at_label)[:, None]
        exps[~(inside & np.isfinite(maximum))] = np.nan
        entries[at] = weighted(exps, weights[at, None])
    entries[~problem.kept] = 0.0
    return entries


def _classes_from_probs(problem: Problem, weights: Float64s) -> Float64s:
    n, labels = problem.num_classes, problem.labels
    entries, row = np.zeros((len(labels), n)), np.arange(len(labels))
    inside = (labels >= 0) & (labels < n)
    y = np.where(inside, labels, 0)
    with np.errstate(divide="ignore"):
        entries[row, y] = weighted(-1 / problem.values[row, y].astype(np.float64), weights)
    entries[~inside | np.isnan(entries[row, y])] = np.nan
    entries[~problem.kept] = 0.0
    return entries
