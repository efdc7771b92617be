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

_IN_CACHE = 2**17  # values taken to float64 at once, twice


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
    weight, by_class = sizes(problem.sample_weight, labels.size), sizes(problem.class_weight, n)
    own = np.where(inside, by_class[np.where(inside, labels, 0)], 0.0)
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
    x, exps = (np.empty((min(step, count), n), order=order_of(n)) for _ in range(2))
    for start in range(0, count, step):
        at = slice(start, start + step)
        above, e = x[: len(rows[at])], exps[: len(rows[at])]
        above[...] = rows[at]
        top = above.max(axis=1)
        undefined = ~np.isfinite(top)
        above[undefined], top[undefined] = 0.0, 0.0
        place = np.arange(len(top)), labels[at]
        infinite = np.isinf(above[place])
        with np.errstate(over="ignore"):
            np.subtract(above, top[:, None], out=above)  # x - a: what is summed differs in sign
        gap[at] = np.where(infinite, 0.0, np.minimum(0.0 - above[place], LARGEST))
        np.exp(above, out=e)
        total[at] = e.sum(axis=1)
        with np.errstate(invalid="ignore"):
            e *= above
            entropy[at] = (0.0 - e.sum(axis=1)) / total[at]
        if np.isnan(entropy[at]).any():  # 0 times -inf: a logit of -inf counts as -LARGEST
            np.maximum(above, -LARGEST, out=above)
            np.multiply(np.exp(above, out=e), above, out=e)
            entropy[at] = (0.0 - e.sum(axis=1)) / total[at]
    return gap, entropy, np.log(total)
