"""Keras on JAX: keras.losses with KERAS_BACKEND=jax, in a process of its own.

The same classes as `keras`, called by their own names; marshalling and autodiff are JAX's, op by
op as Keras users call a loss.
"""

from __future__ import annotations

import keras

from xent_check.problem.evaluation import Computed
from xent_check.problem.problem import Problem

from ..keras_losses import KERAS, refuse
from .jax import prepare, run

__all__ = ["evaluate", "prepare"]


def evaluate(problem: Problem, mode: str, device: str) -> Computed:
    """Losses by reduction='none', totals by the class's own reductions."""
    refuse(problem)
    return run(problem, "eager", device, KERAS.functions[problem.loss], keras)
