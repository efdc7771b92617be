"""Keras on PyTorch: keras.losses with KERAS_BACKEND=torch, in a process of its own.

The same classes as `keras`, called by their own names; marshalling and autodiff are PyTorch's.
"""

from __future__ import annotations

import keras

from xent_check.problem.evaluation import Computed, MissingDeviceError
from xent_check.problem.problem import Problem

from ..keras_losses import KERAS, refuse
from ..program import Program
from ..support import TORCH_LAYOUTS
from . import torch


def evaluate(problem: Problem, mode: str, device: str) -> Computed:
    """Losses by reduction='none', totals by the class's own reductions;
    MissingDeviceError for another device than the CPU."""
    refuse(problem, TORCH_LAYOUTS)
    if device != "cpu":
        raise MissingDeviceError("Keras on PyTorch places its tensors itself; ask for the CPU")
    function = KERAS.functions[problem.loss]
    program = Program({"keras": keras}, problem, function, torch.differentiate)
    return torch.answer(problem, program, device)
