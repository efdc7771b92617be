"""-log p of every class under the choices of a meaning, in float64; formulas that rounding breaks
are computed in the meaning's dtype."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s, numpy_dtype

from .meaning import Meaning
from .normalisers import top as top_of

Array = npt.NDArray[Any]


def scores_of(meaning: Meaning) -> Float64s:
    """The scores as the activation gets them: logits scaled and capped."""
    x, cap = meaning.scores, meaning.softcap
    if meaning.activation == "none":
        return x
    with np.errstate(over="ignore"):  # beyond float64 it is infinite
        if not np.isscalar(meaning.logit_scale) or meaning.logit_scale != 1:
            x = x * meaning.logit_scale
        return x if cap is None else np.asarray(cap * np.tanh(x / cap))


def minus_log_classes(meaning: Meaning) -> Float64s:
    """-log p of every sample and class. Shape: the scores'."""
    x = scores_of(meaning)
    if meaning.formula != "exact":
        return np.minimum(_emulated(meaning), -meaning.log_clamp)
    if meaning.normaliser is not None:
        m, s = meaning.normaliser(x)
        return np.asarray(np.log(s) + (m - x))
    if meaning.is_log and meaning.activation == "none":
        return -x
    if meaning.activation == "softmax":
        for _ in range(meaning.activated - 1):
            x = np.exp(-_neg_log_softmax(x))
        minus_log = _neg_log_softmax(x)
        if not _changes_probabilities(meaning):
            return minus_log
        p = np.exp(-minus_log)
    elif meaning.activation == "sigmoid":
        if not _changes_probabilities(meaning) and not meaning.renormalise:
            return np.logaddexp(0, -x)
        p = 1 / (1 + np.exp(-x))
    else:
        p = x
    return _minus_log(meaning, p)


def minus_log_binary(meaning: Meaning) -> tuple[Float64s, Float64s]:
    """-log p and -log(1 - p) of every element. Shape: the scores'."""
    x = scores_of(meaning)
    if meaning.sigmoid_logs is not None:
        return meaning.sigmoid_logs(x)
    if meaning.activation == "sigmoid":
        if meaning.formula != "exact":
            low = x.astype(numpy_dtype(meaning.dtype))
            one = low.dtype.type(1)
            p = one / (one + np.exp(-low))
            return _minus_log_of(p), _minus_log_of(one - p)
        for _ in range(meaning.activated - 1):
            x = 1 / (1 + np.exp(-x))
        if not _changes_probabilities(meaning) and meaning.take_log:
            x = np.where(x == np.inf, np.nan, x)  # a +inf logit has no probability
            return np.logaddexp(0, -x), np.logaddexp(0, x)
        p = 1 / (1 + np.exp(-x))
    elif meaning.is_log:
        if meaning.formula != "exact":
            p = np.exp(x.astype(numpy_dtype(meaning.dtype)))
            return _minus_log_of(p), _minus_log_of(p.dtype.type(1) - p)
        if not _changes_probabilities(meaning) and meaning.take_log:
            small = np.log1p(-np.exp(x))
            return -x, -np.where(x > -0.69, np.log(-np.expm1(x)), small)
        p = np.exp(x)
    else:
        p = x
    if not meaning.take_log:
        return -p, -(1 - p)
    if meaning.clip:
        p = clipped(meaning, p)
    e, clamp = meaning.log_epsilon, meaning.log_clamp
    log_not = np.log(1 - p + e) if e else np.log1p(-p)
    return -np.maximum(np.log(p + e), clamp), -np.maximum(log_not, clamp)


def _changes_probabilities(meaning: Meaning) -> bool:
    return bool(meaning.clip or meaning.log_epsilon or not math.isinf(meaning.log_clamp))


