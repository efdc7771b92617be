"""JAX: cross-entropy as its users write it from jax.nn (JAX itself has no losses).

    binary       -t log_sigmoid(z) - (1 - t) log_sigmoid(-z)
    categorical  -sum(t log_softmax(x)), integer labels as jax.nn.one_hot

From probabilities, the log is jnp.log; log-probabilities are taken as they are. Compiled by
jax.jit; the mode eager runs op by op. Source: the API pages of jax.nn.log_softmax,
jax.nn.log_sigmoid and jax.nn.one_hot.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..calls import Calls
from ..evaluation import Computed, MissingDeviceError, UnsupportedError
from ..problem import Problem
from ..program import (
    LossFunction,
    NativeArrays,
    Program,
    Supported,
    problem_arrays,
    refuse_what_is_not_supported,
)
from ..words import Given, Loss, Reduction

_GIVEN: tuple[Given, ...] = ("logits", "probs", "log_probs")
SUPPORTED: Supported = {
    ("binary", "logits"): frozenset(),
    ("binary", "probs"): frozenset(),
    **{("categorical", given): frozenset({"class_axis"}) for given in _GIVEN},
    **{
        ("sparse_categorical", given): frozenset({"class_axis", "ignore_index"}) for given in _GIVEN
    },
}


def evaluate(problem: Problem, mode: str, device: str) -> Computed:
    """Losses from jax.nn, totals by jnp.mean and jnp.sum."""
    refuse_what_is_not_supported(problem, SUPPORTED, "jax.nn")
    return run(problem, mode, device, LOSSES[problem.loss], {})


def run(
    problem: Problem, mode: str, device: str, function: LossFunction, roots: Mapping[str, Any]
) -> Computed:
    """Run `function` under JAX, jitted unless the mode is eager; x64 only for float64."""
    program = Program({"jax": jax, "jnp": jnp, **roots}, problem, function)
    compiled = program if mode == "eager" else jax.jit(program)
    prefix = "" if mode == "eager" else "jax.jit: "
    target = _device(device)
    with jax.enable_x64(problem.dtype == "float64"), jax.default_device(target):
        arrays = {k: jnp.asarray(np.array(a)) for k, a in problem_arrays(problem).items()}
        start = time.perf_counter()
        answers = jax.block_until_ready(compiled(arrays))
        seconds = time.perf_counter() - start
        losses = np.asarray(answers["losses"])
        totals = {r: np.asarray(answers[r]) for r in problem.reductions if r in answers}
    return Computed(losses, totals | program.unsupported, prefix + program.text, seconds)


def _device(name: str) -> Any:
    try:
        return jax.devices(name)[0]
    except RuntimeError:
        raise MissingDeviceError(f"JAX sees no {name} device") from None


def binary(call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None) -> Any:
    """-(t log p + (1 - t) log(1 - p)), the logs by jax.nn.log_sigmoid or jnp.log."""
    values, labels = arrays[problem.given], arrays["labels"]
    if problem.given == "logits":
        log_p = call("jax.nn.log_sigmoid", values)
        log_not_p = call("jax.nn.log_sigmoid", call("jnp.negative", values))
    else:
        log_p = call("jnp.log", values)
        log_not_p = call("jnp.log", call("jnp.subtract", 1, values))
    positive = call("jnp.multiply", labels, log_p)
    negative = call("jnp.multiply", call("jnp.subtract", 1, labels), log_not_p)
    losses = call("jnp.negative", call("jnp.add", positive, negative))
    return reduced(call, problem, losses, None, reduction)


def categorical(
    call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None
) -> Any:
    """-sum(t log p) along the class axis."""
    return _from_targets(call, problem, arrays, arrays["labels"], None, reduction)


def sparse_categorical(
    call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None
) -> Any:
    """-sum(one_hot(y) log p) along the class axis; ignored samples zeroed with jnp.where."""
    labels = arrays["labels"]
    options = {"dtype": problem.dtype, "axis": problem.class_axis}
    targets = call("jax.nn.one_hot", labels, problem.num_classes, **options)
    kept = None
    if problem.ignore_index is not None:
        kept = call("jnp.not_equal", labels, problem.ignore_index)
    return _from_targets(call, problem, arrays, targets, kept, reduction)


def _from_targets(
    call: Calls,
    problem: Problem,
    arrays: NativeArrays,
    targets: Any,
    kept: Any,
    reduction: Reduction | None,
) -> Any:
    log_p = arrays[problem.given]
    if problem.given == "logits":
        log_p = call("jax.nn.log_softmax", log_p, axis=problem.class_axis)
    elif problem.given == "probs":
        log_p = call("jnp.log", log_p)
    picked = call("jnp.multiply", targets, log_p)
    losses = call("jnp.negative", call("jnp.sum", picked, axis=problem.class_axis))
    if kept is not None:
        losses = call("jnp.where", kept, losses, 0)
    return reduced(call, problem, losses, kept, reduction)


def reduced(
    call: Calls, problem: Problem, losses: Any, kept: Any, reduction: Reduction | None
) -> Any:
    """The losses, or their total by jnp.mean or jnp.sum over the kept samples."""
    if reduction is None:
        return losses
    if reduction == "weighted_mean" and problem.loss == "categorical":
        raise UnsupportedError("jnp.mean divides by the samples alone")
    if reduction == "sum":
        return call("jnp.sum", losses)
    return call("jnp.mean", losses) if kept is None else call("jnp.mean", losses, where=kept)


LOSSES: Mapping[Loss, LossFunction] = {
    "binary": binary,
    "categorical": categorical,
    "sparse_categorical": sparse_categorical,
}
