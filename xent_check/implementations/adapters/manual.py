"""The textbook formula, in NumPy, in the dtype of the case, as the two forum threads write it.

    categorical  p = exp(x) / sum exp(x); p = p / sum p; -sum(t log p), integer labels one-hot
    binary       p = 1 / (1 + exp(-z)); t (-log p) + (1 - t) (-log(1 - p))

Shapes: classes along the class axis; one loss per sample. mean divides by the kept samples. What
has 16 bits is added up in float32. An exp that overflows or a probability that rounds to 0 or 1
gives inf or nan; a label outside the classes has an empty one-hot row and the loss 0. Error: log of
a rounded probability loses every digit of a loss below the dtype's roundoff. Source: both threads
(cases/forum/).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import BITS
from xent_check.problem.evaluation import Computed, Unsupported, UnsupportedError
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Given, Loss, Reduction

from ..conduct import watched
from ..program import problem_arrays, refuse_what_is_not_supported
from ..support import EVERYTHING, NUMPY_LAYOUTS

Array = npt.NDArray[Any]


def evaluate(problem: Problem, mode: str, device: str) -> Computed:
    """Losses by the formula, totals as plain sums."""
    refuse_what_is_not_supported(problem, EVERYTHING, "the textbook formula", NUMPY_LAYOUTS)
    return run(problem, FORMULAS[problem.loss], TEXTS[problem.loss, problem.given])


def run(problem: Problem, formula: Callable[[Problem], Array], text: str) -> Computed:
    """Run a NumPy formula. text: the formula as reports show it.

    UnsupportedError where NumPy has no bfloat16 to compute in.
    """
    if problem.values.dtype == BITS:
        raise UnsupportedError("NumPy computes in bfloat16 only where ml_dtypes is installed")
    if problem.values.dtype.itemsize == 2:
        text = f"{text}; sums in float32"
    arrays = problem_arrays(problem)
    conduct = watched(problem, arrays, np.asarray)
    in_memory = replace(problem, values=arrays[problem.given], labels=arrays["labels"])
    start = time.perf_counter()
    losses, totals = answer(in_memory.aligned, formula)
    seconds = time.perf_counter() - start
    gradient = Unsupported("NumPy has no autodiff") if problem.gradient else None
    by_parameters = {p: gradient for p in problem.parameters if gradient is not None}
    return Computed(
        losses, {**totals}, text, seconds, gradient, conduct=conduct(), by_parameters=by_parameters
    )


def answer(
    problem: Problem, formula: Callable[[Problem], Array]
) -> tuple[Array, dict[Reduction, Array]]:
    """The losses and their totals, NumPy's warnings off: nan and inf are answers here."""
    with np.errstate(all="ignore"):
        losses = formula(problem)
        if problem.sample_weight is not None:
            losses = losses * problem.sample_weight
        losses = np.where(problem.kept, losses, losses.dtype.type(0))
        return losses, {r: _total(problem, losses, r) for r in problem.reductions}


def _total(problem: Problem, losses: Array, reduction: Reduction) -> Array:
    """Added up and divided in float32 where the losses have 16 bits, then rounded to those."""
    total = added(losses)
    if reduction == "mean":
        count = np.count_nonzero(problem.kept) if problem.num_items is None else problem.num_items
        total = total / total.dtype.type(count)
    elif reduction == "weighted_mean":
        weights = _weights(problem)
        total = total / added(np.where(problem.kept, weights, weights.dtype.type(0)))
    return np.asarray(total, dtype=losses.dtype)


def added(array: Array, **options: Any) -> Array:
    """np.sum; numbers of 16 bits in float32, which is what it returns of them."""
    dtype = np.float32 if array.dtype.itemsize == 2 else array.dtype
    total: Array = np.sum(array, dtype=dtype, **options)
    return total


def _weights(problem: Problem) -> Array:
    """sample_weight times class_weight[y], or times sum_c w_c t_c before smoothing."""
    dtype = problem.values.dtype
    weights: Array = np.ones(problem.samples_shape, dtype=dtype)
    if problem.loss != "binary":
        rows, class_weight = _one_hot(problem), problem.class_weight
        rows = rows if class_weight is None else rows * class_weight
        weights = added(rows, axis=-1).astype(dtype)
    return weights if problem.sample_weight is None else weights * problem.sample_weight


def _one_hot(problem: Problem) -> Array:
    """The labels as distributions, classes last."""
    if problem.loss == "categorical":
        return np.moveaxis(problem.labels, problem.class_axis, -1)
    classes = np.arange(problem.num_classes)
    rows: Array = np.equal(problem.labels[..., None], classes).astype(problem.values.dtype)
    return rows