def _minus_log(meaning: Meaning, p: Float64s) -> Float64s:
    """-log p with the meaning's clipping, division by the sum, epsilon and clamp."""
    if meaning.renormalise and not _changes_probabilities(meaning):
        return _minus_log_share(p)
    if meaning.clip and not meaning.clip_after:
        p = clipped(meaning, p)
    if meaning.renormalise:
        p = p / p.sum(axis=1, keepdims=True)
    if meaning.clip and meaning.clip_after:
        p = clipped(meaning, p)
    return -np.maximum(np.log(p + meaning.log_epsilon), meaning.log_clamp)


def _minus_log_share(p: Float64s) -> Float64s:
    """-log(p / sum p) as log1p((sum of the others) / p), which is accurate where p is nearly the
    sum; above 64 classes as log(sum p / p)."""
    n = p.shape[1]
    if n > 64:
        return np.asarray(np.log(p.sum(axis=1, keepdims=True) / p))
    finite = np.isfinite(p).all(axis=1, keepdims=True)
    others = np.where(finite, p, 0.0) @ (1.0 - np.eye(n))
    rest = np.where(finite, others, p.sum(axis=1, keepdims=True) - p)
    return np.asarray(np.log1p(rest / p))


def clipped(meaning: Meaning, p: Float64s) -> Float64s:
    """The probabilities clipped to the meaning's range."""
    low, high = clip_range(meaning)
    return np.maximum(p, low) if meaning.clip_low_only else np.clip(p, low, high)


def clip_range(meaning: Meaning) -> tuple[float, float]:
    """The ends of the clipping range, rounded to the dtype that clips."""
    dtype = numpy_dtype(meaning.clip_dtype).type
    return float(dtype(meaning.clip)), float(dtype(1) - dtype(meaning.clip))


def _neg_log_softmax(x: Float64s) -> Float64s:
    if not x.size:
        return x
    top = x.max(axis=1, keepdims=True)
    at = x.argmax(axis=1)
    exps = np.exp(x - top)
    exps[np.arange(len(x)), at] = np.where(np.isfinite(top[:, 0]), 0.0, np.nan)
    return np.asarray(np.log1p(exps.sum(axis=1, keepdims=True)) + (top - x))


def neg_log_softmax(x: Float64s) -> Float64s:
    """-log softmax over the last axis."""
    with np.errstate(all="ignore"):
        return _neg_log_softmax(x)


def log_sum_exp(meaning: Meaning) -> Float64s:
    """log sum exp of the scores of each sample, by the meaning's normaliser; of a row that is all
    masked -inf."""
    x = scores_of(meaning)
    if meaning.formula.startswith("unshifted"):
        exps = np.exp(x.astype(numpy_dtype(meaning.dtype)))
        return np.asarray(np.log(exps.sum(axis=1)).astype(np.float64))
    if meaning.normaliser is not None:
        m, s = meaning.normaliser(x)
        return np.asarray((m + np.log(s))[:, 0])
    top = top_of(x)
    return np.asarray((top + np.log(np.exp(x - top).sum(axis=1, keepdims=True)))[:, 0])


def _emulated(meaning: Meaning) -> Float64s:
    """-log p by a formula that rounding breaks, computed in the meaning's dtype."""
    x = scores_of(meaning).astype(numpy_dtype(meaning.dtype))
    if meaning.formula == "log-sum-exp minus logit":
        top = x.max(axis=1, keepdims=True)
        log_sum_exp = top + np.log(np.exp(x - top).sum(axis=1, keepdims=True))
        return np.asarray((log_sum_exp - x).astype(np.float64))
    shifted = meaning.formula == "log of probability"
    exps = np.exp(x - x.max(axis=1, keepdims=True)) if shifted else np.exp(x)
    p = exps / exps.sum(axis=1, keepdims=True)
    if meaning.formula == "unshifted, divided twice":
        p = p / p.sum(axis=1, keepdims=True)
    return _minus_log_of(p)


def _minus_log_of(p: Array) -> Float64s:
    """-log p, computed in p's dtype."""
    return np.asarray(-np.log(p).astype(np.float64))
