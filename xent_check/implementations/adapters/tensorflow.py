"""TensorFlow: the losses of tf.nn, which take logits and leave the reduction to tf.reduce_*.

Modes: graph (tf.function) and xla (tf.function with jit_compile=True). Gradients by
tf.GradientTape. Source: the API pages of tf.nn.sigmoid_cross_entropy_with_logits,
weighted_cross_entropy_with_logits, softmax_cross_entropy_with_logits and
sparse_softmax_cross_entropy_with_logits.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf

from xent_check.problem.evaluation import Computed, MissingDeviceError
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Loss, Reduction

from ..conduct import watched
from ..idioms import Idioms, Names, around, reduce_under
from ..outline import PROGRAMS, Outline
from ..own.framework import Framework
from ..program import (
    LOSSES,
    LossFunction,
    NativeArrays,
    Program,
    TotalFunction,
    gradients_in,
    problem_arrays,
    refuse_what_is_not_supported,
)
from ..recording import Calls
from ..support import TF

_COUNTED = re.compile(r"\{\{function_node __inference_[^}]*\}\} | \[Op:__inference_[^\]]*\]")
_MADE_AT = re.compile(r" defined at \(most recent call last\):\n(?: *File .*\n(?: {4}.*\n)*\n*)+")
NAMES = Names(
    sum="tf.reduce_sum",
    mean="tf.reduce_mean",
    divide="tf.divide",
    multiply="tf.multiply",
    where="tf.where",
    not_equal="tf.not_equal",
    count_nonzero="tf.math.count_nonzero",
    take="tf.gather",
    reshape="tf.reshape",
    add="tf.add",
    tanh="tf.tanh",
    square="tf.square",
    log_sum_exp="tf.reduce_logsumexp",
    pad="tf.pad",
    matmul="tf.linalg.matmul",
    transpose="tf.transpose",
    count_needs_dtype=True,
)
REDUCED = reduce_under(NAMES)


def evaluate(problem: Problem, mode: str, device: str) -> Computed:
    """Losses from tf.nn, totals by tf.reduce_mean and tf.reduce_sum."""
    refuse_what_is_not_supported(problem, TF, "tf.nn")
    return run(problem, mode, device, FUNCTIONS[problem.loss], REDUCED)


def run(
    problem: Problem,
    mode: str,
    device: str,
    function: LossFunction,
    total: TotalFunction | None = None,
) -> Computed:
    """Run `function` under TensorFlow: eagerly, as a graph, or compiled by XLA.

    function, total: the same ones at every call.
    """
    if mode:
        program, compiled = _traced(Outline.of(problem), mode, function, total)
    else:
        program = Program({"tf": tf}, problem, function, _differentiate, total=total)
        compiled = program
    with on_device(device), program.tracked():
        arrays = {k: tf.constant(np.array(a)) for k, a in problem_arrays(problem).items()}
        conduct = watched(problem, arrays, lambda tensor: np.asarray(tensor.numpy()))
        start = time.perf_counter()
        with _plain_messages() if mode else contextlib.nullcontext():
            answers = compiled(arrays)
        seconds = time.perf_counter() - start
    losses = answers[LOSSES].numpy()
    reductions = [r for r in problem.reductions if r in answers]
    totals: dict[Reduction, Any] = {r: np.asarray(answers[r].numpy()) for r in reductions}
    gradient, by_parameters = gradients_in(answers, problem, _to_numpy)
    totals |= program.unsupported
    return Computed(
        losses, totals, program.text, seconds, gradient, calls={**program.calls},
        conduct=conduct(), by_parameters=by_parameters,
    )  # fmt: skip


@contextlib.contextmanager
def _plain_messages() -> Iterator[None]:
    """Raise what a graph raises without what differs between two runs of the same: the count of the
    functions that were traced before, and the lines of this package at which a node was made."""
    try:
        yield
    except tf.errors.OpError as error:
        text = _COUNTED.sub("", _MADE_AT.sub("\n\n", error.message))
        raise type(error)(error.node_def, error.op, text) from None


@lru_cache(PROGRAMS)
def _traced(
    outline: Outline, mode: str, function: LossFunction, total: TotalFunction | None
) -> tuple[Program, Any]:
    options = {"autograph": False} | ({"jit_compile": True} if mode == "xla" else {})
    arguments = ", ".join(f"{k}={v}" for k, v in options.items())
    compiler = f"tf.function({{}}, {arguments})"
    program = Program({"tf": tf}, outline, function, _differentiate, compiler, total)
    return program, tf.function(program, **options)


def on_device(device: str) -> AbstractContextManager[Any]:
    """The context of a device, cpu or cuda; MissingDeviceError where TensorFlow does not see it."""
    if device == "cuda" and not tf.config.list_physical_devices("GPU"):
        raise MissingDeviceError("TensorFlow sees no CUDA device")
    context: AbstractContextManager[Any] = tf.device("/GPU:0" if device == "cuda" else "/CPU:0")
    return context


def _differentiate(
    losses_of: Callable[..., Any], inputs: Sequence[Any], cotangent: Any
) -> tuple[Any, Sequence[Any]]:
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        losses = losses_of(*inputs)
    slopes = tape.gradient(losses, inputs, output_gradients=cotangent)
    if any(slope is not None for slope in slopes):  # derivatives by what is left out are 0
        slopes = [tf.zeros_like(i) if s is None else s for i, s in zip(inputs, slopes, strict=True)]
    return losses, slopes


def _to_numpy(tensor: Any) -> np.ndarray[Any, Any]:
    return np.asarray(tensor.numpy())


def binary(call: Calls, problem: Problem, arrays: NativeArrays, _: Reduction | None) -> Any:
    """sigmoid_cross_entropy_with_logits; with a pos_weight, weighted_cross_entropy_with_logits."""
    name = "tf.nn.sigmoid_cross_entropy_with_logits"
    options = {"labels": arrays["labels"], "logits": arrays["logits"]}
    if "pos_weight" in arrays:
        name = "tf.nn.weighted_cross_entropy_with_logits"
        options["pos_weight"] = arrays["pos_weight"]
    idioms = Idioms(call, NAMES, problem, arrays)
    return idioms.weighted_by_sample(call(name, **options))


def categorical(call: Calls, problem: Problem, arrays: NativeArrays, _: Reduction | None) -> Any:
    """softmax_cross_entropy_with_logits along its own axis, times the weights.

    The class weight of a one-hot label multiplies its loss: inside the labels it would give the
    right losses and wrong gradients, which the API takes for distributions.
    """
    idioms = Idioms(call, NAMES, problem, arrays)
    losses = call(
        "tf.nn.softmax_cross_entropy_with_logits",
        labels=arrays["labels"],
        logits=arrays["logits"],
        axis=problem.class_axis,
    )
    weights = idioms.sample_weights()
    if weights is not None:
        losses = call("tf.multiply", losses, weights)
    return losses


def sparse_categorical(
    call: Calls, problem: Problem, arrays: NativeArrays, _: Reduction | None
) -> Any:
    """sparse_softmax_cross_entropy_with_logits, ignored labels masked with tf.where."""
    idioms = Idioms(call, NAMES, problem, arrays)
    losses = call(
        "tf.nn.sparse_softmax_cross_entropy_with_logits",
        labels=idioms.labels(),
        logits=classes_last(call, problem, arrays["logits"]),
    )
    losses = idioms.weighted_by_sample(idioms.weighted_by_label(losses))
    return idioms.masked(losses)


def classes_last(call: Calls, problem: Problem, tensor: Any) -> Any:
    """The tensor with its class axis moved to the end, by tf.transpose."""
    ndim = len(tensor.shape)
    axis = problem.class_axis % ndim
    if axis == ndim - 1:
        return tensor
    return call("tf.transpose", tensor, [i for i in range(ndim) if i != axis] + [axis])


FUNCTIONS: Mapping[Loss, LossFunction] = {
    "binary": around(binary, NAMES),
    "categorical": around(categorical, NAMES),
    "sparse_categorical": around(sparse_categorical, NAMES),
}

FRAMEWORK = Framework(  # for users' own functions
    name="tensorflow",
    inside=lambda _, device: on_device(device),
    to_native=lambda array, _: tf.constant(np.array(array)),
    is_native=tf.is_tensor,
    to_numpy=lambda tensor: np.asarray(tf.convert_to_tensor(tensor).numpy()),
    differentiate=_differentiate,
    from_numpy="tf.convert_to_tensor",
)
