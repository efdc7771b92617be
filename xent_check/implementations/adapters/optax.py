"""Optax: sigmoid_binary_cross_entropy, softmax_cross_entropy and its integer-label twin.

They take logits. Ignored samples are masked with `where`; smoothing is optax.smooth_labels of
one-hot labels; weights multiply the losses, or the one-hot labels. Totals by jnp.mean and
jnp.sum, gradients by jax.vjp. Source: the API pages of optax.losses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import optax

from xent_check.problem.evaluation import Computed
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Loss, Reduction

from ..idioms import Idioms, around
from ..program import LossFunction, NativeArrays, refuse_what_is_not_supported
from ..recording import Calls
from ..support import OPTAX
from .jax import NAMES, REDUCED, prepare, run

__all__ = ["evaluate", "prepare"]


def evaluate(problem: Problem, mode: str, device: str) -> Computed:
    """Losses from optax, totals by jnp.mean and jnp.sum."""
    refuse_what_is_not_supported(problem, OPTAX, "optax")
    return run(problem, mode, device, FUNCTIONS[problem.loss], optax, REDUCED)


def binary(call: Calls, problem: Problem, arrays: NativeArrays, _: Reduction | None) -> Any:
    """sigmoid_binary_cross_entropy."""
    losses = call("optax.sigmoid_binary_cross_entropy", arrays["logits"], arrays["labels"])
    idioms = Idioms(call, NAMES, problem, arrays)
    return idioms.weighted_by_sample(losses)


def categorical(call: Calls, problem: Problem, arrays: NativeArrays, _: Reduction | None) -> Any:
    """softmax_cross_entropy, of smoothed and weighted labels where asked."""
    idioms = Idioms(call, NAMES, problem, arrays)
    labels = idioms.weighted_targets(_smoothed(call, problem, arrays["labels"]))
    losses = call("optax.softmax_cross_entropy", arrays["logits"], labels, **_axis(problem))
    return idioms.weighted_by_sample(losses)


def sparse_categorical(
    call: Calls, problem: Problem, arrays: NativeArrays, _: Reduction | None
) -> Any:
    """softmax_cross_entropy_with_integer_labels; with smoothing, one-hot labels smoothed."""
    idioms = Idioms(call, NAMES, problem, arrays)
    logits, labels, options = arrays["logits"], idioms.labels(), _axis(problem)
    mask = idioms.kept()
    if mask is not None:
        options["where"] = call("jnp.expand_dims", mask, problem.class_axis)
    if problem.label_smoothing:
        one_hot = {"dtype": problem.dtype, "axis": problem.class_axis}
        targets = call("jax.nn.one_hot", labels, problem.num_classes, **one_hot)
        targets = idioms.weighted_targets(_smoothed(call, problem, targets))
        losses = call("optax.softmax_cross_entropy", logits, targets, **options)
    else:
        name = "optax.softmax_cross_entropy_with_integer_labels"
        losses = idioms.weighted_by_label(call(name, logits, labels, **options))
    return idioms.weighted_by_sample(losses)


def _smoothed(call: Calls, problem: Problem, labels: Any) -> Any:
    if not problem.label_smoothing:
        return labels
    return call("optax.smooth_labels", labels, problem.label_smoothing, **_axis(problem))


def _axis(problem: Problem) -> dict[str, Any]:
    return {"axis": problem.class_axis} if "class_axis" in problem.options else {}


FUNCTIONS: Mapping[Loss, LossFunction] = {
    "binary": around(binary, NAMES),
    "categorical": around(categorical, NAMES),
    "sparse_categorical": around(sparse_categorical, NAMES),
}