def targets(problem: Problem) -> Array:
    """The labels as distributions, classes last, smoothed and weighted: w (t (1 - e) + e / n)."""
    rows, e, dtype = _one_hot(problem), float(problem.smoothing), problem.values.dtype
    if e:
        rows = rows * dtype.type(1 - e) + dtype.type(e / problem.num_classes)
    return rows if problem.class_weight is None else rows * problem.class_weight


def binary_targets(problem: Problem) -> Array:
    """The labels, smoothed: t (1 - e) + e / 2."""
    e, t = problem.label_smoothing, problem.labels
    return t if e == 0 else t * t.dtype.type(1 - e) + t.dtype.type(e / 2)


def binary(problem: Problem) -> Array:
    """t (-log p) + (1 - t) (-log(1 - p)), p = 1 / (1 + exp(-z))."""
    values, t = problem.values, binary_targets(problem)
    one = values.dtype.type(1)
    if problem.given == "logits":
        p = one / (one + np.exp(-scores(problem)))
    elif problem.given == "probs":
        p = values
    else:
        p = np.exp(values)
    positive = t if problem.pos_weight is None else t * problem.pos_weight
    losses: Array = positive * -np.log(p) + (one - t) * -np.log(one - p)
    return losses


def categorical(problem: Problem) -> Array:
    """-sum(t log p), p = exp(x) / sum exp(x), divided by its sum once more."""
    values = np.moveaxis(scores(problem), problem.class_axis, -1)
    if problem.given == "log_probs":
        log_p = values
    else:
        scored = problem.given in ("logits", "hidden")
        p = np.exp(values) if scored else values
        if problem.z_loss:
            log_sum = np.log(added(p, axis=-1).astype(values.dtype))
        p = _divided(p)
        if scored:
            p = _divided(p)
        log_p = np.log(p)
    losses = added(targets(problem) * -log_p, axis=-1).astype(values.dtype)
    return with_z_loss(problem, losses, log_sum) if problem.z_loss else losses


def scores(problem: Problem) -> Array:
    """softcap tanh(logit_scale x / softcap); what is given where neither is set. Of what is hidden,
    x = hidden @ weight.T + bias, numbers of 16 bits multiplied and added up in float32."""
    x, one = problem.values, problem.values.dtype.type
    if problem.weight is not None:
        wide = np.float32 if x.dtype.itemsize == 2 else x.dtype
        x = (x.astype(wide) @ problem.weight.astype(wide).T).astype(x.dtype)
        x = x if problem.bias is None else x + problem.bias
    if problem.logit_scale != 1:
        x = x * one(problem.logit_scale)
    if problem.softcap is not None:
        x = one(problem.softcap) * np.tanh(x / one(problem.softcap))
    return x


def with_z_loss(problem: Problem, losses: Array, log_sum: Array) -> Array:
    """The losses + z_loss * log_sum ** 2. log_sum: log sum exp of the scores, one per sample."""
    z: Array = losses.dtype.type(problem.z_loss) * np.square(log_sum)
    return losses + z


def _divided(p: Array) -> Array:
    """The probabilities over their sum."""
    divided: Array = p / added(p, axis=-1, keepdims=True).astype(p.dtype)
    return divided


FORMULAS: Mapping[Loss, Callable[[Problem], Array]] = {
    "binary": binary,
    "categorical": categorical,
    "sparse_categorical": categorical,
}
_P: Mapping[tuple[bool, Given], str] = {
    (True, "logits"): "p = 1 / (1 + exp(-logits)); ",
    (True, "probs"): "p = probs; ",
    (True, "log_probs"): "p = exp(log_probs); ",
    (False, "hidden"): "logits = hidden @ weight.T + bias; "
    "p = exp(logits) / sum(exp(logits)); p = p / sum(p); ",
    (False, "logits"): "p = exp(logits) / sum(exp(logits)); p = p / sum(p); ",
    (False, "probs"): "p = probs / sum(probs); ",
    (False, "log_probs"): "p = exp(log_probs); ",
}
TEXTS: Mapping[tuple[Loss, Given], str] = {
    **{("binary", g): p + "t * -log(p) + (1 - t) * -log(1 - p)" for (b, g), p in _P.items() if b},
    ("categorical", "logits"): _P[False, "logits"] + "sum(t * -log(p))",
    ("categorical", "probs"): _P[False, "probs"] + "sum(t * -log(p))",
    ("sparse_categorical", "logits"): _P[False, "logits"] + "sum(one_hot(labels) * -log(p))",
    ("sparse_categorical", "probs"): _P[False, "probs"] + "sum(one_hot(labels) * -log(p))",
    ("categorical", "hidden"): _P[False, "hidden"] + "sum(t * -log(p))",
    ("sparse_categorical", "hidden"): _P[False, "hidden"] + "sum(one_hot(labels) * -log(p))",
    ("categorical", "log_probs"): "sum(t * -log_probs)",
    ("sparse_categorical", "log_probs"): "sum(one_hot(labels) * -log_probs)",
}
