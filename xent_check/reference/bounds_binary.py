"""The bound of binary losses and of their gradients.

Let s = exp(-abs(z)), p = sigmoid(z), q = 1 - p, t the target after smoothing, w the positive
weight, b = w t, r = 1 - t, a = t and W = b + r; a, b and r are absolute values and include the
sample's weight. Frameworks and users compute the loss from logits in these forms:

    b softplus(-z) + r softplus(z)                       jax, optax, NumPy
    max(z, 0) - z t + log1p(s)                           tf, Keras
    r z + v log1p(s) + v max(-z, 0), v = 1 + (w - 1) t   torch; tf with a positive weight
    softplus(z) - z t                                    written by hand

where softplus(z) = max(z, 0) + log1p(s). In units of u, each form errs by
W ((ke + 1) s + (kl + 1) log1p(s)), and stores a number as large as W abs(z) (term `gap`). A soft
target adds two roundings of a product as large (r z of the third form, z t of the fourth), which
remain where the terms cancel: 2 W abs(z); and one rounding of each product of the first form
(term `targets`). Smoothing is off by 3 u t, times its factors w softplus(-z) and softplus(z). The
third form's v is off by 3 u W, and is then multiplied and added: 4 W softplus(-z) where t is not 0.
For w below 1 its 1 + (w - 1) t cancels, which is off by u, not u w: that is meant to exceed the
bound.

Gradients from logits:

    b exp(-z - softplus(-z)) and r exp(z - softplus(z))  jax, optax
    r - v / (1 + s), or 1 - t - s / (1 + s), by sign     tf, Keras
    W p - b                                              torch

The relative error of the first is the absolute error of its exponent: abs(z) + (kl + 3) log1p(s) +
(ke + 1) s, from storing softplus(z) and subtracting it from z. The third errs by W p (ke + 6) for
the sigmoid and its product, and by 2 b for b and the difference. The second, with a positive
weight, cancels constants of size W: 4 W more; without one it loses nothing that the others do not.

From logits that are scaled or capped, z is the score, with the error delta and the slope of
bounds_scores.py: it moves the loss by at most W delta (term `scores`), and p by at most
p q exp(delta) delta.

From probabilities, the loss -b log p - r log(1 - p) has the errors of the logs, of the products,
and of the rounding of 1 - p, which is u r however small the loss is. The gradient, r / (1 - p) -
b / p, rounds quotients. From log-probabilities, 1 - exp(x) errs by ke p, which the log multiplies
by 1 / (1 - p): by ke odds, odds = p / (1 - p).

Every term is multiplied by u first, so that none overflows where the loss does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s
from xent_check.problem.problem import Problem

from .bounds_scores import scores
from .rounding import FLUSHES, KE, KL, Parts, capped, factors, once, quotient, sizes, up

# The terms of the losses, what is flushed of them, and both of the gradient where it is asked for.
Split = tuple[dict[str, Float64s], Float64s, tuple[Float64s, Float64s] | None]


@dataclass(frozen=True, eq=False)
class _Elements:
    """Arrays of the elements' shape, or of one number for all of them; x has every element."""

    problem: Problem  # whose elements these are
    x: Float64s  # the values
    u: float  # the unit roundoff
    a: Float64s  # u abs(t), times the sample's weight
    b: Float64s  # u abs(w t), times the sample's weight
    r: Float64s  # u abs(1 - t), times the sample's weight
    soft: Float64s  # 1 where t is neither 0 nor 1, else 0
    live_b: Float64s  # one flushed number times the factors of b, each at least 1; 0 where t is 0
    live_r: Float64s  # the same of r; 0 where t is 1

    @property
    def roundings(self) -> Float64s:
        """The number of roundings in the products of a gradient entry."""
        cotangent = self.problem.cotangent is not None
        return self.soft + factors(self.problem) + cotangent


