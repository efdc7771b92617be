"""Listing: the names and tags of the cases in a file, at once and unchecked, for a shell."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xent_check.errors import CaseFileError

from .yaml_reader import read
from .yaml_values import describe

_MAX = 10_000  # combinations of a matrix; a file with more is refused


@dataclass(frozen=True)
class ListedCase:
    """What chooses a case."""

    name: str  # with the choice of a matrix in brackets
    tags: tuple[str, ...]  # in the order of the file


def list_cases(file: Path) -> Iterator[ListedCase]:
    """The cases of a file, none where it cannot be read. What is wrong in it is left out."""
    try:
        root: Mapping[str, Any] = read(file, "").root
    except CaseFileError:
        return
    for source in _sources(root):
        name = source.get("name") or file.stem
        for choice in _choices(source.get("matrix")):
            tags = choice.get("tags", source.get("tags"))
            words = tags if isinstance(tags, list) else [tags]
            yield ListedCase(
                f"{name}[{choice_text(choice)}]" if choice else str(name),
                tuple(word for word in words if isinstance(word, str)),
            )


def _sources(root: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The mapping itself, or each of `cases` over the `defaults`."""
    if "cases" not in root:
        return [root]
    defaults, cases = root.get("defaults"), root["cases"]
    under = defaults if isinstance(defaults, dict) else {}
    over = cases if isinstance(cases, list) else []
    return [{**under, **case} for case in over if isinstance(case, dict)]


def _choices(matrix: object) -> Iterator[Mapping[str, Any]]:
    """Each combination of a matrix; an empty one where there is no matrix."""
    columns = matrix if isinstance(matrix, dict) else {}
    if all(isinstance(values, list) for values in columns.values()):
        for values in itertools.islice(itertools.product(*columns.values()), _MAX):
            yield dict(zip(columns, values, strict=True))


def choice_text(choice: Mapping[str, Any]) -> str:
    """`dtype=float32,class_axis=0`, of a combination of a matrix."""
    return ",".join(f"{key}={_value_text(value)}" for key, value in choice.items())


def _value_text(value: object) -> str:
    if isinstance(value, dict):
        return "{" + choice_text(value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_value_text(item) for item in value) + "]"
    return value if isinstance(value, str) else describe(value)
