"""The user's own function, `module:function` or `path/to/file.py:function`, with NumPy arrays.

It is called `function(logits, labels, **options)`, with probs or log_probs first where the case
has those. The options are those that the case sets, each under its name or a synonym in the table
of options; one that the signature does not name is unsupported. It returns the losses, one per
sample.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.errors import did_you_mean
from xent_check.problem.dtypes import BITS
from xent_check.problem.evaluation import Computed, Unsupported, UnsupportedError
from xent_check.problem.options import CALLED
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DTYPES

from ..program import problem_arrays

Array = npt.NDArray[Any]


def evaluate(problem: Problem, function: str, device: str) -> Computed:
    """The losses, from one call of the function at `function`."""
    if problem.values.dtype == BITS:
        raise UnsupportedError("NumPy has bfloat16 only where ml_dtypes is installed")
    call = load(function)
    options = _options(problem, call, function)
    arrays = problem_arrays(problem)
    text = ", ".join([problem.given, "labels", *(f"{k}={_shown(v)}" for k, v in options.items())])
    start = time.perf_counter()
    returned = call(arrays[problem.given], arrays["labels"], **options)
    seconds = time.perf_counter() - start
    losses = _as_losses(returned)
    reason = Unsupported("your function gives the losses alone")
    return Computed(
        losses=losses,
        totals=dict.fromkeys(problem.reductions, reason),
        call=f"{function}({text})",
        seconds=seconds,
        gradient=Unsupported("a NumPy function has no gradient") if problem.gradient else None,
    )


@cache
def load(function: str) -> Callable[..., Any]:
    """The function at `module:name` or `file.py:name`; ImportError where there is none or where its
    module cannot be imported."""
    source, _, name = function.rpartition(":")
    try:
        module = _module_of_file(Path(source)) if source.endswith(".py") else _module(source)
    except BaseException as error:  # an exit included
        text = f"{type(error).__name__}: {error}"
        raise ImportError(f"{source} cannot be imported: {text}") from error
    member = getattr(module, name, None)
    if not callable(member):
        hint = did_you_mean(name, [key for key, value in vars(module).items() if callable(value)])
        raise ImportError("; ".join(filter(None, [f"{source} has no function {name!r}", hint])))
    return member  # type: ignore[no-any-return]


def _module(name: str) -> ModuleType:
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    return importlib.import_module(name)


def _module_of_file(path: Path) -> ModuleType:
    """The file as a module, its folder first on the path, as `python file.py` has it."""
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    name = path.stem if path.stem not in sys.modules else f"{path.stem}_in_{path.parent.name}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None  # a .py file has one
    sys.path.insert(0, str(path.parent.resolve()))
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _as_losses(returned: object) -> Array:
    """The returned losses in their dtype; TypeError where that is none of DTYPES."""
    losses = np.asarray(returned)
    if losses.dtype.name not in DTYPES:
        kind = type(returned).__name__
        if isinstance(returned, np.ndarray | np.generic):
            kind = f"{losses.dtype.name} numbers"
        raise TypeError(f"it returned {kind}; losses are numbers in {', '.join(DTYPES)}")
    return losses


def _options(problem: Problem, call: Callable[..., Any], function: str) -> dict[str, Any]:
    """The keyword arguments: the problem's options as the signature names them, and
    `reduction="none"` where it has that parameter. UnsupportedError for an option it lacks."""
    parameters = inspect.signature(call).parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    arguments: dict[str, Any] = {}
    missing = []
    for option in sorted(CALLED, key=lambda option: option.key):
        if option.key not in problem.options:
            continue
        names = [name for name in (option.key, *option.synonyms) if name in parameters]
        if names or takes_any:
            arguments[names[0] if names else option.key] = getattr(problem, option.name)
        else:
            missing.append(option.key)
    if missing:
        raise UnsupportedError(f"{function} takes no {', '.join(missing)}")
    return arguments | ({"reduction": "none"} if "reduction" in parameters else {})


def _shown(value: object) -> str:
    return "..." if isinstance(value, np.ndarray) else repr(value)
