"""The bound of losses over classes and of their gradients.

From logits, a sample's loss is sum of c (g + L), where c are its coefficients (smoothed targets
times weights), g = a - x, a = max x, L = log sum exp(-g), p = softmax(x), H = sum p g, A = sum of
c. Its bound is the sum over classes of c times the bound of the log-softmax form (see bounds.py),
and the errors of the coefficients:

    u [ sum of c g + A (H + ke + h(n) + kl L) + (1 + k) sum of c (g + L) ]

k is 0 where one class alone has a coefficient (rounding its product is storing the loss);
otherwise it counts the roundings of a coefficient (rounding.factors) and of adding up
(rounding.additions).

The gradient is p A - c, with p as exp(-g) / sum, exp(-g - L) or a softmax. The exponents err by
g + L and the error of L (H + h(n) + kl L), twice where p is divided again; A errs by h(n) where
several classes have a coefficient:

    u [ A p (2 g + H + h(n) + (1 + kl) L + 2 ke + 4 + k) + abs(A p - c) + (2 + k) c ]

c and A are taken of absolute values. Where a sample has coefficients of both signs, abs(A p - c) is
not known of these, and A p + c stands in its place, which it never exceeds.

From logits that are scaled or capped, or that a last layer computes, x are the scores, with the
errors and slopes of bounds_scores.py and bounds_layer.py. A z-loss adds z s (L + a)^2, s the
sample's weight: off by 2 z s abs(L + a) times the error of the log-sum-exp, u [ abs(L + a) + H + ke
+ h(n) + kl L ] and what the scores' errors add, and by 4 roundings of itself. Its derivative is 2 z
s (L + a) p, where p may be computed as exp(x - (L + a)), whose relative error is that of the log-
sum-exp; to first order, which says little where that reaches 1.

From probabilities the loss is sum of c (-log p), where p may be divided by its sum: u [ kl sum of
c abs(log p) + A (ke + kl + h(n) + 2) + (1 + k) sum of c abs(log p) ]. Without `normalize` the
rows sum to 1 up to rounding, and an implementation may divide or not: + A abs(log sum p). The
gradient -c / p rounds products and quotients alone; so do loss and gradient from
log-probabilities. With `normalize` the gradient also has the quotient A / sum p; for integer labels
it may also be computed as softmax(log p) / p (Keras), whose exponents err by kl abs(log p), and
their sum by kl K, K = sum p abs(log p) / sum p:

    u A / sum p [ (kl + 2) (abs(log p) + K) + (1 + kl) abs(log sum p) + h(n) + 2 ke + 8 ]

Every term is multiplied by u first, so that none overflows where the loss does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s
from xent_check.problem.parts import order_of
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import SCORED

from .bounds_layer import logits_with_errors
from .bounds_one_class import has_one_class, one_class_parts
from .bounds_scores import moved, scores
from .rounding import (
    FLUSHES,
    KE,
    KL,
    LARGEST,
    Parts,
    additions,
    capped,
    factors,
    quotient,
    sizes,
    up,
)

Bools = npt.NDArray[np.bool_]
_CHUNK = 2**20  # values taken to float64 at once


@dataclass(frozen=True, eq=False)
class _Rows:
    """Samples of the problem, as arrays of shape [samples, classes]."""

    problem: Problem  # whose samples these are, all or a chunk
    u: float  # the unit roundoff
    x: Float64s  # the values
    c: Float64s  # abs(coefficients)
    mixed: Bools  # whether the coefficients have both signs, of shape [samples, 1]
    flushed: float  # the largest number that may be flushed to 0
    live: Float64s  # one flushed number times the factors of c, each at least 1; 0 where t is 0
    weight: Float64s  # abs of the sample's weight, of shape [samples, 1]
    cotangent: Float64s  # abs, of shape [samples, 1]
    errors: Float64s | None  # of the values, where a last layer computes them

    @property
    def k(self) -> Float64s:
        """k of the formulas above, of shape [samples, 1]."""
        several = np.count_nonzero(self.c, axis=1) > 1
        roundings = factors(self.problem) + additions(self.c.shape[1], self.problem.dtype)
        return np.where(several, roundings, 0.0)[:, None]


def class_parts(problem: Problem, u: float, flushed: float) -> Parts:
    """The parts of every sample's bound, a chunk of rows at a time. u: the unit roundoff; flushed:
    the largest number that may be flushed to 0."""
    if has_one_class(problem):
        return one_class_parts(problem, u, flushed)
    n, count = problem.num_classes, int(np.prod(problem.samples_shape, dtype=np.int64))
    rows, errors = problem.values, None
    if problem.given == "hidden":
        rows, errors = logits_with_errors(problem)
    rows = np.moveaxis(rows, problem.class_axis, -1).reshape(-1, n)
    soft = None
    if problem.loss == "categorical":
        soft = np.moveaxis(problem.labels, problem.class_axis, -1).reshape(-1, n)
    labels = problem.labels.reshape(-1) if soft is None else np.zeros(count, dtype=np.int64)
    weight = sizes(problem.sample_weight, count)
    cotangent = sizes(problem.cotangent, count)
    step = max(1, _CHUNK // max(n, 1))
    chunks: list[Parts] = []
    for start in range(0, max(count, 1), step):
        at = slice(start, start + step)
        c, mixed, live = _coefficients(problem, labels[at], None if soft is None else soft[at])
        with np.errstate(over="ignore"):  # a loss beyond float64 needs no bound
            c = capped(c * weight[at, None])
            live = capped(live * (flushed * up(weight[at])[:, None]))
            x = rows[at].astype(np.float64, order=order_of(n))
            chunk = _Rows(
                problem, u, x, c, mixed, flushed, live, weight[at, None], cotangent[at, None],
                None if errors is None else errors[at],
            )  # fmt: skip
            chunks.append(_from_logits(chunk) if problem.given in SCORED else _from_others(chunk))
    shape = problem.samples_shape
    names = chunks[0].terms
    terms = {k: np.concatenate([p.terms[k] for p in chunks]).reshape(shape) for k in names}
    lost = np.concatenate([p.flushed for p in chunks]).reshape(shape)
    if not problem.gradient:
        return Parts(terms, lost, None, None)

    def entries(parts: list[Float64s | None]) -> Float64s:
        errors = np.concatenate([p for p in parts if p is not None]).reshape((*shape, n))
        return np.moveaxis(np.where(problem.kept[..., None], errors, 0.0), -1, problem.class_axis)

    return Parts(
        terms,
        lost,
        entries([p.gradient for p in chunks]),
        entries([p.gradient_flushed for p in chunks]),
        entries([p.sizes for p in chunks]) if errors is not None else None,
    )


def _coefficients(
    problem: Problem, labels: npt.NDArray[np.int64], soft: npt.NDArray[np.generic] | None
) -> tuple[Float64s, Bools, Float64s]:
    """abs(w (t (1 - e) + e / n)), and up(w) up(t) where t is not 0, else 0, of each sample and
    class, before the sample's weight; and of each sample, between them, whether w (t (1 - e) + e /
    n) has both signs."""
    n, e = problem.num_classes, float(problem.smoothing)
    if soft is None:
        targets = np.equal(labels[:, None], np.arange(n)).astype(np.float64, order=order_of(n))
    else:
        targets = np.nan_to_num(soft.astype(np.float64, order=order_of(n)))
    own, shared = targets * (1 - e), e / n
    signs = np.sign(own + shared)
    if problem.class_weight is not None:
        signs = signs * np.sign(problem.class_weight.astype(np.float64))
    # An epsilon above 1, as megatron's formula may make it, lets the two parts of a target cancel.
    mixed: Bools = np.full((len(targets), 1), e > 1)
    mixed |= (signs > 0).any(axis=1, keepdims=True) & (signs < 0).any(axis=1, keepdims=True)
    targets = np.abs(own + shared) if e <= 1 else np.abs(own) + shared
    weight = sizes(problem.class_weight, n)
    with np.errstate(over="ignore"):
        live = np.where(targets != 0, up(targets) * up(weight), 0.0)
        return capped(targets * weight), mixed, capped(live)


def _from_logits(rows: _Rows) -> Parts:
    u, n, problem = rows.u, rows.x.shape[1], rows.problem
    added = additions(n, problem.dtype)
    scored = scores(problem, rows.x, u, rows.errors)
    x = scored.values
    top = x.max(axis=1, keepdims=True)
    x = np.where(np.isfinite(top), x, 0.0)  # else the loss is nan
    top = np.where(np.isfinite(top), top, 0.0)
    infinite = ~np.isfinite(x)
    half = top / 2 - np.where(infinite, top, x) / 2  # the difference itself may overflow
    gap = 2 * np.minimum(half, LARGEST / 2)
    exps = np.where(infinite, 0.0, np.exp(-gap))
    total = exps.sum(axis=1, keepdims=True)
    p, log_sum = exps / total, np.log(total)
    log_p = np.where(infinite, -np.inf, -gap - log_sum)
    losses = capped(gap + log_sum)
    c = u * rows.c
    c_sum, entropy = c.sum(axis=1, keepdims=True), (p * gap).sum(axis=1, keepdims=True)
    terms = {
        "gap": c * gap,
        "shift": c_sum * entropy,
        "exp": c_sum * KE,
        "sum": c_sum * added,
        "log": c_sum * KL * log_sum,
        "targets": (1 + rows.k) * (c * losses),
    }
    change = moved(scored, p, log_p)
    residual = np.zeros(())
    if scored.rescaled or problem.gradient:
        residual = np.where(rows.mixed, c_sum * p + c, np.abs(c_sum * p - c))
    if scored.rescaled:
        terms["scores"] = (residual + c_sum * change) / u * scored.errors
    z, lse, off = problem.z_loss * rows.weight, np.abs(top + log_sum), np.zeros(())
    if problem.z_loss:
        score_error = ((p + change) * scored.errors).sum(axis=1, keepdims=True)
        off = u * (lse + entropy + KE + added + KL * log_sum) + score_error
        terms["z-loss"] = z * capped((2 * lse + off) * off + 4 * u * lse**2)  # z may be 0
    live = rows.live.sum(axis=1, keepdims=True)
    lost = FLUSHES * (rows.live * up(losses)).sum(axis=1, keepdims=True) + n * live
    if not problem.gradient:
        return _parts(rows, terms, lost)
    shared = entropy + added + (1 + KL) * log_sum + 2 * KE + 4 + rows.k
    spread = 2 * (p * gap) + p * shared
    roundings = 2 + factors(problem) + (problem.cotangent is not None)
    entry = spread * c_sum + residual + roundings * c
    if problem.z_loss:
        entry = entry + 2 * z * capped(u * lse * (spread + 4 * p) + p * off * (1 + lse))
    if scored.rescaled:
        size = residual + u * 2 * z * lse * p
        entry = capped(entry + change * capped(c_sum / u + 2 * z * (lse + off))) * scored.slopes
        entry = entry + size * capped(scored.slope_error + 6 * scored.slopes)
    derivative = None
    if rows.errors is not None:
        derivative = (residual / u + 2 * z * lse * p) * scored.slopes
    flushed = FLUSHES * (rows.live + live)
    if problem.z_loss:
        flushed = flushed + rows.flushed * up(2 * z * lse)
    return _parts(rows, terms, lost, entry, flushed * up(scored.slopes), derivative)


def _from_others(rows: _Rows) -> Parts:
    """The parts of a loss from probabilities or log-probabilities."""
    x, u, n, problem = rows.x, rows.u, rows.x.shape[1], rows.problem
    added = additions(n, problem.dtype)
    c, live = u * rows.c, rows.live
    x = np.where(np.isfinite(x), x, 0.0)  # else the loss is not finite, or does not depend on it
    c_sum = c.sum(axis=1, keepdims=True)
    roundings = 2 + factors(problem) + (problem.cotangent is not None)
    if problem.given == "log_probs":
        size = np.abs(x)
        terms = {"targets": (1 + rows.k) * (c * size)}
        lost = FLUSHES * (live * up(size)).sum(axis=1, keepdims=True)
        return _parts(rows, terms, lost, roundings * c, FLUSHES * live)
    logs = np.abs(np.log(np.where(x > 0, x, 1.0)))
    total = capped(x.sum(axis=1, keepdims=True))
    total = np.where(total > 0, total, 1.0)
    terms = {
        "log": KL * (c * logs),
        "exp": c_sum * (KE + KL),
        "sum": c_sum * (added + 2),
        "targets": (1 + rows.k) * (c * logs),
    }
    if problem.normalize is None:  # they sum to 1 up to rounding: dividing or not are both right
        terms["renormalise"] = c_sum / u * np.abs(np.log(total))
    lost = FLUSHES * (live * up(logs)).sum(axis=1, keepdims=True)
    entry = (roundings + 2) * quotient(c, x)
    entry_lost = FLUSHES * (live + quotient(live, np.minimum(x, 1.0)))
    if problem.normalize:
        relative = np.full(x.shape, 4 + added)
        if problem.loss == "sparse_categorical":
            spread = logs + quotient(x * logs, total).sum(axis=1, keepdims=True)
            relative = (KL + 2) * spread + (1 + KL) * np.abs(np.log(total)) + added
            relative = relative + 2 * KE + 8
        entry = entry + relative * quotient(c_sum, total)
        live_sum = live.sum(axis=1, keepdims=True)
        entry_lost = entry_lost + FLUSHES * (quotient(live_sum, total) + quotient(live_sum, x))
    return _parts(rows, terms, lost, entry, entry_lost)


def _parts(
    rows: _Rows,
    terms: dict[str, Float64s],
    lost: Float64s,
    entry: Float64s | None = None,
    entry_lost: Float64s | None = None,
    derivative: Float64s | None = None,
) -> Parts:
    """Each term summed over the classes; the gradient's entries times the cotangent."""
    sums = {name: term.sum(axis=1) for name, term in terms.items()}
    if entry is None or entry_lost is None:
        return Parts(sums, lost.sum(axis=1), None, None)
    cotangent = rows.cotangent
    size = None if derivative is None else derivative * cotangent
    return Parts(sums, lost.sum(axis=1), entry * cotangent, entry_lost * up(cotangent), size)
