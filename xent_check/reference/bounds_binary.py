"""The bound of binary losses and of their gradients.

With s = exp(-abs(z)), p = sigmoid(z), q = 1 - p, t the target after smoothing, w the positive
weight, b = w t, r = 1 - t (all with the sample's weight in them, and their size alone), a = t and
W = b + r, these are the forms of the loss from logits in use:

    b softplus(-z) + r softplus(z)                       jax, optax, NumPy
    max(z, 0) - z t + log1p(s)                           tf, Keras
    r z + v log1p(s) + v max(-z, 0), v = 1 + (w - 1) t   torch; tf with a positive weight
    softplus(z) - z t                                    written by hand

softplus(z) = max(z, 0) + log1p(s). Each has W ((ke + 1) s + (kl + 1) log1p(s)) in it, and stores a
number as large as W abs(z) (`gap`). A soft target adds two roundings of a product as large, r z of
the third form or z t of the fourth, which stay where the terms cancel: 2 W abs(z); and one of each
product of the first (`targets`). Smoothing is off by 3 u t, times its factors, w softplus(-z) and
softplus(z). The third form's v gathers 3 u W, and is multiplied and added: 4 W softplus(-z) where t
is not 0. For w below 1 its 1 + (w - 1) t cancels, which loses u beside w: that is meant to exceed
the bound.

Gradients from logits:

    b exp(-z - softplus(-z)) and r exp(z - softplus(z))  jax, optax
    r - v / (1 + s), or 1 - t - s / (1 + s), by sign     tf, Keras
    W p - b                                              torch

The first has what its exponent lost as its relative error: abs(z) + (kl + 3) log1p(s) + (ke + 1) s,
from storing softplus(z), and taking it from z. The third loses W p (ke + 6) for a sigmoid
and its product, and 2 b for b and the difference. The second, with a positive weight, cancels
constants of size W: 4 W more, and without one nothing that the others do not lose.

From probabilities, -b log p - r log(1 - p): the logs' own errors, the rounding of 1 - p, which is
u r however small the loss is, and the products. The gradient, r / (1 - p) - b / p, takes
quotients. From log-probabilities, 1 - exp(x) loses ke p, odds = p / (1 - p) times that in the log.

Every term has u in it from the start, so that none overflows where the loss itself does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xent_check.problem.dtypes import Float64s
from xent_check.problem.problem import Problem

from .rounding import FLUSHES, KE, KL, Parts, capped, factors, quotient, sizes, up

Split = tuple[dict[str, Float64s], Float64s, Float64s, Float64s]


@dataclass(frozen=True, eq=False)
class _Elements:
    """Sizes of every element, u in them: a t, b w t, r 1 - t. soft: t is neither 0 nor 1.
    live_b, live_r: the factors of b and r made 1 at least, times one flushed number; 0 where the
    target is 0 or 1."""

    problem: Problem
    x: Float64s
    u: float
    a: Float64s
    b: Float64s
    r: Float64s
    soft: Float64s
    live_b: Float64s
    live_r: Float64s

    @property
    def roundings(self) -> Float64s:
        """Of the products of a gradient's entry."""
        cotangent = self.problem.cotangent is not None
        return self.soft + factors(self.problem) + cotangent


def binary_parts(problem: Problem, u: float, flushed: float) -> Parts:
    """The parts of every element. u: the unit roundoff; flushed: one number that is lost."""
    shape = problem.values.shape
    x, t = problem.values.astype(np.float64), problem.labels.astype(np.float64)
    e = problem.label_smoothing
    t = np.where(np.isfinite(t), t, 0.0)  # else the loss is nan
    t = t * (1 - e) + e / 2 if e else t
    weight = sizes(problem.sample_weight, x.size).reshape(shape)
    positive = 1.0 if problem.pos_weight is None else np.abs(problem.pos_weight.astype(np.float64))
    with np.errstate(over="ignore"):  # where weights overflow, capped is what is left to say
        a, r = np.abs(t) * weight, np.abs(1 - t) * weight
        b = capped(a * positive)
        live_b = np.where(t == 0, 0.0, flushed * up(t) * up(weight) * up(np.asarray(positive)))
        live_r = np.where(t == 1, 0.0, flushed * up(1 - t) * up(weight))
    soft = ((t != 0) & (t != 1)).astype(np.float64)
    elements = _Elements(problem, x, u, u * a, u * b, u * r, soft, capped(live_b), capped(live_r))
    with np.errstate(over="ignore"):  # as above: what is beyond float64 has no loss to bound
        terms, lost, entry, entry_lost = _FROM[problem.given](elements)
        if not problem.gradient:
            return Parts(terms, lost, None, None)
        cotangent = sizes(problem.cotangent, x.size).reshape(shape)
        return Parts(terms, lost, capped(entry) * cotangent, entry_lost * up(cotangent))


