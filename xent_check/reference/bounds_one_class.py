"""The bound of losses and gradients from logits where each sample has one class: the terms of
bounds_classes.py, summed over that class alone, in few passes over the logits and in arrays that
stay in the cache.

It applies to class indices without smoothing, where the logits are the scores: the problems that
are large. With c the label's coefficient, g = a - x and p = softmax(x), an entry of the gradient
has

    u c [ p (2 g + H + h(n) + (1 + kl) L + 2 ke + 5) ]

and at the label, whose residual is 1 - p in place of p, u c [ abs(p - 1) - p + roundings ] more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s
from xent_check.problem.parts import order_of
from xent_check.problem.problem import Problem

from .rounding import FLUSHES, KE, KL, LARGEST, Parts, additions, capped, factors, sizes, up

_IN_CACHE = 2**15  # values taken to float64 at once, twice
_LEAST = -800.0  # the exp of less is 0


def has_one_class(problem: Problem) -> bool:
    """Whether `one_class_parts` has the bound of the problem."""
    return (
        problem.loss == "sparse_categorical"
        and problem.given == "logits"
        and not (problem.label_smoothing or problem.z_loss)
        and problem.logit_scale == 1
        and problem.softcap is None
    )


@dataclass(frozen=True, eq=False)
class _Statistics:
    """Of each row of logits; where its largest is not finite, as of equal logits."""

    top: Float64s
    """a, the largest logit"""
    own: Float64s
    """x at the label"""
    entropy: Float64s
    """H = sum p (a - x)"""
    total: Float64s
    """sum exp(x - a)"""
    undefined: npt.NDArray[np.bool_]
    """whether the largest logit is not finite"""

    @property
    def gap(self) -> Float64s:
        """g of the label; 0 of a label with the logit -inf."""
        with np.errstate(over="ignore"):
            return np.where(np.isinf(self.own), 0.0, np.minimum(self.top - self.own, LARGEST))

    @property
    def log_sum(self) -> Float64s:
        """L"""
        return np.log(self.total)

    @property
    def p(self) -> Float64s:
        """p of the label."""
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(self.own - self.top) / self.total)


def one_class_parts(problem: Problem, u: float, flushed: float) -> Parts:
    """The parts of every sample's bound; u, flushed: as of `class_parts`."""
    n, labels = problem.num_classes, problem.labels.reshape(-1)
    rows = np.moveaxis(problem.values, problem.class_axis, -1).reshape(-1, n)
    inside = (labels >= 0) & (labels < n)
    labels = np.where(inside, labels, 0)
    row = _statistics(rows, labels)
    gap, log_sum = row.gap, row.log_sum
    weight, own = sizes(problem.sample_weight, labels.size), inside.astype(np.float64)
    if problem.class_weight is not None:
        own *= sizes(problem.class_weight, n)[labels]
    with np.errstate(over="ignore"):  # a loss beyond float64 needs no bound
        c = u * capped(own * weight)
        live = capped(np.where(inside, up(own), 0.0) * (flushed * up(weight)))
        losses = capped(gap + log_sum)
        terms = {
            "gap": c * gap,
            "shift": c * row.entropy,
            "exp": c * KE,
            "sum": c * additions(n, problem.dtype),
            "log": c * KL * log_sum,
            "targets": c * losses,
        }
        lost = FLUSHES * (live * up(losses)) + n * live
    shape = problem.samples_shape
    terms, lost = {k: term.reshape(shape) for k, term in terms.items()}, lost.reshape(shape)
    if not problem.gradient:
        return Parts(terms, lost, None, None)
    cotangent = sizes(problem.cotangent, labels.size)
    with np.errstate(over="ignore"):
        c = np.where(problem.kept.reshape(-1), capped(c * cotangent), 0.0)
        live = np.where(problem.kept.reshape(-1), capped(FLUSHES * live * up(cotangent)), 0.0)
        entries = _entries(problem, rows, labels, c, row)
        entries_flushed = np.empty((n, live.size)).T if order_of(n) == "F" else np.empty(rows.shape)
        entries_flushed[...] = live[:, None]
        entries_flushed[np.arange(live.size), labels] += live

    def shaped(entries: Float64s) -> Float64s:
        return np.moveaxis(entries.reshape((*shape, n)), -1, problem.class_axis)

    return Parts(terms, lost, shaped(entries), shaped(entries_flushed))


