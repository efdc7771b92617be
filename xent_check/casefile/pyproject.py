"""Pyproject: the table `[tool.xent-check]` of a project's pyproject.toml, and where its keys stand.

It is that of the nearest pyproject.toml that has one, from a folder upwards to the root of its
repository.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from xent_check.errors import KeyPath, Mistake, UserError, key_text, mistake_text, visible

from .yaml_values import describe

FILE = "pyproject.toml"
TABLE = ("tool", "xent-check")
TABLES = "implementation"  # its key that holds a table for each name that it declares
Place = Callable[[str], str]  # a path in the table as one from the working directory


@dataclass(frozen=True)
class Table:
    """The table of a pyproject.toml."""

    file: str
    """as reports name it"""
    text: str
    """of the whole file"""
    value: Any
    """of the table's key, whatever it is"""
    place: Place
    """of the paths in it"""

    def line_of(self, *key: str | int) -> int:
        """The line, from 1, where the deepest part of a key in the table is said."""
        return _line_of((*TABLE, *key), self.text)

    def refuse(self, mistakes: Iterable[Mistake]) -> None:
        """UserError with the mistakes, line by line, their keys in the table, where there is one.

        `pyproject.toml:3: tool.xent-check.jobs: 'two'; allowed: a whole number, 1 or more`
        """
        in_order = sorted(mistakes, key=lambda mistake: self.line_of(*mistake.key))
        if in_order:
            raise UserError("\n".join(map(self.mistake_text, in_order)))

    def mistake_text(self, mistake: Mistake) -> str:
        """One mistake with its place."""
        key = (*TABLE, *mistake.key)
        return mistake_text(mistake, f"{self.file}:{_line_of(key, self.text)}", key_text(key))


def find_table(folder: Path) -> Table | None:
    """The table for a working directory; None where there is none. UserError where a file that may
    have one cannot be read, or has it under another name."""
    for above in (folder, *folder.parents):
        file = above / FILE
        if os.path.isfile(file):
            table = _table(file, os.path.relpath(file, folder), partial(_from, folder, above))
            if table is not None:
                return table
        if os.path.exists(above / ".git"):
            break
    return None


def _table(file: Path, shown: str, place: Place) -> Table | None:
    try:
        text = file.read_bytes().decode("utf-8")
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, line = _place_of(str(error), file)
        raise UserError(visible(f"{shown}:{line}: {message}; --no-config does without")) from None
    except UnicodeDecodeError:
        raise UserError(visible(f"{shown}: not UTF-8; --no-config does without")) from None
    except OSError as error:
        raise UserError(visible(f"{shown}: {error.strerror}; --no-config does without")) from None
    tool = document.get(TABLE[0])
    if not isinstance(tool, dict):
        return None
    for name in tool:
        if name != TABLE[1] and re.sub(r"[\W_]", "", name.lower()) == "xentcheck":
            key = (TABLE[0], name)
            mistake = Mistake(key, "unknown table", "", f"write [{key_text(TABLE)}]")
            line = _line_of(key, text)
            raise UserError(mistake_text(mistake, f"{shown}:{line}", key_text(key)))
    return Table(shown, text, tool[TABLE[1]], place) if TABLE[1] in tool else None


def _place_of(message: str, file: Path) -> tuple[str, int]:
    """tomllib's message without the place at its end, and the line of that place."""
    match = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", message, re.S)
    if match is None:
        return message, 1
    last = len(file.read_bytes().splitlines()) or 1
    return match[1], int(match[2] or last)


def _line_of(key: KeyPath, text: str) -> int:
    """The line of the statement that says the deepest part of `key` that TOML's text has.

    tomllib keeps no lines. A text that is cut after a line is TOML unless the cut is in the middle
    of a statement; the statement that says a key is the last one of the first such text with it.
    """
    lines = text.split("\n")
    start = next((place for place, line in enumerate(lines) if "xent" in line.lower()), 0)
    found, depth = start + 1, 0
    for end in range(start + 1, len(lines) + 1):
        if lines[end - 1].strip().startswith("#") or not lines[end - 1].strip():
            start = end if start == end - 1 else start
            continue
        try:
            document = tomllib.loads("\n".join(lines[:end]))
        except tomllib.TOMLDecodeError:
            continue
        now = _depth(document, key)
        if now > depth:
            found, depth = start + 1, now
        start = end
    return found


def _depth(value: Any, key: KeyPath) -> int:
    """How many parts of the key there are in the value."""
    for depth, part in enumerate(key):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return depth
    return len(key)


def description(value: object) -> str:
    """A value of TOML in words."""
    return "a table" if isinstance(value, dict) else describe(value)


def _from(folder: Path, above: Path, path: str) -> str:
    """A path from `above` as one from `folder`."""
    path = os.path.expanduser(path)
    return path if os.path.isabs(path) else os.path.relpath(above / path, folder)
