"""ONNX: the operator SoftmaxCrossEntropyLoss, as a model of one node under ONNX Runtime.

The class axis is 1. Its reduction="mean" divides by the sum of the class weights of the kept
labels. The call is the text of the model, so that a report shows all of it; what is shown is what
is run. Source: https://onnx.ai/onnx/operators/onnx__SoftmaxCrossEntropyLoss.html
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import onnx.parser
import onnxruntime

from xent_check.problem.dtypes import dtype_name
from xent_check.problem.evaluation import Computed, Unsupported, UnsupportedError
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Reduction

from ..conduct import watched
from ..program import LOSSES, NativeArrays, Program, problem_arrays, refuse_what_is_not_supported
from ..recording import Calls
from ..support import ONNX

_ELEMENTS = {"float16": "float16", "float32": "float", "float64": "double", "int64": "int64"}
_ROOTS = {"np": np, "onnx": onnx, "onnxruntime": onnxruntime}
_RUN = (
    "onnxruntime.InferenceSession(onnx.parser.parse_model({model!r}).SerializeToString(), "
    "providers=['CPUExecutionProvider']).run(None, {{{feed}}})[0]"
)


def evaluate(problem: Problem, mode: str, device: str) -> Computed:
    """Losses by reduction="none", totals by the operator's reductions of the same meaning."""
    plain = replace(problem, gradient=False, cotangent=None, cotangent_layout=None)
    refuse_what_is_not_supported(plain, ONNX, "SoftmaxCrossEntropyLoss")
    if problem.dtype == "bfloat16":
        raise UnsupportedError("ONNX Runtime has no SoftmaxCrossEntropyLoss of bfloat16 on the CPU")
    if problem.values.ndim == 1:
        raise UnsupportedError("SoftmaxCrossEntropyLoss takes a batch of rows, and no bare row")
    program = Program(_ROOTS, plain, sparse_categorical, _no_gradient)
    arrays = problem_arrays(plain)
    conduct = watched(problem, arrays, np.asarray)
    start = time.perf_counter()
    with program.tracked():
        answers = program(arrays)
    seconds = time.perf_counter() - start
    totals: dict[Reduction, Any] = {r: answers[r] for r in problem.reductions if r in answers}
    totals |= program.unsupported
    gradient = Unsupported("ONNX Runtime takes no gradients") if problem.gradient else None
    return Computed(
        answers[LOSSES], totals, program.text, seconds, gradient, calls=program.calls,
        conduct=conduct(),
    )  # fmt: skip


def sparse_categorical(
    call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None
) -> Any:
    """The model of one node, run on the scores with their class axis at 1."""
    if reduction == "mean" and problem.class_weight is not None:
        raise UnsupportedError("SoftmaxCrossEntropyLoss: its mean divides by the class weights")
    axis = problem.class_axis % problem.values.ndim
    shapes = {name: array.shape for name, array in arrays.items()}
    shapes["logits"] = np.moveaxis(problem.values, axis, 1).shape
    fed = {name: name for name in arrays}
    fed["logits"] = "logits" if axis == 1 else f"np.moveaxis(logits, {axis}, 1)"
    inputs = ", ".join(
        f"{_ELEMENTS[dtype_name(a.dtype)]}[{_sizes(shapes[name])}] {name}"
        for name, a in arrays.items()
    )
    native = {None: "none", "weighted_mean": "mean"}.get(reduction, reduction)
    sizes = _sizes(problem.samples_shape) if reduction is None else ""
    attributes = f'reduction = "{native}"'
    if problem.ignore_index is not None:
        attributes += f", ignore_index = {problem.ignore_index}"
    model = (
        f'<ir_version: 8, opset_import: ["" : 13]> loss ({inputs}) => '
        f"({_ELEMENTS[problem.dtype]}[{sizes}] losses) {{ losses = "
        f"SoftmaxCrossEntropyLoss <{attributes}> ({', '.join(arrays)}) }}"
    )
    feed = ", ".join(f"{name!r}: {text}" for name, text in fed.items())
    expression = _RUN.format(model=model, feed=feed)
    return call.named(expression, eval(expression, {**_ROOTS, **arrays}))


def _sizes(shape: tuple[int, ...]) -> str:
    return ", ".join(map(str, shape))


def _no_gradient(*_: Any) -> Any:
    raise NotImplementedError  # no problem with a gradient gets here
