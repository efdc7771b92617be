"""The formulas written by hand, as source: the functions they need, cut out of their modules.

The modules are parsed, not imported: only a worker imports an implementation.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from importlib.resources import files

import numpy as np

from xent_check.implementations.program import problem_arrays
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Loss

from .frameworks import variable

_SHARED = "manual"  # the module that the other one imports functions from
_ANSWER = "answer"  # its function that a script calls


def formula_lines(module: str, problem: Problem) -> list[str]:
    """The lines of a script that answer a problem by a module of formulas ("manual", "stable").

    They are the functions that the formula needs, the problem as a SimpleNamespace, and the call
    that gives every part as a float64 array of NumPy. LookupError where the module has no formula
    of the loss.
    """
    shifting, problem = _shifting(problem), problem.aligned
    entry = _formula(module, problem.loss)
    names = [_ANSWER, entry]
    sources_by_name: dict[str, str] = {}
    while names:
        name = names.pop()
        text = _functions(module).get(name) or _functions(_SHARED).get(name)
        if text is not None and name not in sources_by_name:
            sources_by_name[name] = text
            names += [node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)]
    order = [*_functions(_SHARED), *_functions(module)]
    sources = [sources_by_name[name] for name in sorted(sources_by_name, key=order.index)]
    source = "\n\n\n".join(sources)
    return [
        *shifting,
        *source.splitlines(),
        "",
        "",
        *_problem_lines(problem, set(re.findall(r"problem\.(\w+)", source))),
        f"losses, totals = {_ANSWER}(problem, {entry})",
        "losses = losses.astype(np.float64)",
        *(f'{variable(r)} = totals["{r}"].astype(np.float64)' for r in problem.reductions),
    ]


def _shifting(problem: Problem) -> list[str]:
    """The line that lets each label stand where the scores are that it meets."""
    if problem.shift is None:
        return []
    width = [(0, 0)] * (problem.labels.ndim - 1) + [
        (0, min(problem.shift, problem.labels.shape[-1]))
    ]
    ignored = f"constant_values={problem.aligned.ignore_index}"
    return [f"labels = np.pad(labels[..., {problem.shift}:], {width}, {ignored})", "", ""]


def _problem_lines(problem: Problem, used: set[str]) -> list[str]:
    """The lines that make the problem, with the fields that the functions use."""
    arrays = problem_arrays(problem)
    lines = ["problem = SimpleNamespace("]
    for name in sorted(used):
        text: str = name
        if name == "values":
            text = problem.given
        elif name == "kept":
            text = f"np.ones({problem.samples_shape}, dtype=np.bool_)"
            if problem.ignore_index is not None:
                text = f"labels != {problem.ignore_index}"
        elif name == "smoothing":
            text = repr(float(problem.smoothing))
        elif name not in arrays:
            value = getattr(problem, name)
            text = "None" if isinstance(value, np.ndarray) else repr(value)
        lines.append(f"    {name}={text},")
    return [*lines, ")"]


@cache
def _parsed(module: str) -> tuple[str, ast.Module]:
    file = files("xent_check") / "implementations" / "adapters" / f"{module}.py"
    text = file.read_text(encoding="utf-8")
    return text, ast.parse(text)


@cache
def _functions(module: str) -> dict[str, str]:
    """The source of a module's functions by name, in their order."""
    text, tree = _parsed(module)
    return {
        node.name: ast.get_source_segment(text, node) or ""
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    }


def _formula(module: str, loss: Loss) -> str:
    """The name of the function that the module's table FORMULAS has for the loss."""
    for node in _parsed(module)[1].body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "FORMULAS":
            assert isinstance(node.value, ast.Dict)
            for key, value in zip(node.value.keys, node.value.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == loss:
                    return ast.unparse(value)
    raise LookupError(f"{module} has no formula of {loss}")
