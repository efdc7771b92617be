"""The bound of binary losses, and of their gradients: the terms of one element in units of u."""

from __future__ import annotations

import numpy as np

from .dtypes import Float64s
from .problem import Problem
from .rounding import KE, KL, sizes


def binary_terms(problem: Problem) -> tuple[dict[str, Float64s], Float64s | None]:
    """max(z, 0) - z t + log1p(exp(-abs(z))) and its like: the gap is abs(z)."""
    shape = problem.values.shape
    x, t = problem.values.astype(np.float64), problem.labels.astype(np.float64)
    e = problem.label_smoothing
    t = t * (1 - e) + e / 2 if e else t
    weight = sizes(problem.sample_weight, x.size).reshape(shape)
    positive = np.abs(t) * weight
    if problem.pos_weight is not None:
        positive = positive * np.abs(problem.pos_weight.astype(np.float64))
    rest = np.abs(1 - t) * weight
    whole = positive + rest
    with np.errstate(all="ignore"):
        if problem.given == "logits":
            size = np.where(np.isfinite(x), np.abs(x), 0.0)
            small = np.exp(-size)
            terms = {
                "gap": 2 * whole * size,
                "exp": whole * (KE + 1) * small,
                "log": whole * (KL + 1) * np.log1p(small),
            }
            entry = whole * (KE + 4)
        elif problem.given == "probs":
            logs = positive * np.abs(_log(x)) + rest * np.abs(_log(1 - x))
            terms = {"log": (KL + 1) * logs, "complement": rest}
            entry = 6 * (_ratio(positive, x) + 2 * _ratio(rest, 1 - x))
        else:
            p = np.exp(np.minimum(x, 0.0))
            logs = positive * np.abs(x) + rest * np.abs(_log(1 - p))
            odds = _ratio(rest * p, 1 - p)
            terms = {"log": (KL + 1) * logs, "complement": (KE + 1) * odds}
            entry = 6 * (positive + odds * (1 + _ratio(p, 1 - p)))
    terms = {k: np.nan_to_num(v, nan=0.0, posinf=0.0) for k, v in terms.items()}
    if not problem.gradient:
        return terms, None
    cotangent = sizes(problem.cotangent, x.size).reshape(shape)
    return terms, np.nan_to_num(entry, nan=0.0, posinf=0.0) * cotangent


def _log(p: Float64s) -> Float64s:
    return np.where(p > 0, np.log(np.where(p > 0, p, 1.0)), 0.0)


def _ratio(over: Float64s, under: Float64s) -> Float64s:
    return np.where((over == 0) | (under == 0), 0.0, over / np.where(under == 0, 1.0, under))
