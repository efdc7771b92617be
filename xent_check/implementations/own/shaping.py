"""Shaping: a problem in the number of axes that a user's loss takes, and its answer back."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.problem.evaluation import Computed, UnsupportedError
from xent_check.problem.options import ARRAYS
from xent_check.problem.problem import Problem

from ..declaration import Declaration
from .taken import Kind, Taken

Array = npt.NDArray[Any]


def samples_asked(problem: Problem, taken: Taken, declared: Declaration) -> tuple[int, ...] | None:
    """The shape of the samples in which a loss is asked that was found to take this, and of which
    that is declared; None for the problem's own."""
    kind = taken.kind_of(problem)
    return None if kind is None or declared.is_fixed("class_axis") else samples_for(problem, kind)


def samples_for(problem: Problem, kind: Kind) -> tuple[int, ...] | None:
    """The shape of the samples that the loss takes in place of the problem's; None for its own."""
    shape = problem.samples_shape
    if min(len(shape), 2) in kind.axes and (2 in kind.axes or _is_last(problem)):
        return None
    if 1 in kind.axes:
        if problem.shift is not None and math.prod(shape[:-1]) != 1:
            raise UnsupportedError("it takes one sequence at a time, and no shift along several")
        return (math.prod(shape),)
    return (1,) * (2 - len(shape)) + shape


def _is_last(problem: Problem) -> bool:
    return "class_axis" not in problem.options


def reshaped(problem: Problem, samples: tuple[int, ...]) -> Problem:
    """The problem with its samples in another shape, the classes last."""
    of_samples = [key for key, rule in ARRAYS.items() if rule == "samples"]
    arrays: dict[str, Array] = {"labels": problem.labels, "values": problem.values}
    arrays |= {key: array for key in of_samples if (array := getattr(problem, key)) is not None}
    if problem.loss == "binary" and problem.pos_weight is not None:
        arrays["pos_weight"] = np.broadcast_to(problem.pos_weight, problem.values.shape)
    changed: dict[str, Any] = {"class_axis": -1}
    for key, array in arrays.items():
        by_class = array.ndim > len(problem.samples_shape)
        last = np.moveaxis(array, problem.class_axis, -1) if by_class else array
        shape = (*samples, last.shape[-1]) if by_class else samples
        changed[key] = np.ascontiguousarray(last).reshape(shape)
    return replace(problem, **changed)


def restored(computed: Computed, problem: Problem) -> Computed:
    """The answer in the shapes of the problem, where its sizes are right."""
    losses, gradient, shape = computed.losses, computed.gradient, problem.samples_shape
    if losses.size == math.prod(shape) and not computed.only_totals:
        losses = losses.reshape(shape)
    if isinstance(gradient, np.ndarray) and gradient.size == problem.values.size:
        if problem.loss == "binary":
            gradient = gradient.reshape(shape)
        elif problem.given == "hidden":
            gradient = gradient.reshape(problem.values.shape)
        else:
            last = gradient.reshape(*shape, problem.num_classes)
            gradient = np.moveaxis(last, -1, problem.class_axis)
    return replace(computed, losses=losses, gradient=gradient)
