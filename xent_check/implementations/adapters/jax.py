"""JAX: cross-entropy as its users write it from jax.nn (JAX itself has no losses).

    binary       -(pos_weight t log_sigmoid(z) + (1 - t) log_sigmoid(-z))
    categorical  -sum(w t log_softmax(x)), integer labels as jax.nn.one_hot

From probabilities, the log is jnp.log; log-probabilities are taken as they are. Compiled by
jax.jit; the mode eager runs op by op, x32 leaves jax_enable_x64 off, as it is by default.
Gradients by jax.vjp. Source: the API pages of jax.nn.log_softmax, jax.nn.log_sigmoid and
jax.nn.one_hot.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xent_check.problem.evaluation import Computed, MissingDeviceError
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Loss, Reduction

from ..conduct import watched
from ..idioms import Idioms, Names, around, reduce_under
from ..kept_programs import jax_options
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
from ..support import JAX

NAMES = Names(
    sum="jnp.sum",
    mean="jnp.mean",
    divide="jnp.divide",
    multiply="jnp.multiply",
    where="jnp.where",
    not_equal="jnp.not_equal",
    count_nonzero="jnp.count_nonzero",
    take="jnp.take",
    reshape="jnp.reshape",
    add="jnp.add",
    tanh="jnp.tanh",
    square="jnp.square",
    log_sum_exp="jax.nn.logsumexp",
    pad="jnp.pad",
    matmul="jnp.matmul",
    transpose="jnp.transpose",
)
REDUCED = reduce_under(NAMES)


def prepare(cache: Path) -> None:
    """Keep compiled programs in the folder `cache`, so that later runs need not compile them."""
    for name, value in jax_options(cache).items():
        jax.config.update(name, value)


def evaluate(problem: Problem, mode: str, device: str) -> Computed:
    """Losses from jax.nn, totals by jnp.mean and jnp.sum."""
    refuse_what_is_not_supported(problem, JAX, "jax.nn")
    return run(problem, mode, device, FUNCTIONS[problem.loss], total=REDUCED)


def run(
    problem: Problem,
    mode: str,
    device: str,
    function: LossFunction,
    module: ModuleType = jax,
    total: TotalFunction | None = None,
) -> Computed:
    """Run `function` under JAX, jitted unless the mode is eager; x64 for float64, unless x32.

    module: whose names it calls beside JAX's. function, total: the same ones at every call.
    """
    if mode == "eager":
        program = _program(problem, function, module, total)
        compiled: Any = program
    else:
        program, compiled = _jitted(Outline.of(problem), function, module, total)
    target = _device(device)
    x64 = problem.dtype == "float64" and mode != "x32"
    with _enable_x64(x64), jax.default_device(target), program.tracked():
        arrays = {k: _to_jax(a) for k, a in problem_arrays(problem).items()}
        conduct = watched(problem, arrays, np.asarray)
        start = time.perf_counter()
        answers = jax.block_until_ready(compiled(arrays))
        seconds = time.perf_counter() - start
        losses = np.asarray(answers[LOSSES])
        reductions = [r for r in problem.reductions if r in answers]
        totals: dict[Reduction, Any] = {r: np.asarray(answers[r]) for r in reductions}
        gradient, by_parameters = gradients_in(answers, problem, np.asarray)
    totals |= program.unsupported
    return Computed(
        losses, totals, program.text, seconds, gradient, calls={**program.calls},
        conduct=conduct(), by_parameters=by_parameters,
    )  # fmt: skip


def _program(
    problem: Problem,
    function: LossFunction,
    module: ModuleType,
    total: TotalFunction | None,
    compiler: str = "",
) -> Program:
    roots = {"jax": jax, "jnp": jnp, module.__name__: module}
    return Program(roots, problem, function, differentiate, compiler, total)


@lru_cache(PROGRAMS)
def _jitted(
    outline: Outline, function: LossFunction, module: ModuleType, total: TotalFunction | None
) -> tuple[Program, Any]:
    program = _program(outline, function, module, total, "jax.jit({})")
    return program, jax.jit(program)


def differentiate(
    losses_of: Callable[..., Any], inputs: Sequence[Any], cotangent: Any
) -> tuple[Any, Sequence[Any]]:
    """The losses, and the gradients of sum(cotangent * losses), by jax.vjp."""
    losses, pull_back = jax.vjp(losses_of, *inputs)
    return losses, pull_back(jnp.ones_like(losses) if cotangent is None else cotangent)


def _enable_x64(on: bool) -> AbstractContextManager[Any]:
    """jax.enable_x64, which older releases have only in jax.experimental."""
    if hasattr(jax, "enable_x64"):
        context = jax.enable_x64(on)
    else:
        from jax import experimental

        context = experimental.enable_x64(on)
    return context  # type: ignore[no-any-return]


def _to_jax(array: np.ndarray[Any, Any]) -> jax.Array:
    """A JAX array of the same numbers. By device_put: jnp.asarray compiles a program of its own for
    each shape and dtype, which takes longer than the losses."""
    return jax.device_put(np.array(array))


def _device(name: str) -> Any:
    try:
        return jax.devices(name)[0]
    except RuntimeError:
        raise MissingDeviceError(f"JAX sees no {name} device") from None


def binary(call: Calls, problem: Problem, arrays: NativeArrays, _: Reduction | None) -> Any:
    """-(pos_weight t log p + (1 - t) log(1 - p)), the logs by jax.nn.log_sigmoid or jnp.log."""
    values, labels = arrays[problem.given], arrays["labels"]
    if problem.given == "logits":
        log_p = call("jax.nn.log_sigmoid", values)
        log_not_p = call("jax.nn.log_sigmoid", call("jnp.negative", values))
    else:
        log_p = call("jnp.log", values)
        log_not_p = call("jnp.log", call("jnp.subtract", 1, values))
    positive = call("jnp.multiply", labels, log_p)
    if "pos_weight" in arrays:
        positive = call("jnp.multiply", arrays["pos_weight"], positive)
    negative = call("jnp.multiply", call("jnp.subtract", 1, labels), log_not_p)
    losses = call("jnp.negative", call("jnp.add", positive, negative))
    idioms = Idioms(call, NAMES, problem, arrays)
    return idioms.weighted_by_sample(losses)


def categorical(call: Calls, problem: Problem, arrays: NativeArrays, _: Reduction | None) -> Any:
    """-sum(w t log p) along the class axis."""
    return _from_targets(call, problem, arrays, arrays["labels"])


def sparse_categorical(
    call: Calls, problem: Problem, arrays: NativeArrays, _: Reduction | None
) -> Any:
    """-sum(w one_hot(y) log p) along the class axis; ignored samples zeroed with jnp.where."""
    options = {"dtype": problem.dtype, "axis": problem.class_axis}
    targets = call("jax.nn.one_hot", arrays["labels"], problem.num_classes, **options)
    return _from_targets(call, problem, arrays, targets)


def _from_targets(call: Calls, problem: Problem, arrays: NativeArrays, targets: Any) -> Any:
    idioms = Idioms(call, NAMES, problem, arrays)
    log_p = arrays[problem.given]
    if problem.given == "logits":
        log_p = call("jax.nn.log_softmax", log_p, axis=problem.class_axis)
    elif problem.given == "probs":
        log_p = call("jnp.log", log_p)
    picked = call("jnp.multiply", idioms.weighted_targets(targets), log_p)
    losses = call("jnp.negative", call("jnp.sum", picked, axis=problem.class_axis))
    return idioms.masked(idioms.weighted_by_sample(losses))


FUNCTIONS: Mapping[Loss, LossFunction] = {
    "binary": around(binary, NAMES),
    "categorical": around(categorical, NAMES),
    "sparse_categorical": around(sparse_categorical, NAMES),
}


# ---- for users' own functions -------------------------------------------------------------------


@contextlib.contextmanager
def _inside(dtype: str, device: str) -> Iterator[None]:
    target = _device(device)
    with _enable_x64(dtype == "float64"), jax.default_device(target):
        yield


FRAMEWORK = Framework(
    name="jax",
    inside=_inside,
    to_native=lambda array, _: _to_jax(array),
    is_native=lambda answer: isinstance(answer, jax.Array),
    to_numpy=np.asarray,
    differentiate=differentiate,
    from_numpy="jnp.asarray",
)
