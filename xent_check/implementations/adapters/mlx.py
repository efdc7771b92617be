"""MLX: mlx.nn.losses, on the CPU: cross_entropy, nll_loss and binary_cross_entropy.

Their reduction="mean" divides by the samples, weighted or not. Gradients by mx.vjp. Source: the
reference pages of mlx.nn.losses.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mlx.core as mx
import mlx.nn
import numpy as np

from xent_check.problem.dtypes import dtype_name, numpy_dtype
from xent_check.problem.evaluation import Computed, UnsupportedError
from xent_check.problem.laid_out import flat_memory
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Loss, Reduction

from ..conduct import watched
from ..program import (
    GRADIENT,
    LOSSES,
    LossFunction,
    NativeArrays,
    Program,
    problem_arrays,
    refuse_what_is_not_supported,
)
from ..recording import Calls
from ..support import MLX, MLX_LAYOUTS


def evaluate(problem: Problem, mode: str, device: str) -> Computed:
    """Losses by reduction="none", totals by the API's own reductions where they mean the same."""
    refuse_what_is_not_supported(problem, MLX, "mlx.nn.losses", MLX_LAYOUTS)
    if problem.loss == "sparse_categorical" and _reads_outside(problem):
        raise UnsupportedError("MLX reads memory outside its arrays for a label of no class")
    mx.set_default_device(mx.cpu)
    program = Program({"mlx": mlx}, problem, FUNCTIONS[problem.loss], _differentiate)
    arrays = {name: _to_native(array) for name, array in problem_arrays(problem).items()}
    conduct = watched(problem, arrays, _to_numpy)
    start = time.perf_counter()
    with program.tracked():
        answers = program(arrays)
        mx.eval(answers)
    seconds = time.perf_counter() - start
    totals: dict[Reduction, Any] = {
        r: _to_numpy(answers[r]) for r in problem.reductions if r in answers
    }
    totals |= program.unsupported
    gradient = _to_numpy(answers[GRADIENT]) if problem.gradient else None
    losses = _to_numpy(answers[LOSSES])
    return Computed(
        losses, totals, program.text, seconds, gradient, calls=program.calls, conduct=conduct()
    )


def _reads_outside(problem: Problem) -> bool:
    """Whether a label is no index, from the front or the end. MLX does not check them: what it
    reads is undefined, says https://ml-explore.github.io/mlx/build/html/usage/indexing.html."""
    return bool(
        ((problem.labels < -problem.num_classes) | (problem.labels >= problem.num_classes)).any()
    )


def _differentiate(
    losses_of: Callable[..., Any], inputs: Sequence[Any], cotangent: Any
) -> tuple[Any, Sequence[Any]]:
    """The losses, and the gradients of sum(cotangent * losses), by mx.vjp."""
    if cotangent is None:
        cotangent = mx.ones_like(losses_of(*inputs))
    (losses,), gradients = mx.vjp(losses_of, tuple(inputs), (cotangent,))
    return losses, gradients


def _to_native(array: np.ndarray[Any, Any]) -> Any:
    """An array of the same bits, in memory of the same strides."""
    if not array.flags.c_contiguous:
        memory, strides, first = flat_memory(array)
        return mx.as_strided(_to_native(memory), array.shape, strides, first)
    if dtype_name(array.dtype) == "bfloat16":
        return mx.array(array.view(np.uint16)).view(mx.bfloat16)
    return mx.array(array, dtype=getattr(mx, array.dtype.name))


def _to_numpy(array: Any) -> np.ndarray[Any, Any]:
    """An array of the same bits."""
    if array.dtype == mx.bfloat16:
        return np.array(array.view(mx.uint16)).view(numpy_dtype("bfloat16"))
    return np.array(array)


def binary(call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None) -> Any:
    """binary_cross_entropy, with_logits or of probabilities."""
    options = _options(problem, arrays, reduction)
    options["with_logits"] = problem.given == "logits"
    name = "mlx.nn.losses.binary_cross_entropy"
    return call(name, arrays[problem.given], arrays["labels"], **options)


def of_classes(
    call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None
) -> Any:
    """cross_entropy from logits, of labels of both kinds; nll_loss of log-probabilities."""
    options = _options(problem, arrays, reduction)
    if "class_axis" in problem.options:
        options["axis"] = problem.class_axis
    if problem.label_smoothing:
        options["label_smoothing"] = problem.label_smoothing
    name = "mlx.nn.losses." + ("cross_entropy" if problem.given == "logits" else "nll_loss")
    return call(name, arrays[problem.given], arrays["labels"], **options)


def _options(problem: Problem, arrays: NativeArrays, reduction: Reduction | None) -> dict[str, Any]:
    if reduction == "weighted_mean" and (
        "sample_weight" in arrays or problem.loss == "categorical"
    ):
        raise UnsupportedError("mlx.nn.losses has no mean over the weights")
    native = {None: "none", "weighted_mean": "mean"}.get(reduction, reduction)
    weights = {"weights": arrays["sample_weight"]} if "sample_weight" in arrays else {}
    return {**weights, "reduction": native}


FUNCTIONS: Mapping[Loss, LossFunction] = {
    "binary": binary,
    "categorical": of_classes,
    "sparse_categorical": of_classes,
}