def binary_parts(problem: Problem, u: float, flushed: float) -> Parts:
    """The parts of every element's bound. u: the unit roundoff; flushed: the largest number that
    may be flushed to 0."""
    shape = problem.values.shape
    x, t = problem.values.astype(np.float64), once(problem.labels).astype(np.float64)
    e = problem.label_smoothing
    t = np.where(np.isfinite(t), t, 0.0)  # else the loss is nan
    t = t * (1 - e) + e / 2 if e else t
    weight = _sizes(problem.sample_weight, shape)
    positive = 1.0 if problem.pos_weight is None else np.abs(problem.pos_weight.astype(np.float64))
    with np.errstate(over="ignore"):  # where weights overflow, the largest float64 is the bound
        a, r = np.abs(t) * weight, np.abs(1 - t) * weight
        b = capped(a * positive)
        live_b = np.where(t == 0, 0.0, flushed * up(t) * up(weight) * up(np.asarray(positive)))
        live_r = np.where(t == 1, 0.0, flushed * up(1 - t) * up(weight))
    soft = ((t != 0) & (t != 1)).astype(np.float64)
    elements = _Elements(problem, x, u, u * a, u * b, u * r, soft, capped(live_b), capped(live_r))
    with np.errstate(over="ignore"):  # as above: a loss beyond float64 needs no bound
        terms, lost, of_gradient = _FROM[problem.given](elements)
        if of_gradient is None:
            return Parts(terms, lost, None, None)
        entry, entry_lost = of_gradient
        cotangent = _sizes(problem.cotangent, shape)
        return Parts(terms, lost, capped(entry) * cotangent, entry_lost * up(cotangent))


def _sizes(weights: npt.NDArray[np.generic] | None, shape: tuple[int, ...]) -> Float64s:
    """abs(weights), of the shape; a single 1 where there are none."""
    return np.ones((1,) * len(shape)) if weights is None else sizes(weights, 0).reshape(shape)


def _from_logits(elements: _Elements) -> Split:
    scored = scores(elements.problem, elements.x, elements.u)
    z, a, b, r = _finite(scored.values), elements.a, elements.b, elements.r
    size, b_plus_r = np.abs(z), b + r
    small = np.negative(size)
    np.exp(small, out=small)
    if z is not scored.values:
        small[np.isinf(scored.values)] = 0.0
    tail = np.log1p(small)
    # Each counts only beside a target that has a share of its side.
    smoothed = elements.problem.label_smoothing > 0
    nothing = np.zeros((1,) * z.ndim)
    on_one = tail + np.maximum(-z, 0.0) if smoothed or elements.live_b.any() else nothing
    on_zero = tail + np.maximum(z, 0.0) if smoothed or elements.live_r.any() else nothing
    gap = b_plus_r * size
    terms = {
        "gap": gap,
        "exp": b_plus_r * (KE + 1) * small,
        "log": b_plus_r * (KL + 1) * tail,
        "targets": nothing,
    }
    if elements.soft.any():
        products = 2 * gap + b * on_one + r * on_zero
        terms["targets"] = np.where(elements.soft > 0, products, 0.0)
    if elements.problem.label_smoothing:
        terms["smoothing"] = 3 * (b * on_one) + 3 * (a * on_zero)
    if elements.problem.pos_weight is not None:
        terms["weight"] = np.where(b == 0, 0.0, 4 * (b_plus_r * on_one))
    if scored.rescaled:
        terms["scores"] = b_plus_r / elements.u * scored.errors
    lost = _flushed(elements, on_one, on_zero)
    if not elements.problem.gradient:
        return terms, lost, None
    larger, smaller = 1 / (1 + small), small / (1 + small)
    p, q = np.where(elements.x >= 0, larger, smaller), np.where(elements.x >= 0, smaller, larger)
    spread = r * p + b * q
    exponent = size + (KL + 3) * tail + (KE + 1) * small + KE + 2
    entry = spread * (exponent + elements.roundings) + b_plus_r * p * (KE + 6) + 2 * b
    if elements.problem.label_smoothing:
        entry = entry + 3 * (a + b)
    if elements.problem.pos_weight is not None:
        entry = entry + 4 * b_plus_r
    if scored.rescaled:
        moved = b_plus_r / elements.u * p * q * np.exp(np.minimum(scored.errors, 700.0))
        entry = (entry + moved * scored.errors) * scored.slopes
        entry = entry + (r * p + b * q) * capped(scored.slope_error + 6 * scored.slopes)
    entry_lost = FLUSHES * (elements.live_b + elements.live_r) * up(scored.slopes)
    return terms, lost, (entry, entry_lost)


