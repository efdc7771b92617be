"""Changes of a gradient alone, beside losses that are right: each is of the problem."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from xent_check.problem.options import OPTIONS
from xent_check.problem.problem import Problem

from .scores import Parameters

# A changed problem with the parameters of the change, and what its gradient is divided by.
Changed = tuple[Problem, Parameters, float]
_LEFT_OUT = ("label_smoothing", "class_weight", "pos_weight", "sample_weight")


@dataclass(frozen=True)
class GradientHypothesis:
    """A line of the table."""

    id: str  # as `explain` names it
    sentence: str  # a format string over the parameters
    changes: Callable[[Problem], Iterator[Changed]]


def _zero(problem: Problem) -> Iterator[Changed]:
    yield problem, {}, np.inf


def _without_cotangent(problem: Problem) -> Iterator[Changed]:
    if problem.cotangent is not None:
        yield replace(problem, cotangent=None), {}, 1.0


def _with_first_cotangent(problem: Problem) -> Iterator[Changed]:
    if problem.cotangent is not None and problem.cotangent.size:
        first = np.full_like(problem.cotangent, problem.cotangent.reshape(-1)[0])
        yield replace(problem, cotangent=first), {}, 1.0


def _without_option(problem: Problem) -> Iterator[Changed]:
    for option in OPTIONS:
        if option.key in _LEFT_OUT and option.is_set(problem):
            left_out = {option.name: option.default}
            yield replace(problem, **left_out), {"option": option.key}, 1.0


def _divided(problem: Problem) -> Iterator[Changed]:
    count = int(np.count_nonzero(problem.kept))
    if count > 1:
        yield problem, {}, float(count)


GRADIENT_HYPOTHESES = (
    GradientHypothesis("gradient-zero", "the gradient is 0", _zero),
    GradientHypothesis(
        "cotangent-ignored", "the cotangent is left out of the gradient", _without_cotangent
    ),
    GradientHypothesis(
        "first-cotangent", "the first sample's cotangent stands for all", _with_first_cotangent
    ),
    GradientHypothesis(
        "option-not-in-gradient", "{option} is left out of the gradient", _without_option
    ),
    GradientHypothesis("mean", "the gradient is that of the mean, not of the losses", _divided),
)
