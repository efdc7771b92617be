"""Program: one problem's public API calls, losses and totals together, ready to be compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .calls import Calls
from .evaluation import Unsupported, UnsupportedError
from .problem import Problem
from .words import Given, Loss, Reduction

NativeArrays = Mapping[str, Any]
# Losses where the reduction is None, else that total.
LossFunction = Callable[[Calls, Problem, NativeArrays, Reduction | None], Any]
Supported = Mapping[tuple[Loss, Given], frozenset[str]]


def problem_arrays(problem: Problem) -> dict[str, Any]:
    """The problem's arrays by their names in the contract."""
    named = {problem.given: problem.values, "labels": problem.labels}
    weights = ("class_weight", "pos_weight", "sample_weight")
    return named | {
        name: getattr(problem, name) for name in weights if getattr(problem, name) is not None
    }


def refuse_what_is_not_supported(problem: Problem, supported: Supported, owner: str) -> None:
    """UnsupportedError where the loss, its input or an option is not in the table."""
    loss, given = problem.loss, problem.given
    if (loss, given) not in supported:
        raise UnsupportedError(f"{owner} has no {loss} loss from {given}")
    missing = sorted(problem.options - supported[loss, given])
    if missing:
        raise UnsupportedError(f"{owner}: {loss} from {given} without {', '.join(missing)}")


class Program:
    """Calls `function` for the losses and each total. `text` is the expression of the losses."""

    def __init__(self, roots: Mapping[str, Any], problem: Problem, function: LossFunction) -> None:
        self._roots = roots
        self._problem = problem
        self._function = function
        self.text = ""
        self.unsupported: dict[Reduction, Unsupported] = {}

    def __call__(self, arrays: NativeArrays) -> dict[str, Any]:
        """The losses under "losses", the totals under their reductions."""
        call = Calls(self._roots)
        for name, array in arrays.items():
            call.named(name, array)
        losses = self._function(call, self._problem, arrays, None)
        self.text = call.text(losses)
        answers = {"losses": losses}
        for reduction in self._problem.reductions:
            try:
                answers[reduction] = self._function(call, self._problem, arrays, reduction)
            except UnsupportedError as error:
                self.unsupported[reduction] = Unsupported(str(error))
        return answers
