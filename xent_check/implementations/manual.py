"""The textbook formula, in NumPy, in the dtype of the case, as the two forum threads write it.

    categorical  p = exp(x) / sum exp(x); p = p / sum p; -sum(t log p), integer labels one-hot
    binary       p = 1 / (1 + exp(-z)); t (-log p) + (1 - t) (-log(1 - p))

Shapes: classes along the class axis; one loss per sample. mean divides by the kept samples. An
exp that overflows or a probability that rounds to 0 or 1 gives inf or nan; a label outside the
classes has an empty one-hot row and the loss 0. Error: log of a rounded probability loses every
digit of a loss below the dtype's roundoff. Source: both threads (cases/forum/).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..evaluation import Computed, Unsupported
from ..problem import Problem
from ..program import Supported, refuse_what_is_not_supported
from ..words import Given, Loss, Reduction

Array = npt.NDArray[Any]
_GIVEN: tuple[Given, ...] = ("logits", "probs", "log_probs")
ALL: Supported = {
    **{("binary", given): frozenset({"label_smoothing"}) for given in _GIVEN},
    **{("categorical", given): frozenset({"label_smoothing", "class_axis"}) for given in _GIVEN},
    **{
        ("sparse_categorical", given): frozenset({"label_smoothing", "class_axis", "ignore_index"})
        for given in _GIVEN
    },
}
SUPPORTED = ALL


def evaluate(problem: Problem, mode: str, device: str) -> Computed:
    """Losses by the formula, totals as plain sums."""
    refuse_what_is_not_supported(problem, SUPPORTED, "the textbook formula")
    return run(problem, LOSSES[problem.loss], TEXTS[problem.loss, problem.given])


def run(problem: Problem, function: Callable[[Problem], Array], text: str) -> Computed:
    """Run a NumPy formula, its warnings off: nan and inf are answers here."""
    with np.errstate(all="ignore"):
        start = time.perf_counter()
        losses = np.where(problem.kept, function(problem), problem.values.dtype.type(0))
        totals = {r: _total(problem, losses, r) for r in problem.reductions}
        seconds = time.perf_counter() - start
    return Computed(losses, totals, text, seconds)


def _total(problem: Problem, losses: Array, reduction: Reduction) -> Array | Unsupported:
    total = np.sum(losses)
    if reduction == "sum":
        return np.asarray(total)
    if reduction == "weighted_mean" and problem.loss == "categorical":
        count = np.sum(problem.labels)
    else:
        count = losses.dtype.type(np.count_nonzero(problem.kept))
    return np.asarray(total / count, dtype=losses.dtype)


def targets(problem: Problem) -> Array:
    """The labels as distributions, classes last, smoothed: t (1 - e) + e / n."""
    n, dtype = problem.num_classes, problem.values.dtype
    if problem.loss == "sparse_categorical":
        rows = np.equal(problem.labels[..., None], np.arange(n)).astype(dtype)
    else:
        rows = np.moveaxis(problem.labels, problem.class_axis, -1)
    e = problem.label_smoothing
    return rows if e == 0 else rows * dtype.type(1 - e) + dtype.type(e / n)


def binary_targets(problem: Problem) -> Array:
    """The labels, smoothed: t (1 - e) + e / 2."""
    e, t = problem.label_smoothing, problem.labels
    return t if e == 0 else t * t.dtype.type(1 - e) + t.dtype.type(e / 2)


def binary(problem: Problem) -> Array:
    """t (-log p) + (1 - t) (-log(1 - p)), p = 1 / (1 + exp(-z))."""
    values, t = problem.values, binary_targets(problem)
    one = values.dtype.type(1)
    if problem.given == "logits":
        p = one / (one + np.exp(-values))
    elif problem.given == "probs":
        p = values
    else:
        p = np.exp(values)
    losses: Array = t * -np.log(p) + (one - t) * -np.log(one - p)
    return losses


def categorical(problem: Problem) -> Array:
    """-sum(t log p), p = exp(x) / sum exp(x), divided by its sum once more."""
    values = np.moveaxis(problem.values, problem.class_axis, -1)
    if problem.given == "log_probs":
        log_p = values
    else:
        p = np.exp(values) if problem.given == "logits" else values
        p = p / np.sum(p, axis=-1, keepdims=True)
        if problem.given == "logits":
            p = p / np.sum(p, axis=-1, keepdims=True)
        log_p = np.log(p)
    losses: Array = np.sum(targets(problem) * -log_p, axis=-1)
    return losses


LOSSES: Mapping[Loss, Callable[[Problem], Array]] = {
    "binary": binary,
    "categorical": categorical,
    "sparse_categorical": categorical,
}
_P: Mapping[tuple[bool, Given], str] = {
    (True, "logits"): ", p = 1 / (1 + exp(-logits))",
    (True, "probs"): ", p = probs",
    (True, "log_probs"): ", p = exp(log_probs)",
    (False, "logits"): ", p = exp(logits) / sum(exp(logits)), p = p / sum(p)",
    (False, "probs"): ", p = probs / sum(probs)",
    (False, "log_probs"): ", log(p) = log_probs",
}
TEXTS: Mapping[tuple[Loss, Given], str] = {
    **{("binary", g): "t * -log(p) + (1 - t) * -log(1 - p)" + _P[True, g] for g in _GIVEN},
    **{("categorical", g): "sum(t * -log(p))" + _P[False, g] for g in _GIVEN},
    **{("sparse_categorical", g): "sum(one_hot(labels) * -log(p))" + _P[False, g] for g in _GIVEN},
}
