"""Placement: the interpreter of each implementation, as `--python` says."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from xent_check.errors import InvalidError, Mistake

from .interpreters import interpreter, located
from .names import Implementation, Python, parse

_NAMED = re.compile(r"(?P<name>.*?)\[(?P<label>[^\[\]=]*)\]=(?P<path>.*)", re.DOTALL)
_LABEL = re.compile(r"[A-Za-z0-9._-]+", re.ASCII)


def pythons_of(texts: Iterable[str]) -> tuple[Python, ...]:
    """The values of `--python`, `[NAME[LABEL]=]PATH` each; InvalidError for the first mistake."""
    pythons: dict[tuple[str, str], Python] = {}
    for text in dict.fromkeys(texts):
        python = _python(text)
        key = python.name, python.label
        if key in pythons:
            column = _column(python) or "everything"
            raise _wrong(f"two interpreters for {column}", "one", "a label makes a second column")
        pythons[key] = python
    return tuple(pythons.values())


def _python(text: str) -> Python:
    name, label, path = _parts(text)
    if name:
        parse(name)
    path = located(path)
    interpreter(path)
    return Python(name, label, path)


def _parts(text: str) -> tuple[str, str, str]:
    """Name, label and path. Text that exists as a path is one, even with `=` or brackets in it."""
    if os.path.exists(os.path.expanduser(text)):
        return "", "", text
    match = _NAMED.fullmatch(text)
    if match is None:
        name, equals, path = text.partition("=")
        if equals and not name:
            raise _wrong(repr(text), "PATH, NAME=PATH or NAME[LABEL]=PATH", "")
        return (name, "", path) if equals else ("", "", text)
    name, label, path = match["name"], match["label"], match["path"]
    if not _LABEL.fullmatch(label):
        raise _wrong(f"label {label!r}", "letters, digits, '.', '_' and '-'", "")
    if not name:
        raise _wrong(f"label {label!r} of nothing", f"NAME[{label}]=PATH", "")
    return name, label, path


def _wrong(fault: str, allowed: str, advice: str) -> InvalidError:
    return InvalidError(Mistake((), fault, allowed, advice))


def _column(python: Python) -> str:
    return python.name + (f"[{python.label}]" if python.label else "")


def placed(
    implementations: Iterable[Implementation], pythons: Sequence[Python]
) -> tuple[Implementation, ...]:
    """Each with its interpreter: the one for its full name, else for its row, else for all."""
    return tuple(_placed(i, pythons) for i in implementations)


def _placed(implementation: Implementation, pythons: Sequence[Python]) -> Implementation:
    if implementation.python:
        return implementation
    paths = {p.name: p.path for p in pythons if not p.label and p.is_about(implementation)}
    names = (implementation.unlabelled, implementation.base, "")
    path = next((paths[name] for name in names if name in paths), "")
    return replace(implementation, python=path) if path else implementation


def expanded(
    implementations: Iterable[Implementation], pythons: Sequence[Python]
) -> tuple[Implementation, ...]:
    """Each with its interpreter, followed by its labelled columns; none of them twice."""
    columns: dict[str, Implementation] = {}
    for implementation in implementations:
        labels = () if implementation.label else pythons
        labelled = [
            implementation.labelled(p) for p in labels if p.label and p.is_about(implementation)
        ]
        for column in (_placed(implementation, pythons), *labelled):
            columns.setdefault(column.name, column)
    return tuple(columns.values())


def unused(implementations: Iterable[Implementation], pythons: Sequence[Python]) -> list[str]:
    """A warning for each value of `--python` that no implementation runs in."""
    everything = [*implementations]
    return [
        f"--python {_column(p) or p.path}: nothing runs there"
        for p in pythons
        if not any(p.is_about(i) and (p.path, p.label) == (i.python, i.label) for i in everything)
    ]
