"""Shifted log-sum-exp by hand, in NumPy, in the dtype of the case.

    categorical  m = max x; log(sum exp(x - m)) - (x_t - m), weighted by t and summed
    binary       max(z, 0) - z t + log1p(exp(-abs(z)))

Shapes: classes along the class axis; one loss per sample. mean divides by the kept samples. Adding
a constant to all logits changes nothing beyond rounding. Logits alone: without them there is
nothing to shift. A label outside the classes raises IndexError above, and counts from the end
below 0, as NumPy indexes. Source: Blanchard, Higham and Higham, IMA J. Numer. Anal. 41(4), 2021,
section 4, for the shift; the binary form is tf.nn.sigmoid_cross_entropy_with_logits's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..evaluation import Computed
from ..problem import Problem
from ..program import Supported, refuse_what_is_not_supported
from ..words import Loss
from .manual import ALL, binary_targets, run, targets

Array = npt.NDArray[Any]
SUPPORTED: Supported = {key: options for key, options in ALL.items() if key[1] == "logits"}


def evaluate(problem: Problem, mode: str, device: str) -> Computed:
    """Losses by the shifted formula, totals as plain sums."""
    refuse_what_is_not_supported(problem, SUPPORTED, "shifted log-sum-exp")
    return run(problem, LOSSES[problem.loss], TEXTS[problem.loss])


def binary(problem: Problem) -> Array:
    """max(z, 0) - z t + log1p(exp(-abs(z)))."""
    z, t = problem.values, binary_targets(problem)
    losses: Array = np.maximum(z, z.dtype.type(0)) - z * t + np.log1p(np.exp(-np.abs(z)))
    return losses


def categorical(problem: Problem) -> Array:
    """sum of t (log(sum exp(x - m)) - (x - m)); terms with t = 0 are left out."""
    shifted, log_sum = _shifted(problem)
    t = targets(problem)
    zero = shifted.dtype.type(0)
    losses: Array = np.sum(np.where(t == 0, zero, t * (log_sum - shifted)), axis=-1)
    return losses


def sparse_categorical(problem: Problem) -> Array:
    """log(sum exp(x - m)) - (x_y - m)."""
    if problem.label_smoothing:
        return categorical(problem)
    shifted, log_sum = _shifted(problem)
    labels = np.where(problem.kept, problem.labels, 0)[..., None]
    losses: Array = (log_sum - np.take_along_axis(shifted, labels, axis=-1))[..., 0]
    return losses


def _shifted(problem: Problem) -> tuple[Array, Array]:
    x = np.moveaxis(problem.values, problem.class_axis, -1)
    shifted = x - np.max(x, axis=-1, keepdims=True)
    return shifted, np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))


LOSSES: Mapping[Loss, Callable[[Problem], Array]] = {
    "binary": binary,
    "categorical": categorical,
    "sparse_categorical": sparse_categorical,
}
TEXTS: Mapping[Loss, str] = {
    "binary": "max(z, 0) - z * t + log1p(exp(-abs(z)))",
    "categorical": "sum(t * (log(sum(exp(x - max(x)))) - (x - max(x))))",
    "sparse_categorical": "log(sum(exp(x - max(x)))) - (x[y] - max(x))",
}
