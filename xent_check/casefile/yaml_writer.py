"""A case's mapping as YAML text: rows on lines of their own, numbers as they were given."""

from __future__ import annotations

import json
import os
import re
import textwrap
from pathlib import Path

from xent_check.errors import InvalidError, Mistake

from .yaml_values import Float, Int, Map, scalar

WIDTH = 96
HEADER = "# Written by `xent-check {}`; `xent-check run` checks it.\n"
_PLAIN = re.compile(r"[A-Za-z_][\w./@-]*", re.ASCII)


def case_yaml(source: Map, folder: Path, command: str = "eval --save") -> str:
    """The text of a case file in `folder`, whose case is `source`. command: what writes it.
    InvalidError where an array file of it lies outside the folder."""
    mistakes: list[Mistake] = []
    text = HEADER.format(command)
    for key, value in source.items():
        if isinstance(value, dict) and "file" in value:
            name, fault = _relative_file(str(value["file"]), folder)
            value = {**value, "file": name}
            mistakes += (
                [Mistake((key,), fault, "", "save the case beside or above it")] if fault else []
            )
        text += _entry(key, value)
    if mistakes:
        raise InvalidError(*mistakes)
    return text


def _relative_file(file: str, folder: Path) -> tuple[str, str]:
    """The array file as a case in `folder` names it, and what is wrong with that."""
    name, mark, member = file.partition("#")
    relative = Path(os.path.relpath(Path(name).resolve(), folder.resolve())).as_posix()
    wrong = f"{name!r} is not below the saved case's folder" if relative.startswith("../") else ""
    return relative + mark + member, wrong


def _entry(key: str, value: object, indent: str = "") -> str:
    name = _flow(key)
    line = f"{indent}{name}: {_flow(value)}"
    inner = indent + "  "
    if len(line) > WIDTH and isinstance(value, list):
        return f"{indent}{name}:\n" + "\n".join(_block(value, inner)) + "\n"
    if len(line) > WIDTH and isinstance(value, dict):
        entries = (_entry(key, item, inner) for key, item in value.items())
        return f"{indent}{name}:\n" + "".join(entries)
    return f"{line}\n"


def _block(value: list[object], indent: str) -> list[str]:
    """The lines of a list: an item each, rows of numbers wrapped."""
    if not isinstance(value[0], list):
        return textwrap.wrap(_flow(value), WIDTH, initial_indent=indent, subsequent_indent=indent)
    lines: list[str] = []
    for item in value:
        assert isinstance(item, list)
        inner = _block(item, indent + "  ")
        lines += [f"{indent}- {inner[0].lstrip()}", *inner[1:]]
    return lines


def _flow(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Int | Float):
        return value.text
    if isinstance(value, list):
        return f"[{', '.join(_flow(item) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    text = str(value)
    plain = _PLAIN.fullmatch(text) and isinstance(scalar(text), str)
    return text if plain else json.dumps(text, ensure_ascii=False)