def _entries(
    problem: Problem,
    rows: npt.NDArray[np.generic],
    labels: npt.NDArray[np.int64],
    c: Float64s,
    row: _Statistics,
) -> Float64s:
    """The bound of each entry of the gradient. c: of each row, times u and the cotangent."""
    count, n = rows.shape
    entries = np.empty((count, n), order=order_of(n))
    shared = row.entropy + additions(n, problem.dtype) + (1 + KL) * row.log_sum + 2 * KE + 4
    width, step = min(n, _IN_CACHE), max(1, _IN_CACHE // n)
    buffers = _buffers(min(step, count), n)
    for start in range(0, count, step):
        at = slice(start, start + step)
        scale = (c[at] / row.total[at])[:, None]
        for first in range(0, n, width):
            some = rows[at, first : first + width]
            above, exps = (buffer[: some.shape[0], : some.shape[1]] for buffer in buffers)
            _shifted(some, row.top[at], row.undefined[at], above)
            np.maximum(above, _LEAST, out=above)
            np.exp(above, out=exps)
            exps *= scale
            above *= -2
            above += (shared[at] + 1)[:, None]
            np.multiply(exps, above, out=entries[at, first : first + width])
    p, roundings = row.p, 2 + factors(problem) + (problem.cotangent is not None)
    entries[np.arange(count), labels] += c * (np.abs(p - 1) - p + roundings)
    return entries


def _statistics(rows: npt.NDArray[np.generic], labels: npt.NDArray[np.int64]) -> _Statistics:
    """Of each row, with its label."""
    count, n = rows.shape
    tops, owns, entropy, total = np.empty((4, count))
    undefined = np.empty(count, np.bool_)
    step = max(1, _IN_CACHE // n)
    buffers = _buffers(min(step, count), n)
    for start in range(0, count, step):
        at = slice(start, start + step)
        x = rows[at]
        if n <= _IN_CACHE:
            x = x.astype(np.float64, order=order_of(n))
        elif x.dtype.itemsize == 2:  # NumPy compares numbers of 16 bits slowly
            x = x.astype(np.float32)
        top = x.max(axis=1).astype(np.float64)
        own = x[np.arange(len(top)), labels[at]].astype(np.float64)
        undefined[at] = ~np.isfinite(top)
        top[undefined[at]], own[undefined[at]] = 0.0, 0.0
        tops[at], owns[at] = top, own
        total[at], products = _sums(x, top, undefined[at], buffers)
        if np.isnan(products).any():  # 0 times -inf: a logit of -inf counts as -LARGEST
            _, products = _sums(x, top, undefined[at], buffers, -LARGEST)
        entropy[at] = (0.0 - products) / total[at]
    return _Statistics(tops, owns, entropy, total, undefined)


def _buffers(rows: int, n: int) -> tuple[Float64s, Float64s]:
    """Two arrays for as many classes of the rows at a time as the cache holds."""
    shape = rows, min(n, _IN_CACHE)
    return np.empty(shape, order=order_of(n)), np.empty(shape, order=order_of(n))


def _sums(
    x: npt.NDArray[np.generic],
    top: Float64s,
    undefined: npt.NDArray[np.bool_],
    buffers: tuple[Float64s, Float64s],
    least: float = -np.inf,
) -> tuple[Float64s, Float64s]:
    """Of each row sum exp(x - a) and sum exp(x - a) (x - a), a in `top`, of `undefined` rows as of
    equal logits. least: what a smaller x - a counts as."""
    (rows, n), width = x.shape, buffers[0].shape[1]
    total, products = np.zeros((2, rows))
    for first in range(0, n, width):
        some = x[:, first : first + width]
        above, exps = (buffer[:rows, : some.shape[1]] for buffer in buffers)
        with np.errstate(over="ignore", invalid="ignore"):
            _shifted(some, top, undefined, above)
            if least > -np.inf:
                np.maximum(above, least, out=above)
            np.exp(above, out=exps)
            total += exps.sum(axis=1)
            exps *= above
            products += exps.sum(axis=1)
    return total, products


def _shifted(
    x: npt.NDArray[np.generic],
    top: Float64s,
    undefined: npt.NDArray[np.bool_],
    out: Float64s,
) -> None:
    """x - a into `out`, of `undefined` rows as of equal logits."""
    with np.errstate(over="ignore", invalid="ignore"):
        np.subtract(x, top[:, None], out=out)
    out[undefined] = 0.0