def _from_logits(of: _Elements) -> Split:
    z, a, b, r = np.where(np.isfinite(of.x), of.x, 0.0), of.a, of.b, of.r
    size, whole = np.abs(z), of.b + of.r
    small = np.where(np.isinf(of.x), 0.0, np.exp(-size))
    tail = np.log1p(small)
    on_one, on_zero = tail + np.maximum(-z, 0.0), tail + np.maximum(z, 0.0)
    larger, smaller = 1 / (1 + small), small / (1 + small)
    p, q = np.where(of.x >= 0, larger, smaller), np.where(of.x >= 0, smaller, larger)
    terms = {
        "gap": whole * size,
        "exp": whole * (KE + 1) * small,
        "log": whole * (KL + 1) * tail,
        "targets": np.where(of.soft > 0, 2 * (whole * size) + b * on_one + r * on_zero, 0.0),
    }
    spread = r * p + b * q
    exponent = size + (KL + 3) * tail + (KE + 1) * small + KE + 2
    entry = spread * (exponent + of.roundings) + whole * p * (KE + 6) + 2 * b
    if of.problem.label_smoothing:
        terms["smoothing"] = 3 * (b * on_one) + 3 * (a * on_zero)
        entry = entry + 3 * (a + b)
    if of.problem.pos_weight is not None:
        terms["weight"] = np.where(b == 0, 0.0, 4 * (whole * on_one))
        entry = entry + 4 * whole
    lost = FLUSHES * (of.live_b * up(on_one) + of.live_r * up(on_zero))
    return terms, lost, entry, FLUSHES * (of.live_b + of.live_r)


def _from_probs(of: _Elements) -> Split:
    p, a, b, r = np.nan_to_num(of.x), of.a, of.b, of.r
    log_p, log_q = np.abs(_log(p)), np.abs(_log(1 - p))
    terms = {
        "log": (KL + 1 + of.soft + factors(of.problem)) * (b * log_p + r * log_q),
        "complement": r,
    }
    over_p, over_q = quotient(b, p), quotient(r, 1 - p)
    entry = (4 + of.roundings) * over_p + (5 + of.roundings) * over_q
    if of.problem.label_smoothing:
        terms["smoothing"] = 3 * (b * log_p + a * log_q)
        entry = entry + 3 * (over_p + quotient(a, 1 - p))
    lost = FLUSHES * (of.live_b * up(log_p) + of.live_r * up(log_q))
    entry_lost = FLUSHES * (quotient(of.live_b, p) + quotient(of.live_r, 1 - p))
    return terms, lost, entry, entry_lost


def _from_log_probs(of: _Elements) -> Split:
    x, a, b, r = np.where(np.isfinite(of.x), of.x, 0.0), of.a, of.b, of.r
    p, rest = np.exp(np.minimum(x, 0.0)), -np.expm1(np.minimum(x, 0.0))
    p = np.where(np.isneginf(of.x), 0.0, p)
    rest = np.where(np.isneginf(of.x), 1.0, rest)
    log_q = np.where(p < 0.5, -np.log1p(-np.minimum(p, 0.5)), -_log(rest))
    odds = quotient(r * p, rest)
    terms = {
        "log": (KL + 1 + of.soft + factors(of.problem)) * (b * np.abs(x) + r * log_q),
        "complement": (KE + 1) * odds,
    }
    entry = (2 + of.roundings) * b + odds * (KE + 3 + of.roundings)
    entry = entry + (KE + 1) * quotient(odds * p, rest)
    if of.problem.label_smoothing:
        terms["smoothing"] = 3 * (b * np.abs(x) + a * log_q)
        entry = entry + 3 * (b + quotient(a * p, rest))
    lost = FLUSHES * (of.live_b * up(x) + of.live_r * up(log_q))
    entry_lost = FLUSHES * (of.live_b + of.live_r + quotient(of.live_r * p, rest))
    return terms, lost, entry, entry_lost


_FROM = {"logits": _from_logits, "probs": _from_probs, "log_probs": _from_log_probs}


def _log(p: Float64s) -> Float64s:
    """log p, 0 where p is 0 or no probability."""
    return np.log(np.where(p > 0, p, 1.0))
