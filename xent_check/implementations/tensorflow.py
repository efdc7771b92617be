"""TensorFlow: the losses of tf.nn, which take logits and leave the reduction to tf.reduce_*.

Modes: graph (tf.function) and xla (tf.function with jit_compile=True). Source: the API pages of
tf.nn.sigmoid_cross_entropy_with_logits, softmax_cross_entropy_with_logits and
sparse_softmax_cross_entropy_with_logits.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

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
from ..words import Loss, Reduction

SUPPORTED: Supported = {
    ("binary", "logits"): frozenset(),
    ("categorical", "logits"): frozenset({"class_axis"}),
    ("sparse_categorical", "logits"): frozenset({"ignore_index", "class_axis"}),
}


def evaluate(problem: Problem, mode: str, device: str) -> Computed:
    """Losses from tf.nn, totals by tf.reduce_mean and tf.reduce_sum."""
    refuse_what_is_not_supported(problem, SUPPORTED, "tf.nn")
    return run(problem, mode, device, LOSSES[problem.loss])


def run(problem: Problem, mode: str, device: str, function: LossFunction) -> Computed:
    """Run `function` under TensorFlow: eagerly, as a graph, or compiled by XLA."""
    if device == "cuda" and not tf.config.list_physical_devices("GPU"):
        raise MissingDeviceError("TensorFlow sees no CUDA device")
    program = Program({"tf": tf}, problem, function)
    prefix = ""
    compiled: Any = program
    if mode:
        options = {"jit_compile": True} if mode == "xla" else {}
        compiled = tf.function(program, autograph=False, **options)
        arguments = ", ".join(f"{k}={v}" for k, v in options.items())
        prefix = f"tf.function({arguments}): "
    with tf.device("/GPU:0" if device == "cuda" else "/CPU:0"):
        arrays = {k: tf.constant(np.array(a)) for k, a in problem_arrays(problem).items()}
        start = time.perf_counter()
        answers = compiled(arrays)
        seconds = time.perf_counter() - start
    losses = answers["losses"].numpy()
    totals = {r: np.asarray(answers[r].numpy()) for r in problem.reductions if r in answers}
    return Computed(losses, totals | program.unsupported, prefix + program.text, seconds)


def binary(call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None) -> Any:
    """sigmoid_cross_entropy_with_logits."""
    name = "tf.nn.sigmoid_cross_entropy_with_logits"
    losses = call(name, labels=arrays["labels"], logits=arrays["logits"])
    return _reduced(call, losses, reduction)


def categorical(
    call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None
) -> Any:
    """softmax_cross_entropy_with_logits along its own axis."""
    if reduction == "weighted_mean":
        raise UnsupportedError("tf.reduce_mean divides by the samples alone")
    losses = call(
        "tf.nn.softmax_cross_entropy_with_logits",
        labels=arrays["labels"],
        logits=arrays["logits"],
        axis=problem.class_axis,
    )
    return _reduced(call, losses, reduction)


def sparse_categorical(
    call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None
) -> Any:
    """sparse_softmax_cross_entropy_with_logits, ignored labels masked with tf.where."""
    name = "tf.nn.sparse_softmax_cross_entropy_with_logits"
    logits = classes_last(call, problem, arrays["logits"])
    labels = arrays["labels"]
    if problem.ignore_index is None:
        return _reduced(call, call(name, labels=labels, logits=logits), reduction)
    kept = call("tf.not_equal", labels, problem.ignore_index)
    labels = call("tf.where", kept, labels, 0)
    losses = call("tf.where", kept, call(name, labels=labels, logits=logits), 0.0)
    if reduction not in ("mean", "weighted_mean"):
        return _reduced(call, losses, reduction)
    count = call("tf.reduce_sum", call("tf.cast", kept, problem.dtype))
    return call("tf.divide", call("tf.reduce_sum", losses), count)


def classes_last(call: Calls, problem: Problem, tensor: Any) -> Any:
    """The tensor with its class axis moved to the end, by tf.transpose."""
    ndim = len(tensor.shape)
    axis = problem.class_axis % ndim
    if axis == ndim - 1:
        return tensor
    return call("tf.transpose", tensor, [i for i in range(ndim) if i != axis] + [axis])


def _reduced(call: Calls, losses: Any, reduction: Reduction | None) -> Any:
    if reduction is None:
        return losses
    return call("tf.reduce_sum" if reduction == "sum" else "tf.reduce_mean", losses)


LOSSES: Mapping[Loss, LossFunction] = {
    "binary": binary,
    "categorical": categorical,
    "sparse_categorical": sparse_categorical,
}
