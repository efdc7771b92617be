"""Loading: what stands at `module:attribute` or `path/to/file.py:attribute`."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from xent_check.errors import did_you_mean


@cache
def load(function: str) -> Callable[..., Any]:
    """The function, class or instance at `module:name` or `file.py:name`; ImportError where there
    is none or where its module cannot be imported."""
    source, _, name = function.rpartition(":")
    try:
        module = _module_of_file(Path(source)) if source.endswith(".py") else _module(source)
    except BaseException as error:  # an exit included
        text = f"{type(error).__name__}: {error}"
        raise ImportError(f"{source} cannot be imported: {text}") from error
    member: Any = module
    for part in name.split("."):
        member = getattr(member, part, None)
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
