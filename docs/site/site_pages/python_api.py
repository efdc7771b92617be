"""What the package gives to Python, from its docstrings."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import xent_check
from xent_check.casefile.json_schema import docstrings

from .prose import table

_INTRODUCTION = """\
# Python

What stands here is kept; what else can be imported is the inside of the package, and changes
without notice. `import xent_check` loads no framework, and no NumPy before a name is asked for. The
how-to is [From Python](../how-to/python.md); the keywords of a case are in [Options of a
case](../options.md) and [The case file](case-file.md); `python -m xent_check` is the command."""


def page(module: ModuleType = xent_check) -> str:
    """The Markdown of the page: each public name of the module."""
    names = [name for name in module.__all__ if not name.startswith("_")]
    functions = [name for name in names if inspect.isfunction(getattr(module, name))]
    sections = [_section(name, getattr(module, name)) for name in functions]
    sections += [_section(n, getattr(module, n)) for n in names if n not in functions]
    return "\n\n".join([_INTRODUCTION, *sections]) + "\n"


def _section(name: str, value: Any) -> str:
    """A function with its signature; a class with what it has."""
    text = inspect.getdoc(value) or ""
    if inspect.isfunction(value):
        return f"## `{name}{_signature(value)}`\n\n{text}"
    members = list(_members(value))
    return f"## `{name}`\n\n{text}" + (f"\n\n{table(['it has', ''], members)}" if members else "")


def _signature(value: Any) -> str:
    return str(inspect.signature(value)).replace("'", "")


def _members(kind: type) -> Iterator[list[str]]:
    yield from ([f"`{name}`", text] for name, text in docstrings(kind))
    for name, member in vars(kind).items():
        text = " ".join((inspect.getdoc(member) or "").split())
        if name.startswith("_") or not text:
            continue
        call = inspect.isfunction(member)
        yield [f"`{name}{'()' if call else ''}`", text]
