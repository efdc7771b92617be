"""Bounds: how wrong a correct implementation may be. What exceeds them is a defect.

A priori, first order, in units of u (half the spacing of the dtype at 1). With a = max x,
g = a - x_t, L = log(sum exp(x - a)), p = softmax(x), H = sum p (a - x), l = g + L, the
log-softmax form log(sum exp(x - a)) - (x_t - a) is within

    u [ g + H + ke + h(n) + kl L + 2 l ]

of the exact loss: the gap's own rounding, what the shifts x - a lose inside the exps, the exps,
their summation, the log, and storing the log-softmax and the loss. An implementation that
subtracts the label's logit from the log-sum-exp errs by u abs(a + L) instead, which grows with an
offset common to all logits: it is meant to exceed the bound. The log of a probability that was
rounded, or clipped, is meant to exceed it too.

h(n), the summation: n - 1 one after another; n / 8 + 5 in eight lanes, which every CPU's compiled
sum has from a few dozen numbers on. ke, kl: the largest measured errors of the frameworks'
float32 exp and log (numpy's exp 3.39, tensorflow's log1p 4.73), rounded up.

Source: Blanchard, Higham and Higham, IMA J. Numer. Anal. 41(4), 2021, theorems 3.2 to 4.4, for
the parts; the sum of them, and the gradient's, were derived for this tool and validated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .dtypes import Float64s, unit_roundoff
from .problem import Problem
from .reference import Reference
from .words import Reduction

KE, KL = 4.0, 5.0
# Results below this may be flushed to 0; float16 keeps its subnormals, whose spacing this is.
_FLUSHED = {"float16": 2.0**-24, "bfloat16": 2.0**-126, "float32": 2.0**-126, "float64": 2.0**-1022}
_CHUNK = 2**20  # values taken to float64 at once


@dataclass(frozen=True, eq=False)
class Bounds:
    """What rounding can explain. losses, gradient: elementwise; totals: one number each.

    terms: the parts of the losses' bound in units of `u`, by name.
    """

    losses: Float64s
    totals: dict[Reduction, float]
    gradient: Float64s | None
    terms: dict[str, Float64s]
    u: float


def summation(n: int) -> float:
    """h(n): the relative error of a sum of n numbers of one sign, in units of u."""
    return max(0.0, min(n - 1.0, n / 8 + 5))


def bounds(problem: Problem, reference: Reference) -> Bounds:
    """The bounds of every loss, total and gradient entry of a problem; inf where there is none."""
    u = unit_roundoff(problem.dtype)
    if problem.loss == "binary":
        terms, gradient = _binary(problem, reference)
    else:
        terms, gradient = _classes(problem)
    stored = np.abs(np.where(np.isfinite(reference.losses.high), reference.losses.high, 0.0))
    terms["store"] = 2 * stored
    terms = {name: np.where(problem.kept, term, 0.0) for name, term in terms.items()}
    floor = _FLUSHED[problem.dtype]
    losses = u * sum(terms.values(), np.zeros(problem.samples_shape)) + floor
    if gradient is not None:
        gradient = u * gradient + floor
    totals = {r: _total(losses, stored, reference, r, u, floor) for r in reference.totals}
    return Bounds(losses, totals, gradient, terms, u)


def _total(
    losses: Float64s, stored: Float64s, reference: Reference, r: Reduction, u: float, floor: float
) -> float:
    """The losses' own, what summing them adds, and what the division adds."""
    divisor = abs(reference.divisors[r])
    if divisor == 0 or not math.isfinite(divisor):
        return 0.0
    n = stored.size
    count = summation(n) if r == "weighted_mean" else 0.0
    summed = float(losses.sum()) + (summation(n) + count + 2) * u * float(stored.sum())
    return summed / divisor + floor


def _classes(problem: Problem) -> tuple[dict[str, Float64s], Float64s | None]:
    """The terms of every sample, a chunk of rows at a time."""
    n, count = problem.num_classes, int(np.prod(problem.samples_shape, dtype=np.int64))
    rows = np.moveaxis(problem.values, problem.class_axis, -1).reshape(-1, n)
    soft = None
    if problem.loss == "categorical":
        soft = np.moveaxis(problem.labels, problem.class_axis, -1).reshape(-1, n)
    labels = problem.labels.reshape(-1) if soft is None else np.zeros(count, dtype=np.int64)
    scale = _scale(problem.sample_weight, count)
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
            cotangent = _scale(problem.cotangent, count)[chunk, None]
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


def _scale(weight: npt.NDArray[np.generic] | None, count: int) -> Float64s:
    if weight is None:
        return np.ones(count)
    scale: Float64s = np.abs(weight.astype(np.float64)).reshape(-1)
    return scale


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


def _binary(problem: Problem, reference: Reference) -> tuple[dict[str, Float64s], Float64s | None]:
    """max(z, 0) - z t + log1p(exp(-abs(z))) and its like: the gap is abs(z)."""
    shape = problem.values.shape
    x, t = problem.values.astype(np.float64), problem.labels.astype(np.float64)
    e = problem.label_smoothing
    t = t * (1 - e) + e / 2 if e else t
    weight = _scale(problem.sample_weight, x.size).reshape(shape)
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
    cotangent = _scale(problem.cotangent, x.size).reshape(shape)
    return terms, np.nan_to_num(entry, nan=0.0, posinf=0.0) * cotangent


def _log(p: Float64s) -> Float64s:
    return np.where(p > 0, np.log(np.where(p > 0, p, 1.0)), 0.0)


def _ratio(over: Float64s, under: Float64s) -> Float64s:
    return np.where((over == 0) | (under == 0), 0.0, over / np.where(under == 0, 1.0, under))
