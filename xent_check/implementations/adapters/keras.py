"""Keras on TensorFlow: the loss classes of tf.keras.losses, given the case's dtype.

Modes as TensorFlow's; floatx leaves dtype= out, so that Keras computes in its floatx. Source: the
API pages of tf.keras.losses.
"""

from __future__ import annotations

from dataclasses import replace

from xent_check.problem.evaluation import Computed
from xent_check.problem.problem import Problem

from ..keras_losses import KerasLosses, refuse
from .tensorflow import NAMES, run

LOSSES = KerasLosses("tf.keras.losses", NAMES, "tf.expand_dims", "tf.one_hot", "tf.transpose")
IN_FLOATX = replace(LOSSES, own_dtype=True)


def evaluate(problem: Problem, mode: str, device: str) -> Computed:
    """Losses by reduction='none', totals by the class's own reductions."""
    refuse(problem)
    if mode == "floatx":
        return run(problem, "", device, IN_FLOATX.functions[problem.loss])
    return run(problem, mode, device, LOSSES.functions[problem.loss])
