"""Optax: sigmoid_binary_cross_entropy, softmax_cross_entropy and its integer-label twin.

They take logits. Ignored samples are masked with `where`; smoothing is optax.smooth_labels of
one-hot labels. Totals by jnp.mean and jnp.sum. Source: the API pages of optax.losses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import optax

from ..calls import Calls
from ..evaluation import Computed
from ..problem import Problem
from ..program import LossFunction, NativeArrays, Supported, refuse_what_is_not_supported
from ..words import Loss, Reduction
from .jax import reduced, run

SUPPORTED: Supported = {
    ("binary", "logits"): frozenset(),
    ("categorical", "logits"): frozenset({"label_smoothing", "class_axis"}),
    ("sparse_categorical", "logits"): frozenset({"label_smoothing", "class_axis", "ignore_index"}),
}


def evaluate(problem: Problem, mode: str, device: str) -> Computed:
    """Losses from optax, totals by jnp.mean and jnp.sum."""
    refuse_what_is_not_supported(problem, SUPPORTED, "optax")
    return run(problem, mode, device, LOSSES[problem.loss], {"optax": optax})


def binary(call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None) -> Any:
    """sigmoid_binary_cross_entropy."""
    losses = call("optax.sigmoid_binary_cross_entropy", arrays["logits"], arrays["labels"])
    return reduced(call, problem, losses, None, reduction)


def categorical(
    call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None
) -> Any:
    """softmax_cross_entropy, of smoothed labels where asked."""
    labels = _smoothed(call, problem, arrays["labels"])
    options = _axis(problem)
    losses = call("optax.softmax_cross_entropy", arrays["logits"], labels, **options)
    return reduced(call, problem, losses, None, reduction)


def sparse_categorical(
    call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None
) -> Any:
    """softmax_cross_entropy_with_integer_labels; with smoothing, one-hot labels smoothed."""
    logits, labels = arrays["logits"], arrays["labels"]
    options, kept = _axis(problem), None
    if problem.ignore_index is not None:
        kept = call("jnp.not_equal", labels, problem.ignore_index)
        options["where"] = call("jnp.expand_dims", kept, problem.class_axis)
    name = "optax.softmax_cross_entropy_with_integer_labels"
    if problem.label_smoothing:
        name = "optax.softmax_cross_entropy"
        one_hot = {"dtype": problem.dtype, "axis": problem.class_axis}
        labels = call("jax.nn.one_hot", labels, problem.num_classes, **one_hot)
        labels = _smoothed(call, problem, labels)
    losses = call(name, logits, labels, **options)
    return reduced(call, problem, losses, kept, reduction)


def _smoothed(call: Calls, problem: Problem, labels: Any) -> Any:
    if not problem.label_smoothing:
        return labels
    return call("optax.smooth_labels", labels, problem.label_smoothing, **_axis(problem))


def _axis(problem: Problem) -> dict[str, Any]:
    return {"axis": problem.class_axis} if "class_axis" in problem.options else {}


LOSSES: Mapping[Loss, LossFunction] = {
    "binary": binary,
    "categorical": categorical,
    "sparse_categorical": sparse_categorical,
}
