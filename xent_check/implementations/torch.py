"""PyTorch: the functional losses of torch.nn.functional.

Class scores have their class axis at 1. mean divides by the kept samples (cross_entropy,
nll_loss) or by all of them (the binary losses). Source: the reference pages of
torch.nn.functional.cross_entropy, nll_loss, binary_cross_entropy and
binary_cross_entropy_with_logits.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from ..calls import Calls
from ..evaluation import Computed, MissingDeviceError, Unsupported, UnsupportedError
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
    ("binary", "probs"): frozenset(),
    ("categorical", "logits"): frozenset({"label_smoothing", "class_axis"}),
    ("sparse_categorical", "logits"): frozenset({"ignore_index", "label_smoothing", "class_axis"}),
    ("sparse_categorical", "probs"): frozenset({"ignore_index", "class_axis"}),
    ("sparse_categorical", "log_probs"): frozenset({"ignore_index", "class_axis"}),
}


def evaluate(problem: Problem, mode: str, device: str) -> Computed:
    """Losses by reduction='none', totals by the API's own reductions."""
    refuse_what_is_not_supported(problem, SUPPORTED, "torch.nn.functional")
    if device == "cuda" and not torch.cuda.is_available():
        raise MissingDeviceError("PyTorch sees no CUDA device")
    program = Program({"torch": torch}, problem, LOSSES[problem.loss])
    arrays = {k: _tensor(a, device) for k, a in problem_arrays(problem).items()}
    start = time.perf_counter()
    answers = program(arrays)
    seconds = time.perf_counter() - start
    losses = _array(answers.pop("losses"))
    totals: dict[Reduction, Any] = {
        r: _array(answers[r]) for r in problem.reductions if r in answers
    }
    unsupported: dict[Reduction, Unsupported] = program.unsupported
    return Computed(losses, totals | unsupported, program.text, seconds)


def _tensor(array: np.ndarray[Any, Any], device: str) -> torch.Tensor:
    if array.dtype.name == "bfloat16":
        bits = torch.tensor(np.array(array).view(np.int16))
        return bits.view(torch.bfloat16).to(device)
    return torch.tensor(np.array(array)).to(device)


def _array(tensor: torch.Tensor) -> np.ndarray[Any, Any]:
    tensor = tensor.detach().cpu()
    if tensor.dtype == torch.bfloat16:
        import ml_dtypes

        bits: np.ndarray[Any, Any] = tensor.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
        return bits
    array: np.ndarray[Any, Any] = tensor.numpy()
    return array


def binary(call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None) -> Any:
    """binary_cross_entropy_with_logits, or binary_cross_entropy from probabilities."""
    name = "binary_cross_entropy" + ("_with_logits" if problem.given == "logits" else "")
    return call(
        f"torch.nn.functional.{name}",
        arrays[problem.given],
        arrays["labels"],
        reduction=_REDUCTIONS[reduction],
    )


def categorical(
    call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None
) -> Any:
    """cross_entropy with a distribution per sample: its mean divides by all samples."""
    if reduction == "weighted_mean":
        raise UnsupportedError("cross_entropy with distributions divides by the samples alone")
    return call(
        "torch.nn.functional.cross_entropy",
        _classes_second(call, problem, arrays[problem.given]),
        _classes_second(call, problem, arrays["labels"]),
        **_smoothing(problem),
        reduction=_REDUCTIONS[reduction],
    )


def sparse_categorical(
    call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None
) -> Any:
    """cross_entropy from logits; nll_loss of log-probabilities, or of the log of probabilities."""
    scores = _classes_second(call, problem, arrays[problem.given])
    if problem.given == "probs":
        scores = call("torch.log", scores)
    options = _smoothing(problem)
    if problem.ignore_index is not None:
        options["ignore_index"] = problem.ignore_index
    name = "cross_entropy" if problem.given == "logits" else "nll_loss"
    return call(
        f"torch.nn.functional.{name}",
        scores,
        arrays["labels"],
        **options,
        reduction=_REDUCTIONS[reduction],
    )


def _smoothing(problem: Problem) -> dict[str, Any]:
    return {"label_smoothing": problem.label_smoothing} if problem.label_smoothing else {}


def _classes_second(call: Calls, problem: Problem, tensor: torch.Tensor) -> torch.Tensor:
    if problem.class_axis % tensor.ndim == 1:
        return tensor
    moved: torch.Tensor = call("torch.movedim", tensor, problem.class_axis, 1)
    return moved


_REDUCTIONS: dict[Reduction | None, str] = {
    None: "none",
    "mean": "mean",
    "weighted_mean": "mean",
    "sum": "sum",
}
LOSSES: Mapping[Loss, LossFunction] = {
    "binary": binary,
    "categorical": categorical,
    "sparse_categorical": sparse_categorical,
}
