"""The user's own loss, `[FRAMEWORK=]module:attribute` or `[FRAMEWORK=]path/to/file.py:attribute`.

A function is called, a class is made with the options that its constructor names and then called,
an instance is called: with arrays of its framework, the options of the case under their names or
synonyms in the table of options. One that no signature names is unsupported. It returns the losses,
one per sample; the gradient is taken by its framework.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from xent_check.problem.evaluation import Computed
from xent_check.problem.problem import Problem

from ..declaration import Declaration
from ..kept_programs import jax_options
from ..own.asking import UserLoss, user_loss
from ..own.introducing import Introduction, answer, introduction
from ..own.loading import load
from ..own.taken import Taken

__all__ = ["evaluate", "introduce", "load", "prepare"]


def prepare(cache: Path) -> None:
    """Keep what JAX compiles for a loss of the user's in the folder `cache`: every operation of a
    loss that is not jitted, for each shape. JAX is imported later, if at all."""
    for name, value in jax_options(cache).items():
        os.environ.setdefault(name.upper(), str(value))


def evaluate(
    problem: Problem,
    function: str,
    device: str,
    introduced: Mapping[str, Any] | None = None,
    declared: Mapping[str, Any] | None = None,
) -> Computed:
    """The answer of what is at `function`.

    introduced: the introduction as plain values; without one, any problem is asked as it is.
    declared: what is said of it, as plain values too.
    """
    taken = Taken.of(introduced["taken"]) if introduced else Taken()
    loss = _loss(function, device or "cpu", Declaration.of(declared or {}))
    return answer(problem, loss, taken)


def introduce(
    function: str, device: str, declared: Mapping[str, Any], loaded: Callable[[], None]
) -> Introduction:
    """What is at `function`, found out before its first problem. declared: what is said of it, as
    plain values. loaded: called once its module is imported."""
    loss = _loss(function, device or "cpu", Declaration.of(declared))
    loaded()
    return introduction(loss)


@cache
def _loss(function: str, device: str, declared: Declaration) -> UserLoss:
    framework, equals, spec = function.partition("=")
    if not equals:
        framework, spec = "", function
    return user_loss(load(spec), spec, framework, device, declared)
