"""The bound of losses from logits where each sample has one class: the terms of bounds_classes.py,
summed over that class alone, in one pass over the logits and in arrays that stay in the cache.

It applies to class indices without smoothing, where nothing is asked but losses and totals, and the
logits are the scores: the problems that are large.
"""

from __future__ import annotations

import numpy as np

from xent_check.problem.dtypes import Float64s
from xent_check.problem.parts import order_of
from xent_check.problem.problem import Problem

from .rounding import FLUSHES, KE, KL, LARGEST, Parts, additions, capped, sizes, up

_IN_CACHE = 2**15  # values taken to float64 at once, twice


def has_one_class(problem: Problem) -> bool:
    """Whether `one_class_parts` has the bound of the problem."""
    return (
        problem.loss == "sparse_categorical"
        and problem.given == "logits"
        and not (problem.label_smoothing or problem.z_loss or problem.gradient)
        and problem.logit_scale == 1
        and problem.softcap is None
    )


def one_class_parts(problem: Problem, u: float, flushed: float) -> Parts:
    """The parts of every sample's bound; u, flushed: as of `class_parts`."""
    n, labels = problem.num_classes, problem.labels.reshape(-1)
    rows = np.moveaxis(problem.values, problem.class_axis, -1).reshape(-1, n)
    inside = (labels >= 0) & (labels < n)
    gap, entropy, log_sum = _statistics(rows, np.where(inside, labels, 0))
    weight, own = sizes(problem.sample_weight, labels.size), inside.astype(np.float64)
    if problem.class_weight is not None:
        own *= sizes(problem.class_weight, n)[np.where(inside, labels, 0)]
    with np.errstate(over="ignore"):  # a loss beyond float64 needs no bound
        c = u * capped(own * weight)
        live = capped(np.where(inside, up(own), 0.0) * (flushed * up(weight)))
        losses = capped(gap + log_sum)
        terms = {
            "gap": c * gap,
            "shift": c * entropy,
            "exp": c * KE,
            "sum": c * additions(n, problem.dtype),
            "log": c * KL * log_sum,
            "targets": c * losses,
        }
        lost = FLUSHES * (live * up(losses)) + n * live
    shape = problem.samples_shape
    return Parts(
        {k: term.reshape(shape) for k, term in terms.items()}, lost.reshape(shape), None, None
    )


def _statistics(
    rows: np.typing.NDArray[np.generic], labels: np.typing.NDArray[np.int64]
) -> tuple[Float64s, Float64s, Float64s]:
    """Of each row a - x at its label, sum p (a - x), and the log of sum exp(x - a), a its largest
    logit; where that is not finite, as of equal logits."""
    count, n = rows.shape
    gap, entropy, total = np.empty((3, count))
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
        undefined = ~np.isfinite(top)
        top[undefined], own[undefined] = 0.0, 0.0
        gap[at] = np.where(np.isinf(own), 0.0, np.minimum(top - own, LARGEST))
        total[at], products = _sums(x, top, undefined, buffers)
        if np.isnan(products).any():  # 0 times -inf: a logit of -inf counts as -LARGEST
            _, products = _sums(x, top, undefined, buffers, -LARGEST)
        entropy[at] = (0.0 - products) / total[at]
    return gap, entropy, np.log(total)


def _buffers(rows: int, n: int) -> tuple[Float64s, Float64s]:
    """Two arrays for as many classes of the rows at a time as the cache holds."""
    shape = rows, min(n, _IN_CACHE)
    return np.empty(shape, order=order_of(n)), np.empty(shape, order=order_of(n))


def _sums(
    x: np.typing.NDArray[np.generic],
    top: Float64s,
    undefined: np.typing.NDArray[np.bool_],
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
            np.subtract(some, top[:, None], out=above)
            above[undefined] = 0.0
            if least > -np.inf:
                np.maximum(above, least, out=above)
            np.exp(above, out=exps)
            total += exps.sum(axis=1)
            exps *= above
            products += exps.sum(axis=1)
    return total, products
