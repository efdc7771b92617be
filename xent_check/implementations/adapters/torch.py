"""PyTorch: the functional losses of torch.nn.functional.

Class scores have their class axis at 1. Their reduction='mean' divides by the sum of the class
weights of the kept labels (integer labels), or by the samples (distributions, binary). It is used
where the reduction means that, torch.sum and torch.divide elsewhere. Gradients by torch.autograd.
Mode compile: torch.compile of the recorded expression. Modes linear and linear-chunked:
linear_cross_entropy, which multiplies what is hidden by the weight itself; the second with
LinearCrossEntropyOptions(), a chunk of rows at a time. Source: the reference pages of
torch.nn.functional.cross_entropy, nll_loss, binary_cross_entropy and
binary_cross_entropy_with_logits.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from xent_check.problem.dtypes import dtype_name, numpy_dtype
from xent_check.problem.evaluation import Computed, MissingDeviceError, UnsupportedError
from xent_check.problem.laid_out import flat_memory
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Loss, Reduction

from ..conduct import watched
from ..idioms import Idioms, Names, around
from ..outline import PROGRAMS, Outline
from ..own.framework import Framework
from ..program import (
    LOSSES,
    LossFunction,
    NativeArrays,
    Program,
    gradients_in,
    problem_arrays,
    refuse_what_is_not_supported,
)
from ..recording import Calls
from ..support import TORCH, TORCH_CHUNKED, TORCH_LAYOUTS, TORCH_LINEAR

NAMES = Names(
    sum="torch.sum",
    mean="torch.mean",
    divide="torch.divide",
    multiply="torch.mul",
    where="torch.where",
    not_equal="torch.ne",
    count_nonzero="torch.count_nonzero",
    take="torch.take",
    reshape="torch.reshape",
    add="torch.add",
    tanh="torch.tanh",
    square="torch.square",
    log_sum_exp="torch.logsumexp",
    pad="torch.nn.functional.pad",
    linear="torch.nn.functional.linear",
    axis="dim",
    pads_from_the_end=True,
)


def evaluate(problem: Problem, mode: str, device: str) -> Computed:
    """Losses by reduction='none', totals by the API's own reductions where they mean the same."""
    if mode in LINEAR:
        _refuse_linear(problem, mode)
        require_device(device)
        program = Program({"torch": torch}, problem, LINEAR[mode], differentiate)
        return answer(problem, program, device)
    refuse_what_is_not_supported(problem, TORCH, "torch.nn.functional", TORCH_LAYOUTS)
    require_device(device)
    function, roots = FUNCTIONS[problem.loss], {"torch": torch}
    if mode == "compile":
        outline = Outline.of(problem)
        function = _compiled(function, outline)
        program = Program(roots, outline, function, differentiate, "torch.compile({})")
    else:
        program = Program(roots, problem, function, differentiate)
    return answer(problem, program, device)


def require_device(device: str) -> None:
    """MissingDeviceError where PyTorch does not see the device: cpu or cuda."""
    if device == "cuda" and not torch.cuda.is_available():
        raise MissingDeviceError("PyTorch sees no CUDA device")


def answer(problem: Problem, program: Program, device: str) -> Computed:
    """The program's answers as NumPy arrays. device: cpu or cuda."""
    arrays = {k: to_tensor(a, device) for k, a in problem_arrays(problem).items()}
    conduct = watched(problem, arrays, to_numpy)
    start = time.perf_counter()
    with program.tracked(), torch.enable_grad():  # a user's module may have turned it off
        answers = program(arrays)
    seconds = time.perf_counter() - start
    totals: dict[Reduction, Any] = {
        r: to_numpy(answers[r]) for r in problem.reductions if r in answers
    }
    gradient, by_parameters = gradients_in(answers, problem, to_numpy)
    losses = to_numpy(answers[LOSSES])
    totals |= program.unsupported
    return Computed(
        losses, totals, program.text, seconds, gradient, calls=program.calls, conduct=conduct(),
        by_parameters=by_parameters,
    )  # fmt: skip


def differentiate(
    losses_of: Callable[..., Any], inputs: Sequence[torch.Tensor], cotangent: torch.Tensor | None
) -> tuple[Any, Sequence[Any]]:
    """The losses, and the gradients of sum(cotangent * losses), by torch.autograd.grad.

    Without a cotangent, of the sum of the losses times ones, which gives them ones in contiguous
    memory as theirs. With grad_outputs PyTorch imports SymPy, which takes a third of a second.
    """
    inputs = [tensor.detach().requires_grad_() for tensor in inputs]
    losses = losses_of(*inputs)
    if cotangent is None:
        return losses, torch.autograd.grad(torch.sum(losses * torch.ones_like(losses)), inputs)
    return losses, torch.autograd.grad(losses, inputs, cotangent)


