"""A user's own loss in a script: where it is imported from, and the shape in which it is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xent_check.implementations.declaration import NOTHING, Declaration
from xent_check.implementations.names import Implementation
from xent_check.implementations.own.asking import CALLED
from xent_check.implementations.own.shaping import reshaped, samples_asked
from xent_check.implementations.own.taken import Taken
from xent_check.implementations.program import problem_arrays
from xent_check.implementations.table import OWN_SCRIPTS, ScriptFrame
from xent_check.problem.problem import Problem


@dataclass(frozen=True)
class OwnLoss:
    """What is known of a user's own loss that a script needs."""

    framework: str
    """whose arrays it gets"""
    taken: Taken
    """what it was found to take"""
    declared: Declaration = NOTHING
    """what its user says of it"""

    @classmethod
    def of(cls, introduction: Mapping[str, Any], declared: Declaration) -> OwnLoss:
        """From its introduction, which has something of whatever answers."""
        return cls(introduction["framework"], Taken.of(introduction["taken"]), declared)

    @property
    def frame(self) -> ScriptFrame:
        """The parts of its script that depend on its framework."""
        return OWN_SCRIPTS[self.framework]

    def before(self, problem: Problem) -> list[str]:
        """The lines that bring the arrays of NumPy into the shape in which it takes them."""
        return [] if (shape := self._samples(problem)) is None else [*_into(problem, shape)]

    def after(self, problem: Problem, parts: Sequence[str]) -> list[str]:
        """The lines that bring its answer back. parts: the variables of what it gives."""
        if self._samples(problem) is None:
            return []
        samples, lines = problem.samples_shape, []
        if "losses" in parts:
            lines.append(f"losses = losses.reshape({samples})")
        if "gradient" in parts and problem.loss == "binary":
            lines.append(f"gradient = gradient.reshape({samples})")
        elif "gradient" in parts and problem.given == "hidden":
            lines.append(f"gradient = gradient.reshape({problem.values.shape})")
        elif "gradient" in parts:
            last = f"gradient.reshape({(*samples, problem.num_classes)})"
            moved = _is_moved(problem)
            line = f"np.moveaxis({last}, -1, {problem.class_axis})" if moved else last
            lines.append(f"gradient = {line}")
        return lines

    def asked(self, problem: Problem) -> Problem:
        """The problem in the shape in which it takes it."""
        shape = self._samples(problem)
        return problem if shape is None else reshaped(problem, shape)

    def _samples(self, problem: Problem) -> tuple[int, ...] | None:
        return samples_asked(problem, self.taken, self.declared)


def importing(implementation: Implementation) -> list[str]:
    """The lines that import the loss, as `loss`, from where xent-check found it."""
    module, _, name = implementation.function.rpartition(":")
    folder = "."
    if module.endswith(".py"):
        folder, module = str(Path(module).parent), Path(module).stem
    first, *rest = name.split(".")
    lines = [f"sys.path.insert(0, {json.dumps(folder)})  # from where xent-check was run"]
    if all(part.isidentifier() for part in module.split(".")):
        alias = "" if first == CALLED else f" as {CALLED}"
        lines.append(f"from {module} import {first}{alias}")
    else:
        found = f"importlib.import_module({json.dumps(module)})"
        lines += ["import importlib", f"{CALLED} = {found}.{first}"]
    return [*lines, *([f"{CALLED} = {'.'.join([CALLED, *rest])}"] if rest else [])]


def _is_moved(problem: Problem) -> bool:
    return problem.class_axis % problem.values.ndim != problem.values.ndim - 1


def _into(problem: Problem, samples: tuple[int, ...]) -> Iterator[str]:
    ndim = len(problem.samples_shape)
    yield "# In the axes that the loss was found to take."
    for name, array in problem_arrays(problem).items():
        by_class = array.ndim > ndim and name != "weight"
        if not by_class and array.shape != problem.samples_shape:
            if name == "pos_weight":
                whole = f"np.broadcast_to({name}, {problem.values.shape})"
                yield f"{name} = {whole}.reshape({samples})"
            continue
        text = name
        if by_class and _is_moved(problem):
            text = f"np.ascontiguousarray(np.moveaxis({name}, {problem.class_axis}, -1))"
        width = array.shape[-1] if name == "hidden" else problem.num_classes
        shape = (*samples, width) if by_class else samples
        yield f"{name} = {text}.reshape({shape})"
