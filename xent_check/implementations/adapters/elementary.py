"""Elementary functions: exp, log, log1p, expm1 and tanh of every score of a problem.

The mode is FRAMEWORK:MODE:FUNCTION. Each framework is called as its losses are: JAX compiles unless
the mode is eager, TensorFlow and PyTorch do where the mode says so.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from xent_check.problem.evaluation import Computed
from xent_check.problem.problem import Problem

from ..own.framework import Framework

Function = Callable[[Any], Any]
_ADAPTERS = {"torch": "torch", "tf": "tensorflow", "jax": "jax"}  # by the word for the framework


def evaluate(problem: Problem, mode: str, device: str) -> Computed:
    """The values of the function, in place of losses."""
    framework, how, name = mode.split(":")
    start = time.perf_counter()
    if framework == "stable":
        with np.errstate(all="ignore"):
            values = getattr(np, name)(problem.values)
    else:
        adapter = importlib.import_module(f".{_ADAPTERS[framework]}", __package__)
        host: Framework = adapter.FRAMEWORK
        with host.inside(problem.dtype, device):
            function = _FUNCTIONS[framework](how, name)
            values = host.to_numpy(function(host.to_native(problem.values, device)))
    return Computed(values, {}, name, time.perf_counter() - start)


@cache
def _of_torch(how: str, name: str) -> Function:
    import torch

    function: Function = getattr(torch, name)
    return torch.compile(lambda x: function(x)) if how == "compile" else function


@cache
def _of_tensorflow(how: str, name: str) -> Function:
    import tensorflow as tf

    function: Function = getattr(tf.math, name)
    traced: Function = tf.function(function, jit_compile=how == "xla") if how else function
    return traced


@cache
def _of_jax(how: str, name: str) -> Function:
    import jax
    import jax.numpy as jnp

    function: Function = getattr(jnp, name)
    return function if how == "eager" else jax.jit(function)


_FUNCTIONS: dict[str, Callable[[str, str], Function]] = {
    "torch": _of_torch,
    "tf": _of_tensorflow,
    "jax": _of_jax,
}
