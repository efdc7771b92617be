"""Asking: a user's loss called with the arrays of one problem, and its answer read.

It runs wherever the callable is: in a worker, or in the process of who calls the Python API.
"""

from __future__ import annotations

import importlib.metadata
import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.problem.evaluation import Computed, Unsupported
from xent_check.problem.problem import Problem

from ..program import problem_arrays
from .answers import losses_of
from .framework import NUMPY, Framework, framework_of
from .guess import guessed
from .signature import SCORES, planned

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class UserLoss:
    """A callable of the user, and how it is called."""

    target: Callable[..., Any]  # a function, a class of losses, or an instance of one
    shown: str  # its name in calls and messages
    framework: Framework  # of the arrays that it gets
    device: str = "cpu"  # where those are
    found_by: str = ""  # what says whose arrays it takes; empty where its user does, or nothing


@dataclass(frozen=True)
class Introduction:
    """What was found out about a user's loss before its first case."""

    framework: str
    """whose arrays it gets"""
    version: str
    """of that framework, where the loss runs"""
    found_by: str
    """what says so; empty where its user does, or nothing"""


def user_loss(
    target: Callable[..., Any], shown: str, framework: str = "", device: str = "cpu"
) -> UserLoss:
    """The loss of a callable. framework: a name, or "" to find it out. ImportError where the
    framework is not installed; ValueError for a device that it does not have."""
    name, found_by = (framework, "") if framework else guessed(target)
    if name == NUMPY.name and device == "cuda":
        raise ValueError(
            f"{shown} gets NumPy arrays, which are on the CPU: leave @{device} out, or say whose "
            f"arrays it takes, as in torch={shown}@{device}"
        )
    return UserLoss(target, shown, framework_of(name), device, found_by)


def introduction(loss: UserLoss) -> Introduction:
    """What was found out about the loss."""
    name = loss.framework.name
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        version = "unknown"
    return Introduction(name, version, loss.found_by)


def ask(problem: Problem, loss: UserLoss) -> Computed:
    """The losses, and the gradient where the problem asks for it, from one call.

    UnsupportedError where the signature cannot say the problem; TypeError where the answer holds no
    losses; whatever the callable raises.
    """
    framework, given = loss.framework, problem.given
    plan = planned(problem, loss.target, loss.shown)
    notes: list[str] = []
    with framework.inside(problem.dtype, loss.device):
        arrays = problem_arrays(problem)
        native = {key: framework.to_native(array, loss.device) for key, array in arrays.items()}
        scores = native.pop(given)
        cotangent = native.pop("cotangent", None)

        def losses(values: Any) -> Any:
            target = loss.target
            if plan.made is not None:
                target = plan.made.call(target, native)
                if loss.device != "cpu" and hasattr(target, "to"):
                    target = target.to(loss.device)
            returned = plan.called.call(target, native | {SCORES: values})
            return losses_of(returned, framework, problem.samples_shape, notes)

        start = time.perf_counter()
        if problem.gradient and framework.differentiate is not None:
            answer, slope = framework.differentiate(losses, scores, cotangent)
        else:
            answer, slope = losses(scores), None
        numbers = framework.to_numpy(answer) if framework.is_native(answer) else np.asarray(answer)
        slope = None if slope is None else framework.to_numpy(slope)
        seconds = time.perf_counter() - start
    reason = Unsupported("your function gives the losses alone")
    gradient: Array | Unsupported | None = None
    if problem.gradient:
        gradient = Unsupported(_why_no_gradient(framework)) if slope is None else slope
    text = plan.called.text(given, arrays)
    if plan.made is not None and inspect.isclass(loss.target):
        text = f"{plan.made.text(given, arrays)})({text}"
    return Computed(
        losses=numbers,
        totals=dict.fromkeys(problem.reductions, reason),
        call=f"{loss.shown}({text})",
        seconds=seconds,
        gradient=gradient,
        notes=tuple(notes),
    )


def _why_no_gradient(framework: Framework) -> str:
    if framework.differentiate is None:
        return "a NumPy function has no gradient"
    return (
        "its losses do not depend on the scores for "
        f"{framework.name}'s differentiation (detached, or computed outside of it)"
    )
