"""Keras on TensorFlow: the loss classes of tf.keras.losses, given the case's dtype.

reduction 'sum_over_batch_size' divides by the kept samples, 'mean_with_sample_weight' by the sum
of their weights. BinaryCrossentropy averages over the last axis, so the elements get a trailing
axis of one. SparseCategoricalCrossentropy knows the last axis alone and no smoothing: smoothed
labels go one-hot into CategoricalCrossentropy. Source: the API pages of keras.losses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..calls import Calls
from ..evaluation import Computed, UnsupportedError
from ..problem import Problem
from ..program import LossFunction, NativeArrays, Supported, refuse_what_is_not_supported
from ..words import Given, Loss, Reduction
from .tensorflow import classes_last, run

_GIVEN: tuple[Given, ...] = ("logits", "probs")
SUPPORTED: Supported = {
    **{("binary", given): frozenset({"label_smoothing"}) for given in _GIVEN},
    **{("categorical", given): frozenset({"label_smoothing", "class_axis"}) for given in _GIVEN},
    **{
        ("sparse_categorical", given): frozenset({"ignore_index", "label_smoothing", "class_axis"})
        for given in _GIVEN
    },
}


def evaluate(problem: Problem, mode: str, device: str) -> Computed:
    """Losses by reduction='none', totals by the class's own reductions."""
    refuse_what_is_not_supported(problem, SUPPORTED, "keras.losses")
    if problem.ignore_index is not None and problem.label_smoothing:
        raise UnsupportedError("ignore_class is SparseCategoricalCrossentropy's, smoothing is not")
    return run(problem, mode, device, LOSSES[problem.loss])


def _loss(
    call: Calls, problem: Problem, name: str, reduction: Reduction | None, **options: Any
) -> Any:
    return call(
        f"tf.keras.losses.{name}",
        from_logits=problem.given == "logits",
        **options,
        reduction=_REDUCTIONS[reduction],
        dtype=problem.dtype,
    )


def _smoothing(problem: Problem) -> dict[str, Any]:
    return {"label_smoothing": problem.label_smoothing} if problem.label_smoothing else {}


def binary(call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None) -> Any:
    """BinaryCrossentropy over a trailing axis of one."""
    loss = _loss(call, problem, "BinaryCrossentropy", reduction, **_smoothing(problem))
    labels = call("tf.expand_dims", arrays["labels"], -1)
    return call(loss, labels, call("tf.expand_dims", arrays[problem.given], -1))


def categorical(
    call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None
) -> Any:
    """CategoricalCrossentropy along its own axis."""
    if reduction == "weighted_mean":
        raise UnsupportedError("keras.losses divides by sample weights, not by sums of labels")
    options = _smoothing(problem)
    if "class_axis" in problem.options:
        options["axis"] = problem.class_axis
    loss = _loss(call, problem, "CategoricalCrossentropy", reduction, **options)
    return call(loss, arrays["labels"], arrays[problem.given])


def sparse_categorical(
    call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None
) -> Any:
    """SparseCategoricalCrossentropy; with smoothing, one-hot labels into the categorical loss."""
    scores = classes_last(call, problem, arrays[problem.given])
    labels = arrays["labels"]
    if problem.label_smoothing:
        loss = _loss(call, problem, "CategoricalCrossentropy", reduction, **_smoothing(problem))
        return call(loss, call("tf.one_hot", labels, problem.num_classes), scores)
    ignored = {} if problem.ignore_index is None else {"ignore_class": problem.ignore_index}
    loss = _loss(call, problem, "SparseCategoricalCrossentropy", reduction, **ignored)
    return call(loss, labels, scores)


_REDUCTIONS: dict[Reduction | None, str] = {
    None: "none",
    "mean": "sum_over_batch_size",
    "weighted_mean": "mean_with_sample_weight",
    "sum": "sum",
}
LOSSES: Mapping[Loss, LossFunction] = {
    "binary": binary,
    "categorical": categorical,
    "sparse_categorical": sparse_categorical,
}
