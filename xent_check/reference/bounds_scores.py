"""The errors of scores: logits that were scaled and capped in the dtype of the problem.

A score s errs by delta = r u abs(s), and by what the errors of its logit make of it where a last
layer has computed that (bounds_layer.py): they go through the largest slope on their way, where a
tanh has one at most exp(2 logit_scale error / softcap) times as large as at s. r counts the product
with the scale; with a softcap the quotient and the product with it, and kt of the tanh, whose
condition number is at most 1. A scale or a cap that is no number of the dtype is rounded to it each
time. With A the sum of the coefficients c of a sample, p its probabilities and d their mean delta,
sum p delta, the loss changes by at most

    sum of (abs(A p - c) + A min(1, p (exp(delta + d) - 1))) delta

because its derivative by s is A p - c, and no p grows by more than exp(delta + d) on the way, nor
beyond 1. Of a p that is 0 in float64 that may be all of 1: its log is what grows. The slope of a
score is logit_scale (1 - tanh^2), which errs by (2 kt + 8) u logit_scale absolutely where it is
computed from a rounded tanh, and by its change under the error of its logit.

kt is the largest measured relative error of the frameworks' tanh in units of u, rounded up: float32
torch 1.0, numpy 1.9, jax 4.8, tensorflow 5.8; float64 jax 6.9. That of 16-bit numbers is computed
in float32 and rounded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xent_check.problem.dtypes import Float64s, rounded
from xent_check.problem.problem import Problem
from xent_check.problem.scores import scores as exact
from xent_check.problem.vocabulary import DType

_KT = {"float16": 1.0, "bfloat16": 1.0, "float32": 7.0, "float64": 7.0}
_MOST = 700.0  # exp of it is still a float64
_FAR = 350.0  # and so is the square of cosh of this


@dataclass(frozen=True, eq=False)
class Scores:
    """Arrays of the logits' shape, or numbers."""

    values: Float64s
    """the scores, to the nearest few float64"""
    errors: Float64s
    """delta: the largest absolute error of each; 0 where logits are the scores"""
    slopes: Float64s
    """d score / d logit"""
    slope_error: Float64s | float
    """the largest absolute error of a slope, in units of u"""

    @property
    def rescaled(self) -> bool:
        """Whether the scores err, or are other numbers than the logits."""
        return self.errors.ndim > 0


def scores(problem: Problem, x: Float64s, u: float, errors: Float64s | None = None) -> Scores:
    """The scores of logits x, which may be infinite. u: the unit roundoff. errors: those of the
    logits, where they have any."""
    scale, cap, kt = problem.logit_scale, problem.softcap, _KT[problem.dtype]
    if scale == 1 and cap is None:
        ones = np.broadcast_to(1.0, x.shape)
        return Scores(x, np.zeros(()) if errors is None else errors, ones, 0.0)
    values, slopes, roundings = exact(problem, x), np.full(x.shape, scale), 0.0
    if scale != 1:
        roundings = 1 + _own(scale, problem.dtype)
    if cap is not None:
        slopes = scale / np.cosh(np.clip(x * scale / cap, -_FAR, _FAR)) ** 2  # 1 - tanh ** 2
        roundings += 2 + 2 * _own(cap, problem.dtype) + kt
    own = roundings * u * np.abs(np.where(np.isfinite(values), values, 0.0))
    if errors is not None:
        own = own + _steepest(problem, slopes, errors) * errors
    slope_error: Float64s | float = scale * (2 * kt + 8 if cap is not None else 2.0)
    if errors is not None:
        slope_error = slope_error + (_steepest(problem, slopes, errors) - slopes) / u
    return Scores(values, own, slopes, slope_error)


def _steepest(problem: Problem, slopes: Float64s, errors: Float64s) -> Float64s:
    """The largest slope within the error of each logit."""
    if problem.softcap is None:
        return slopes
    steeper = np.exp(np.minimum(2 * problem.logit_scale * errors / problem.softcap, _MOST))
    return np.asarray(np.minimum(slopes * steeper, problem.logit_scale))


def _own(number: float, dtype: DType) -> float:
    """How often the number itself is rounded: once, unless the dtype has it."""
    return float(rounded(np.asarray(number), dtype).astype(np.float64) != number)


def moved(scored: Scores, p: Float64s, log_p: Float64s) -> Float64s | float:
    """By how much each probability may change, at most: p (exp(delta + d) - 1) and 1; 0 where
    logits are the scores. p, log_p: the probabilities and their logs, [samples, classes]."""
    if not scored.rescaled:
        return 0.0
    change = scored.errors + (p * scored.errors).sum(axis=1, keepdims=True)
    small = p * np.expm1(np.minimum(change, 1.0))
    large = np.exp(np.minimum(log_p + change, 1.0)) - p
    return np.asarray(np.minimum(np.where(change <= 1, small, large), 1.0))