def _compiled(function: LossFunction, outline: Outline) -> LossFunction:
    """The expression that `function` records, as one function under torch.compile."""

    def run(
        call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None
    ) -> Any:
        expression = call.text(function(call, problem, arrays, reduction))
        compiled = _compiled_expression(outline, expression, tuple(arrays))
        return call.named(expression, compiled(**arrays))

    return run


@lru_cache(PROGRAMS)
def _compiled_expression(outline: Outline, expression: str, names: tuple[str, ...]) -> Any:
    """For problems of one outline, so that none is compiled for shapes that vary."""
    return torch.compile(eval(f"lambda {', '.join(names)}: {expression}", {"torch": torch}))


def to_tensor(array: np.ndarray[Any, Any], device: str) -> torch.Tensor:
    """A tensor of the same bits, in memory of the same strides."""
    if not array.flags.c_contiguous:
        memory, strides, first = flat_memory(array)
        return torch.as_strided(to_tensor(memory, device), array.shape, strides, first)
    if dtype_name(array.dtype) == "bfloat16":
        return torch.tensor(array.view(np.int16)).view(torch.bfloat16).to(device)
    return torch.tensor(array).to(device)


def to_numpy(tensor: torch.Tensor) -> np.ndarray[Any, Any]:
    """An array of the same bits."""
    tensor = tensor.detach().cpu()
    if tensor.dtype == torch.bfloat16:
        bits: np.ndarray[Any, Any] = tensor.view(torch.int16).numpy()
        return bits.view(numpy_dtype("bfloat16"))
    array: np.ndarray[Any, Any] = tensor.numpy()
    return array


def binary(call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None) -> Any:
    """binary_cross_entropy_with_logits, or binary_cross_entropy from probabilities."""
    name = "binary_cross_entropy" + ("_with_logits" if problem.given == "logits" else "")
    options = _present(arrays, weight="sample_weight", pos_weight="pos_weight")
    native = reduction if reduction != "weighted_mean" else None
    answer = call(
        f"torch.nn.functional.{name}",
        arrays[problem.given],
        arrays["labels"],
        **options,
        reduction=native or "none",
    )
    if native is not None:
        return answer
    return Idioms(call, NAMES, problem, arrays).reduced(answer, reduction)


def categorical(
    call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None
) -> Any:
    """cross_entropy with a distribution per sample: its mean divides by all samples."""
    weighted = "sample_weight" in arrays or reduction == "weighted_mean"
    native = None if weighted else reduction
    answer = call(
        "torch.nn.functional.cross_entropy",
        _classes_second(call, problem, arrays[problem.given]),
        _classes_second(call, problem, arrays["labels"]),
        **_present(arrays, weight="class_weight"),
        **_smoothing(problem),
        reduction=native or "none",
    )
    if native is not None:
        return answer
    idioms = Idioms(call, NAMES, problem, arrays)
    return idioms.reduced(idioms.weighted_by_sample(answer), reduction)


def sparse_categorical(
    call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None
) -> Any:
    """cross_entropy from logits; nll_loss of log-probabilities, or of the log of probabilities."""
    scores = _classes_second(call, problem, arrays[problem.given])
    if problem.given == "probs":
        scores = call("torch.log", scores)
    options = _present(arrays, weight="class_weight") | _smoothing(problem)
    if problem.ignore_index is not None:
        options["ignore_index"] = problem.ignore_index
    native = _native_reduction(arrays, reduction)
    name = "cross_entropy" if problem.given == "logits" else "nll_loss"
    answer = call(
        f"torch.nn.functional.{name}",
        scores,
        arrays["labels"],
        **options,
        reduction=native or "none",
    )
    if native is not None:
        return answer
    idioms = Idioms(call, NAMES, problem, arrays)
    return idioms.reduced(idioms.weighted_by_sample(answer), reduction)


def _native_reduction(arrays: NativeArrays, reduction: Reduction | None) -> str | None:
    """The API's name for the reduction; None where it has none of that meaning."""
    if "sample_weight" in arrays:
        return None
    if reduction == "mean" and "class_weight" in arrays:
        return None
    return "mean" if reduction == "weighted_mean" else reduction


