"""The values of a YAML file: plain Python ones that remember their lines and their texts."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic_core import from_json

from xent_check.errors import KeyPath

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*|(?=[eE])))(?:[eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"([-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_CONSTANTS = {"": None, "~": None} | {
    form: value
    for word, value in (("null", None), ("true", True), ("false", False))
    for form in (word, word.capitalize(), word.upper())
}


_NUMBER_KINDS = ({float}, {int})


class Map(dict[str, Any]):
    """A mapping, with the line of each of its keys.

    line, lines: from 1. origins: the paths of keys that came from elsewhere in the file, as `dtype`
    from matrix.dtype[1]. unclear: keys whose value is not known, as they stand twice.
    """

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}
        self.origins: dict[str, KeyPath] = {}
        self.unclear: set[str] = set()


class Seq(list[Any]):
    """A sequence, with the line of each of its items; lines count from 1."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


class Row(Seq):
    """A sequence of finite floats only, or of whole numbers only, as most sequences are.

    The list has plain numbers, which take a fraction of the time and memory of those with texts;
    `copy` gives them. An item, by its index or in a loop, is an Int or a Float with its text, as in
    any Seq. source_text: the texts of all with commas between.
    """

    __slots__ = ("_texts", "source_text")

    def __init__(self, line: int, numbers: list[float], source_text: str, lines: list[int]) -> None:
        list.__init__(self, numbers)
        self.line = line
        self.lines = lines
        self.source_text = source_text
        self._texts: Sequence[str] = ()

    def __getitem__(self, index: Any) -> Any:
        self._texts = self._texts or self.source_text.split(",")
        texts = self._texts[index]
        return scalar(texts) if isinstance(texts, str) else [*map(scalar, texts)]

    def __iter__(self) -> Iterator[Any]:
        return map(scalar, self.source_text.split(","))


class Int(int):
    """A whole number, with its text in the file: 0x10."""

    text: str  # as the file has it


class Float(float):
    """A number, with its text in the file, which has its precision: 0.50."""

    __slots__ = ("text",)
    text: str  # as the file has it


def line_of(value: object, key: KeyPath) -> int:
    """The line, from 1, of the deepest part of `key` that exists in `value`."""
    line = value.line if isinstance(value, Map | Seq) else 1
    for part in key:
        if isinstance(value, Map) and isinstance(part, str) and part in value:
            line, value = value.lines[part], value[part]
        elif isinstance(value, Seq) and isinstance(part, int) and part < len(value):
            line, value = value.lines[part], value[part]
        else:
            break
    return line


def origin_of(source: Map, key: KeyPath) -> KeyPath:
    """The path in the file of a key of the case: where it came from by `defaults` or `matrix`."""
    return (*source.origins[str(key[0])], *key[1:]) if key and key[0] in source.origins else key


def scalar(text: str) -> object:
    """A plain scalar by the core schema: null, a boolean, a number, else text."""
    if _FLOAT.fullmatch(text):
        number: Int | Float = Float(text)
    elif text in _CONSTANTS:
        return _CONSTANTS[text]
    elif _INT.fullmatch(text):
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        try:
            number = Int(int(text[2:] if base != 10 else text, base))
        except ValueError:  # more digits than int() takes
            return text
    elif special := _SPECIAL.fullmatch(text):
        number = Float((special[1] or "") + "inf" if special[1] is not None else "nan")
    else:
        return text
    number.text = text
    return number


def numbers_of(source_text: str, count: int) -> list[float] | None:
    """The numbers of a Row of `count` plain scalars; None where they make none.

    source_text: the scalars with commas between. What JSON calls a number is the same number by the
    core schema.
    """
    try:
        numbers: list[float] = from_json(f"[{source_text}]", allow_inf_nan=False)
        alike = {*map(type, numbers)} in _NUMBER_KINDS and len(numbers) == count
        return numbers if alike and all(map(math.isfinite, numbers)) else None
    except (ValueError, OverflowError):  # no JSON; a whole number that no float reaches
        return None


def describe(value: object) -> str:
    """What a value is, in a few words of YAML."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Int | Float):
        return value.text if len(value.text) <= 40 else value.text[:37] + "..."
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else value[:37] + "...")
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    return type(value).__name__
