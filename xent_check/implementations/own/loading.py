"""Loading: what stands at `module:attribute` or `path/to/file.py:attribute`."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from xent_check.errors import describe, did_you_mean

from .fresh_source import FreshLoader, load_fresh
from .raised import place_of_import


@cache
def load(function: str) -> Callable[..., Any]:
    """The function, class or instance at `module:name` or `file.py:name`; ImportError where there
    is none or where its module cannot be imported."""
    source, _, name = function.rpartition(":")
    load_fresh()
    try:
        module = _module_of_file(Path(source)) if source.endswith(".py") else _module(source)
    except BaseException as error:  # an exit included
        raise ImportError(f"{source} cannot be imported: {_why(source, error)}") from error
    member: Any = module
    for part in name.split("."):
        member = getattr(member, part, None)
    if callable(member):
        return member  # type: ignore[no-any-return]
    if member is not None:
        what = f"{function} cannot be called: its type is {type(member).__name__}"
        raise ImportError(f"{what}; name a function, a class or an instance")
    hint = did_you_mean(name, [key for key, value in vars(module).items() if callable(value)])
    raise ImportError("; ".join(filter(None, [f"{source} has no function {name!r}", hint])))


def _why(source: str, error: BaseException) -> str:
    """Why a module cannot be imported, the line of the user's own, and what to do where something
    is not found: the names that are near, or where it is looked for."""
    path = Path(source)
    if source.endswith(".py") and not path.is_file():
        near = did_you_mean(path.name, [file.name for file in path.parent.glob("*.py")])
        return f"{describe(error)}; {near or f'it would be in {path.parent.resolve()}'}"
    place = place_of_import(error)
    text = describe(error) + f" (at {place})" * bool(place)
    if not isinstance(error, ModuleNotFoundError):
        return text
    top = (error.name or "").partition(".")[0]
    near = did_you_mean(top, [module.name for module in pkgutil.iter_modules()])
    where = f"it is neither in {os.getcwd()} nor installed for {sys.executable}"
    return f"{text}; {near or where}"


def _module(name: str) -> ModuleType:
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    return importlib.import_module(name)


def _module_of_file(path: Path) -> ModuleType:
    """The file as a module, its folder first on the path, as `python file.py` has it."""
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    name = path.stem if path.stem not in sys.modules else f"{path.stem}_in_{path.parent.name}"
    loader = FreshLoader(name, str(path))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None  # a file's loader has one
    sys.path.insert(0, str(path.parent.resolve()))
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module
