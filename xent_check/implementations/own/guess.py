"""Guess: which framework's arrays a function takes, where its user does not say so."""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np

from ..table import FRAMEWORKS

# What each framework is imported as. NumPy decides nothing: users of all of them import it.
_PACKAGES = {"torch": "torch", "jax": "jax", "jaxlib": "jax", "optax": "jax", "flax": "jax",
             "tensorflow": "tensorflow", "keras": "tensorflow", "tf_keras": "tensorflow",
             "triton": "torch"}  # fmt: skip
_BACKENDS = ("torch", "jax", "tensorflow")


def guessed(target: Callable[..., Any]) -> tuple[str, str]:
    """The name of the framework and what it was found by: its annotations, what the target is, or
    what its module imports. NumPy where that leaves none or several."""
    for found, by in (
        (_from_annotations(target), "its annotations"),
        (_from_kind(target), "what it is"),
        (_from_imports(target), "its imports"),
    ):
        if len(found) == 1:
            return *found, by  # type: ignore[return-value]
    return "numpy", ""


def other_frameworks(target: Callable[..., Any], name: str) -> list[str]:
    """Those whose arrays it may take in place of that one's: that its module imports, else all."""
    found = _from_imports(target) - {name}
    return [other for other in FRAMEWORKS if other != name and other in (found or FRAMEWORKS)]


def passed_with(scores: object, target: Callable[..., Any]) -> tuple[str, str]:
    """The framework, "" to find it out, and the device of what a function gets that is called from
    Python with these scores.

    A tensor says both. An array of NumPy is for a function of NumPy, unless its annotations or what
    it is say otherwise: that its module imports a framework says little beside it.
    """
    framework = framework_of_module(type(scores).__module__)
    if framework:
        device = str(getattr(scores, "device", "")).lower()
        return framework, "cuda" if any(name in device for name in ("cuda", "gpu")) else "cpu"
    if isinstance(scores, np.ndarray):
        strong = [*_from_annotations(target), *_from_kind(target)]
        return strong[0] if len({*strong}) == 1 else "numpy", "cpu"
    return "", "cpu"


def framework_of_module(module: str) -> str:
    """The framework that a module of that name belongs to; "" for none."""
    name = _PACKAGES.get(module.partition(".")[0], "")
    if module.partition(".")[0] == "keras":
        with contextlib.suppress(Exception):
            backend = sys.modules["keras"].backend.backend()
            return backend if backend in _BACKENDS else name
    return name


def _from_annotations(target: Callable[..., Any]) -> set[str]:
    call = target if inspect.isroutine(target) else getattr(target, "forward", target)
    with contextlib.suppress(TypeError, ValueError):
        annotations = [p.annotation for p in inspect.signature(call).parameters.values()]
        names = _names_in(target)
        found = {
            _from_annotation(a, names) for a in annotations if a is not inspect.Parameter.empty
        }
        return found - {""}
    return set()


def _from_annotation(annotation: Any, names: dict[str, Any]) -> str:
    """The framework of a type, or of the text of one, by the names of the module it is in."""
    if isinstance(annotation, str):
        with contextlib.suppress(Exception):
            for node in ast.walk(ast.parse(annotation, mode="eval")):
                found = ""
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found = _from_annotation(node.value, names)
                elif isinstance(node, ast.Name) and node.id in names:
                    value = names[node.id]
                    module = value.__name__ if isinstance(value, ModuleType) else value.__module__
                    found = _of_array(module)
                if found:
                    return found
        return ""
    return _of_array(getattr(annotation, "__module__", None) or "")


def _of_array(module: str) -> str:
    return "numpy" if module.partition(".")[0] == "numpy" else framework_of_module(module)


def _from_kind(target: Callable[..., Any]) -> set[str]:
    """A torch Module, a Keras Loss, a compiled function, a function of a framework."""
    classes = inspect.getmro(target if inspect.isclass(target) else type(target))
    found = {framework_of_module(one.__module__) for one in classes} - {""}
    if len(found) == 1:
        return found
    return {framework_of_module(getattr(_unwrapped(target), "__module__", None) or "")} - {""}


def _from_imports(target: Callable[..., Any]) -> set[str]:
    """Of the modules that the target's own module imports, in functions too; where that is none,
    those that the modules of its own package import."""
    first = sys.modules.get(getattr(_unwrapped(target), "__module__", None) or "")
    if first is None:
        return set()
    found: set[str] = set()
    package = first.__name__.partition(".")[0]
    seen, waiting = {first.__name__}, [first]
    while waiting and not found:
        module = waiting.pop(0)
        found = {framework_of_module(name) for name in _imports(module)} - {""}
        for name in _imports(module):
            known = sys.modules.get(name)
            if known and name not in seen and name.partition(".")[0] == package:
                seen.add(name)
                waiting.append(known)
    return found


def _imports(module: ModuleType) -> Iterator[str]:
    """The names of the modules that it holds, that its members are from, and that it imports."""
    for value in list(vars(module).values()):
        name = value.__name__ if isinstance(value, ModuleType) else None
        name = name or getattr(value, "__module__", None)
        if isinstance(name, str):
            yield name
    with contextlib.suppress(Exception):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module


def _names_in(target: Callable[..., Any]) -> dict[str, Any]:
    plain = _unwrapped(target)
    module = sys.modules.get(getattr(plain, "__module__", None) or "")
    return getattr(plain, "__globals__", None) or (vars(module) if module else {})


def _unwrapped(target: Callable[..., Any]) -> Any:
    """The function under decorators and partial applications; the class of an instance."""
    while isinstance(target, functools.partial):
        target = target.func
    target = inspect.unwrap(target)
    if inspect.isroutine(target) or inspect.isclass(target) or hasattr(target, "__globals__"):
        return target
    return type(target)
