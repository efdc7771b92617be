"""The user's own function, `module:function` or `path/to/file.py:function`, with NumPy arrays.

It is called `function(logits, labels, **options)`, with probs or log_probs first where the case
has those, and with exactly the options that the case sets; an option that its signature does not
name is unsupported. It returns the losses, one per sample.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..evaluation import Computed, Unsupported, UnsupportedError
from ..problem import Problem
from ..program import problem_arrays


def evaluate(problem: Problem, function: str, device: str) -> Computed:
    """Call the function named by `function` once, for the losses."""
    call = load(function)
    options = _options(problem)
    parameters = inspect.signature(call).parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    missing = sorted(name for name in options if name not in parameters and not takes_any)
    if missing:
        raise UnsupportedError(f"{function} takes no {', '.join(missing)}")
    if "reduction" in parameters:
        options["reduction"] = "none"
    arrays = problem_arrays(problem)
    named = {k: v for k, v in options.items() if k != "normalize"}
    text = ", ".join([problem.given, "labels", *(f"{k}={_shown(v)}" for k, v in named.items())])
    start = time.perf_counter()
    losses = np.asarray(call(arrays[problem.given], arrays["labels"], **options))
    seconds = time.perf_counter() - start
    reason = Unsupported(
        "the user's function gives losses; totals are compared where it gives them"
    )
    return Computed(
        losses, dict.fromkeys(problem.reductions, reason), f"{function}({text})", seconds
    )


def load(function: str) -> Callable[..., Any]:
    """The function at `module:name` or `file.py:name`; ImportError where there is none."""
    where, _, name = function.rpartition(":")
    if where.endswith(".py"):
        path = Path(where)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None or not path.is_file():
            raise ImportError(f"no file {where}")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    else:
        if os.getcwd() not in sys.path:
            sys.path.insert(0, os.getcwd())
        module = importlib.import_module(where)
    found = getattr(module, name, None)
    if not callable(found):
        raise ImportError(f"{where} has no function {name!r}")
    return found  # type: ignore[no-any-return]


def _options(problem: Problem) -> dict[str, Any]:
    options = {
        name: getattr(problem, name)
        for name in sorted(problem.options - {"class_axis", "gradient"})
    }
    if "class_axis" in problem.options:
        options["class_axis"] = problem.class_axis
    return options


def _shown(value: object) -> str:
    return "..." if isinstance(value, np.ndarray) else repr(value)
