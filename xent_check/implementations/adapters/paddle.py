"""PaddlePaddle: the functional losses of paddle.nn.functional, on the CPU.

The mean of cross_entropy and nll_loss divides by the class weights of the labels, where there are
any; elsewhere, and in the binary losses, by the samples. Gradients by paddle.grad. Source: the
reference pages of paddle.nn.functional.cross_entropy, nll_loss, binary_cross_entropy and
binary_cross_entropy_with_logits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import paddle

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
from ..support import PADDLE, PADDLE_LAYOUTS


def evaluate(problem: Problem, mode: str, device: str) -> Computed:
    """Losses by reduction="none", totals by the API's own reductions where they mean the same."""
    refuse_what_is_not_supported(problem, PADDLE, "paddle.nn.functional", PADDLE_LAYOUTS)
    if problem.dtype in ("float16", "bfloat16"):
        raise UnsupportedError(
            f"PaddlePaddle has no kernel of this loss in {problem.dtype} on CPUs"
        )
    paddle.set_device("cpu")
    program = Program({"paddle": paddle}, problem, FUNCTIONS[problem.loss], _differentiate)
    arrays = {k: _to_tensor(a) for k, a in problem_arrays(problem).items()}
    conduct = watched(problem, arrays, _to_numpy)
    start = time.perf_counter()
    with program.tracked():
        answers = program(arrays)
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


def _differentiate(
    losses_of: Callable[..., Any], inputs: Sequence[Any], cotangent: Any
) -> tuple[Any, Sequence[Any]]:
    """The losses, and the gradients of sum(cotangent * losses), by paddle.grad."""
    inputs = [tensor.detach() for tensor in inputs]
    for tensor in inputs:
        tensor.stop_gradient = False
    losses = losses_of(*inputs)
    return losses, paddle.grad([losses], inputs, grad_outputs=[cotangent])


def _to_tensor(array: np.ndarray[Any, Any]) -> Any:
    """A tensor of the same bits, in memory of the same strides."""
    if array.flags.c_contiguous:
        return paddle.to_tensor(array)
    memory, strides, _ = flat_memory(array)  # the first number is the lowest: none is negative
    return paddle.as_strided(paddle.to_tensor(memory), array.shape, strides)


def _to_numpy(tensor: Any) -> np.ndarray[Any, Any]:
    array: np.ndarray[Any, Any] = tensor.detach().numpy()
    return array


def binary(call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None) -> Any:
    """binary_cross_entropy_with_logits, or binary_cross_entropy from probabilities."""
    if reduction == "weighted_mean" and "sample_weight" in arrays:
        raise UnsupportedError("paddle.nn.functional has no mean over the weights of samples")
    name = "binary_cross_entropy" + ("_with_logits" if problem.given == "logits" else "")
    options = _present(arrays, weight="sample_weight", pos_weight="pos_weight")
    scores, labels = arrays[problem.given], arrays["labels"]
    options["reduction"] = _native(reduction)
    return call(f"paddle.nn.functional.{name}", scores, labels, **options)


def categorical(
    call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None
) -> Any:
    """cross_entropy with soft_label=True, whose losses keep the class axis, of size 1."""
    if reduction == "weighted_mean" or (reduction == "mean" and "class_weight" in arrays):
        raise UnsupportedError("paddle.nn.functional.cross_entropy has no such mean of soft labels")
    options = {"soft_label": True, **_of_classes(problem, arrays), "reduction": _native(reduction)}
    name = "paddle.nn.functional.cross_entropy"
    answer = call(name, arrays["logits"], arrays["labels"], **options)
    return answer if reduction else call("paddle.squeeze", answer, problem.class_axis)


def sparse_categorical(
    call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None
) -> Any:
    """cross_entropy from logits, nll_loss of log-probabilities, whose class axis is 1."""
    if reduction == "mean" and "class_weight" in arrays:
        raise UnsupportedError("paddle.nn.functional: its mean divides by the class weights")
    options = _of_classes(problem, arrays)
    scores, name = arrays[problem.given], "cross_entropy"
    if problem.ignore_index is not None:
        options["ignore_index"] = problem.ignore_index
    if problem.given == "log_probs":
        options.pop("axis", None)
        name, axis = "nll_loss", problem.class_axis % problem.values.ndim
        scores = scores if axis == 1 else call("paddle.moveaxis", scores, axis, 1)
    options["reduction"] = _native(reduction)
    answer = call(f"paddle.nn.functional.{name}", scores, arrays["labels"], **options)
    if reduction or not problem.label_smoothing:
        return answer
    return call("paddle.squeeze", answer, problem.class_axis)  # smoothed, the labels are soft


def _of_classes(problem: Problem, arrays: NativeArrays) -> dict[str, Any]:
    options = _present(arrays, weight="class_weight")
    if "class_axis" in problem.options:
        options["axis"] = problem.class_axis
    if problem.label_smoothing:
        options["label_smoothing"] = problem.label_smoothing
    return options


def _present(arrays: NativeArrays, **keywords: str) -> dict[str, Any]:
    return {key: arrays[name] for key, name in keywords.items() if name in arrays}


def _native(reduction: Reduction | None) -> str:
    """The API's name for the reduction."""
    if reduction is None:
        return "none"
    return "mean" if reduction == "weighted_mean" else reduction


FUNCTIONS: Mapping[Loss, LossFunction] = {
    "binary": binary,
    "categorical": categorical,
    "sparse_categorical": sparse_categorical,
}