def _present(arrays: NativeArrays, **keywords: str) -> dict[str, Any]:
    return {key: arrays[name] for key, name in keywords.items() if name in arrays}


def _smoothing(problem: Problem) -> dict[str, Any]:
    return {"label_smoothing": problem.label_smoothing} if problem.label_smoothing else {}


def _classes_second(call: Calls, problem: Problem, tensor: torch.Tensor) -> torch.Tensor:
    if problem.class_axis % tensor.ndim == 1:
        return tensor
    moved: torch.Tensor = call("torch.movedim", tensor, problem.class_axis, 1)
    return moved


FUNCTIONS: Mapping[Loss, LossFunction] = {
    "binary": around(binary, NAMES),
    "categorical": around(categorical, NAMES),
    "sparse_categorical": around(sparse_categorical, NAMES),
}


# ---- linear_cross_entropy -----------------------------------------------------------------------


def _refuse_linear(problem: Problem, mode: str) -> None:
    name = "torch.nn.functional.linear_cross_entropy"
    if not hasattr(torch.nn.functional, "linear_cross_entropy"):
        raise UnsupportedError(f"torch {torch.__version__} has no {name}")
    if mode == "linear-chunked":
        refuse_what_is_not_supported(problem, TORCH_CHUNKED, f"{name} in chunks")
    refuse_what_is_not_supported(problem, TORCH_LINEAR, name)


def linear(call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None) -> Any:
    """linear_cross_entropy, whose samples have one axis."""
    return _linear(call, problem, arrays, reduction)


def linear_chunked(
    call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None
) -> Any:
    """The same in chunks of rows, as many as its own heuristic says."""
    options = call("torch.nn.LinearCrossEntropyOptions")
    return _linear(call, problem, arrays, reduction, options=options)


def _linear(
    call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None, **more: Any
) -> Any:
    hidden, labels = arrays["hidden"], arrays["labels"]
    soft, several = problem.loss == "categorical", len(problem.samples_shape) > 1
    if several:
        hidden = call("torch.flatten", hidden, 0, -2)
        labels = call("torch.flatten", labels, 0, -2) if soft else call("torch.flatten", labels)
    options = _present(arrays, linear_bias="bias", weight="class_weight") | _smoothing(problem)
    if problem.ignore_index is not None:
        options["ignore_index"] = problem.ignore_index
    native = _native_reduction(arrays, reduction)
    if soft:
        weighted = "sample_weight" in arrays or reduction == "weighted_mean"
        native = None if weighted else reduction
    if reduction == "mean" and problem.num_items is not None:
        native = None
    name, inputs = "torch.nn.functional.linear_cross_entropy", (hidden, arrays["weight"], labels)
    losses = call(name, *inputs, **options, reduction=native or "none", **more)
    if native is not None:
        return losses
    if several:
        losses = call("torch.reshape", losses, list(problem.samples_shape))
    idioms = Idioms(call, NAMES, problem, arrays)
    return idioms.reduced(idioms.weighted_by_sample(losses), reduction)


LINEAR: Mapping[str, LossFunction] = {"linear": linear, "linear-chunked": linear_chunked}


# ---- for users' own functions -------------------------------------------------------------------


def _differentiate_users(
    losses_of: Callable[..., Any], inputs: Sequence[torch.Tensor], cotangent: torch.Tensor | None
) -> tuple[Any, Sequence[Any]]:
    inputs = [tensor.detach().requires_grad_() for tensor in inputs]
    losses = losses_of(*inputs)
    if not losses.requires_grad:
        return losses, [None] * len(inputs)
    cotangent = torch.ones_like(losses) if cotangent is None else cotangent
    # What a backward pass leaves out is not trained: its derivatives are 0, not unknown.
    return losses, torch.autograd.grad(losses, inputs, cotangent, materialize_grads=True)


@contextlib.contextmanager
def _inside(_: str, device: str) -> Iterator[None]:
    """Gradients are taken, whatever mode the caller or a module is in."""
    require_device(device)
    with torch.inference_mode(False), torch.enable_grad():
        yield


FRAMEWORK = Framework(
    name="torch",
    inside=_inside,
    to_native=to_tensor,
    is_native=lambda answer: isinstance(answer, torch.Tensor),
    to_numpy=to_numpy,
    differentiate=_differentiate_users,
    from_numpy="torch.as_tensor",
    layouts=TORCH_LAYOUTS,
)
