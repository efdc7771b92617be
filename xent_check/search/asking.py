"""Asking: a mutant's answer to a problem, in this process or in a worker."""

from __future__ import annotations

import importlib.util
import tempfile
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from xent_check.implementations.conduct import watched, with_conduct
from xent_check.implementations.program import layouts_of, problem_arrays
from xent_check.implementations.table import CUSTOM
from xent_check.problem.evaluation import Computed, Evaluation
from xent_check.problem.problem import Problem
from xent_check.workers.child import evaluation_of
from xent_check.workers.wire import encode_problem, forget
from xent_check.workers.worker import Request, Worker

from .mutants.mutant import Mutant

_TIMEOUT = 60.0  # seconds per problem


def is_installed(mutant: Mutant) -> bool:
    """Whether the framework whose arrays it takes is installed."""
    return mutant.kernel is not None or importlib.util.find_spec(mutant.framework) is not None


class Asker:
    """Asks mutants; a context manager. A worker for each framework starts with its first mutant."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="xent-check-")
        self._workers: dict[str, Worker] = {}

    def __enter__(self) -> Asker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._workers.values():
            worker.close()
        self._folder.cleanup()

    def answer(self, mutant: Mutant, problem: Problem) -> Evaluation:
        """What it answers; what it raises is an answer too."""
        if mutant.kernel is None:
            return self._answer_of_worker(mutant, problem)
        kernel = mutant.kernel

        def evaluate(problem: Problem) -> Computed:
            own, arrays = with_own_arrays(problem)
            seen = watched(problem, arrays, np.asarray)
            return replace(kernel(own).answer(), conduct=seen())

        try:
            return with_conduct(problem, evaluate)
        except Exception as error:
            return evaluation_of(error)

    def _answer_of_worker(self, mutant: Mutant, problem: Problem) -> Evaluation:
        folder, name = Path(self._folder.name), mutant.framework
        if name not in self._workers:
            variables = CUSTOM.environment_variables("cpu")
            self._workers[name] = Worker(f"mutants of {name}", (name,), variables, folder)
        message = encode_problem(problem, folder)
        request = Request(CUSTOM.module, mutant.function, "cpu", message)
        try:
            return self._workers[name].evaluate(request, _TIMEOUT)
        finally:
            forget(message)


def with_own_arrays(problem: Problem) -> tuple[Problem, dict[str, Any]]:
    """The problem with arrays that a mutant may write to, in the memory that it asks for; and those
    by their names."""
    laid_out = layouts_of(problem)  # what is laid out has memory of its own
    arrays = {
        name: array if name in laid_out else array.copy()
        for name, array in problem_arrays(problem).items()
    }
    fields = {"values" if name == problem.given else name: a for name, a in arrays.items()}
    return replace(problem, **fields), arrays
