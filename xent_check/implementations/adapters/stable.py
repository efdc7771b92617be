"""Shifted log-sum-exp by hand, in NumPy, in the dtype of the case.

    categorical  m = max x; log(sum exp(x - m)) - (x_t - m), weighted by t and summed
    binary       (pos_weight t + 1 - t) log1p(exp(-abs(z))) + pos_weight t max(-z, 0)
                 + (1 - t) max(z, 0)

Shapes: classes along the class axis; one loss per sample. mean divides by the kept samples. What
has 16 bits is added up in float32. Adding a constant to all logits changes nothing beyond rounding.
Logits alone: without them there is nothing to shift. A label outside the classes raises IndexError
above, and counts from the end below 0, as NumPy indexes. Source: Blanchard, Higham and Higham, IMA
J. Numer. Anal. 41(4), 2021, section 4, for the shift; log1p(exp(-abs(z))) is -log sigmoid(abs(z)).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.problem.evaluation import Computed
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Loss

from ..program import refuse_what_is_not_supported
from ..support import FROM_LOGITS, NUMPY_LAYOUTS
from .manual import added, binary_targets, run, scores, targets, with_z_loss

Array = npt.NDArray[Any]


def evaluate(problem: Problem, mode: str, device: str) -> Computed:
    """Losses by the shifted formula, totals as plain sums."""
    refuse_what_is_not_supported(problem, FROM_LOGITS, "shifted log-sum-exp", NUMPY_LAYOUTS)
    before = "x = hidden @ weight.T + bias; " if problem.given == "hidden" else ""
    return run(problem, FORMULAS[problem.loss], before + TEXTS[problem.loss])


def binary(problem: Problem) -> Array:
    """pos_weight t (log1p(exp(-abs(z))) + max(-z, 0)) + (1 - t) (the same + max(z, 0))."""
    z, t = scores(problem), binary_targets(problem)
    zero, one = z.dtype.type(0), z.dtype.type(1)
    tail = np.log1p(np.exp(-np.abs(z)))
    positive = t if problem.pos_weight is None else t * problem.pos_weight
    on_one, on_zero = tail + np.maximum(-z, zero), tail + np.maximum(z, zero)
    losses: Array = _product(positive, on_one) + _product(one - t, on_zero)
    return losses


def _product(target: Array, loss: Array) -> Array:
    """target * loss; a target of 0 leaves the term out."""
    return np.where(target == 0, loss.dtype.type(0), target * loss)


def categorical(problem: Problem) -> Array:
    """sum of t (log(sum exp(x - m)) - (x - m)); terms with t = 0 are left out."""
    shifted, log_sum = _shifted(problem)
    losses = added(_product(targets(problem), log_sum - shifted), axis=-1).astype(shifted.dtype)
    return _with_z_loss(problem, losses, log_sum)


def sparse_categorical(problem: Problem) -> Array:
    """log(sum exp(x - m)) - (x_y - m)."""
    if problem.label_smoothing:
        return categorical(problem)
    shifted, log_sum = _shifted(problem)
    labels = np.where(problem.kept, problem.labels, 0)[..., None]
    losses: Array = (log_sum - np.take_along_axis(shifted, labels, axis=-1))[..., 0]
    if problem.class_weight is not None:
        losses = losses * problem.class_weight[labels[..., 0]]
    return _with_z_loss(problem, losses, log_sum)


def _with_z_loss(problem: Problem, losses: Array, log_sum: Array) -> Array:
    """log_sum: of the shifted scores; the shift is added again."""
    if not problem.z_loss:
        return losses
    top = np.max(np.moveaxis(scores(problem), problem.class_axis, -1), axis=-1)
    return with_z_loss(problem, losses, log_sum[..., 0] + top)


def _shifted(problem: Problem) -> tuple[Array, Array]:
    x = np.moveaxis(scores(problem), problem.class_axis, -1)
    shifted = x - np.max(x, axis=-1, keepdims=True)
    total = added(np.exp(shifted), axis=-1, keepdims=True)
    return shifted, np.log(total.astype(shifted.dtype))


FORMULAS: Mapping[Loss, Callable[[Problem], Array]] = {
    "binary": binary,
    "categorical": categorical,
    "sparse_categorical": sparse_categorical,
}
TEXTS: Mapping[Loss, str] = {
    "binary": "L = log1p(exp(-abs(z))); t * (L + max(-z, 0)) + (1 - t) * (L + max(z, 0))",
    "categorical": "sum(t * (log(sum(exp(x - max(x)))) - (x - max(x))))",
    "sparse_categorical": "log(sum(exp(x - max(x)))) - (x[y] - max(x))",
}