def _from_probs(elements: _Elements) -> Split:
    p, a, b, r = np.nan_to_num(elements.x), elements.a, elements.b, elements.r
    log_p, log_q = np.abs(_log(p)), np.abs(_log(1 - p))
    terms = {
        "log": (KL + 1 + elements.soft + factors(elements.problem)) * (b * log_p + r * log_q),
        "complement": r,
    }
    if elements.problem.label_smoothing:
        terms["smoothing"] = 3 * (b * log_p + a * log_q)
    lost = _flushed(elements, log_p, log_q)
    if not elements.problem.gradient:
        return terms, lost, None
    over_p, over_q = quotient(b, p), quotient(r, 1 - p)
    entry = (4 + elements.roundings) * over_p + (5 + elements.roundings) * over_q
    if elements.problem.label_smoothing:
        entry = entry + 3 * (over_p + quotient(a, 1 - p))
    entry_lost = FLUSHES * (quotient(elements.live_b, p) + quotient(elements.live_r, 1 - p))
    return terms, lost, (entry, entry_lost)


def _from_log_probs(elements: _Elements) -> Split:
    x, a, b, r = _finite(elements.x), elements.a, elements.b, elements.r
    p, not_p = np.exp(np.minimum(x, 0.0)), -np.expm1(np.minimum(x, 0.0))
    p = np.where(np.isneginf(elements.x), 0.0, p)
    not_p = np.where(np.isneginf(elements.x), 1.0, not_p)
    log_q = np.where(p < 0.5, -np.log1p(-np.minimum(p, 0.5)), -_log(not_p))
    odds = quotient(r * p, not_p)
    terms = {
        "log": (KL + 1 + elements.soft + factors(elements.problem)) * (b * np.abs(x) + r * log_q),
        "complement": (KE + 1) * odds,
    }
    if elements.problem.label_smoothing:
        terms["smoothing"] = 3 * (b * np.abs(x) + a * log_q)
    live_b, live_r = elements.live_b, elements.live_r
    lost = _flushed(elements, x, log_q)
    if not elements.problem.gradient:
        return terms, lost, None
    entry = (2 + elements.roundings) * b + odds * (KE + 3 + elements.roundings)
    entry = entry + (KE + 1) * quotient(odds * p, not_p)
    if elements.problem.label_smoothing:
        entry = entry + 3 * (b + quotient(a * p, not_p))
    entry_lost = FLUSHES * (live_b + live_r + quotient(live_r * p, not_p))
    return terms, lost, (entry, entry_lost)


_FROM = {"logits": _from_logits, "probs": _from_probs, "log_probs": _from_log_probs}


def _flushed(elements: _Elements, on_one: Float64s, on_zero: Float64s) -> Float64s:
    """What is flushed of the losses: on_one, if t is 1, and on_zero, if it is 0."""
    sides = (elements.live_b, on_one), (elements.live_r, on_zero)
    lost = [live * up(loss) for live, loss in sides if live.any()]
    return FLUSHES * sum(lost[1:], lost[0]) if lost else np.zeros((1,) * elements.x.ndim)


def _finite(x: Float64s) -> Float64s:
    """x; 0 where it is not finite."""
    finite = np.isfinite(x)
    return x if finite.all() else np.where(finite, x, 0.0)


def _log(p: Float64s) -> Float64s:
    """log p; 0 where p is not above 0."""
    return np.log(np.where(p > 0, p, 1.0))
