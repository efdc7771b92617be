"""The user's own loss, `[FRAMEWORK=]module:attribute` or `[FRAMEWORK=]path/to/file.py:attribute`.

A function is called, a class is made with the options that its constructor names and then called,
an instance is called: with arrays of its framework, the options of the case under their names or
synonyms in the table of options. One that no signature names is unsupported. It returns the losses,
one per sample; the gradient is taken by its framework.
"""

from __future__ import annotations

from functools import cache

from xent_check.problem.evaluation import Computed
from xent_check.problem.problem import Problem

from ..own.asking import Introduction, UserLoss, ask, introduction, user_loss
from ..own.loading import load

__all__ = ["evaluate", "introduce", "load"]


def evaluate(problem: Problem, function: str, device: str) -> Computed:
    """The losses, and the gradient where asked for, from one call of what is at `function`."""
    return ask(problem, _loss(function, device or "cpu"))


def introduce(function: str, device: str) -> Introduction:
    """What is at `function`, before its first problem."""
    return introduction(_loss(function, device or "cpu"))


@cache
def _loss(function: str, device: str) -> UserLoss:
    framework, equals, spec = function.partition("=")
    if not equals:
        framework, spec = "", function
    return user_loss(load(spec), spec, framework, device)
