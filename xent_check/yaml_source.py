"""YAML 1.2 text to plain values that remember their lines.

ruamel.yaml does the syntax; this file does what the contract adds: scalars by the core schema
alone, no tags but the core's, no duplicate keys, aliases that cannot explode, numbers that keep
the text they were written in, and a line for every key and item.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from .errors import CaseFileError, KeyPath, Located, Mistake

MAX_DEPTH = 64
MAX_ALIASED_VALUES = 100_000

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"([-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_CONSTANTS = {"": None, "~": None} | {
    form: value
    for word, value in (("null", None), ("true", True), ("false", False))
    for form in (word, word.capitalize(), word.upper())
}
_CORE = "tag:yaml.org,2002:"


class Map(dict[str, Any]):
    """A mapping, with the line of each of its keys."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


class Seq(list[Any]):
    """A sequence, with the line of each of its items."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


class Int(int):
    """A whole number, with the text it was written in."""

    text: str


class Float(float):
    """A number, with the text it was written in."""

    text: str


def line_of(value: object, key: KeyPath) -> int:
    """The line of the deepest part of `key` that exists in `value`."""
    line = value.line if isinstance(value, Map | Seq) else 1
    for part in key:
        if isinstance(value, Map) and isinstance(part, str) and part in value:
            line, value = value.lines[part], value[part]
        elif isinstance(value, Seq) and isinstance(part, int) and part < len(value):
            line, value = value.lines[part], value[part]
        else:
            break
    return line


def scalar(text: str) -> object:
    """A plain scalar by the core schema: null, a boolean, a number, else text."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INT.fullmatch(text):
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        try:
            number: Int | Float = Int(int(text[2:] if base != 10 else text, base))
        except ValueError:  # more digits than int() takes
            return text
    elif _FLOAT.fullmatch(text):
        number = Float(text)
    elif special := _SPECIAL.fullmatch(text):
        number = Float((special[1] or "") + "inf" if special[1] is not None else "nan")
    else:
        return text
    number.text = text
    return number


def read(path: Path, shown: str) -> Map:
    """The mapping a YAML file holds; every mistake of the file together as CaseFileError."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise _file_error(shown, 1, _os_mistake(path, error)) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        bad = error.object[error.start]
        raise _file_error(
            shown,
            line,
            Mistake((), f"byte 0x{bad:02x} is not UTF-8", "", "save the file as UTF-8"),
        ) from None
    builder = _Builder()
    try:
        value = builder.document(text)
    except (YAMLError, RecursionError) as error:
        raise _file_error(shown, *_syntax_mistake(error)) from None
    if builder.mistakes:
        raise CaseFileError(Located(shown, line, m) for line, m in builder.mistakes)
    if not isinstance(value, Map):
        found = "an empty file" if value is None else f"the file holds {describe(value)}"
        raise _file_error(
            shown, 1, Mistake((), found, "a mapping: one case, or `defaults` and `cases`", "")
        )
    return value


def describe(value: object) -> str:
    """What a value is, in a few words of YAML."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Int | Float):
        return value.text
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else value[:37] + "...")
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    return type(value).__name__


def _file_error(shown: str, line: int, mistake: Mistake) -> CaseFileError:
    return CaseFileError([Located(shown, line, mistake)])


def _os_mistake(path: Path, error: OSError) -> Mistake:
    if path.is_dir():
        return Mistake((), "a directory", "a case file", "name the file, or pass it as a folder")
    if isinstance(error, FileNotFoundError):
        return Mistake((), "no such file", "", "check the path")
    return Mistake((), error.strerror or str(error), "", "check the path and its permissions")


def _syntax_mistake(error: YAMLError | RecursionError) -> tuple[int, Mistake]:
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        words = " ".join(str(error.problem or error.context).split())
        return line, Mistake((), f"not YAML: {words}", "YAML 1.2", "mend the syntax here")
    if isinstance(error, RecursionError):
        return 1, Mistake((), "nested too deep", f"at most {MAX_DEPTH} levels", "")
    words = " ".join(str(error).split())
    return 1, Mistake((), f"not YAML: {words}", "YAML 1.2", "mend the syntax")


class _Builder:
    """Events to values. Anchored values are shared, not copied; what they would grow to when
    written out is counted, and refused past MAX_ALIASED_VALUES."""

    def __init__(self) -> None:
        self.mistakes: list[tuple[int, Mistake]] = []
        self.anchors: dict[str, tuple[object, int]] = {}
        self.aliased = 0

    def document(self, text: str) -> object:
        events: Iterator[Any] = YAML(typ="safe", pure=True).parse(text)
        value: object = None
        documents = 0
        for event in events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                documents += 1
                if documents == 2:
                    self._wrong(event, (), "a second document", "one document per file", "")
                built, _ = self._value(next(events), events, (), 0)
                value = built if documents == 1 else value
        return value

    def _wrong(self, event: Any, key: KeyPath, found: str, allowed: str, advice: str) -> None:
        self.mistakes.append((event.start_mark.line + 1, Mistake(key, found, allowed, advice)))

    def _value(
        self, event: Any, events: Iterator[Any], key: KeyPath, depth: int
    ) -> tuple[object, int]:
        """The value that starts at `event`, and how many values it would be written out."""
        kind = type(event).__name__
        if kind == "AliasEvent":
            return self._alias(event, key)
        if depth > MAX_DEPTH:
            raise RecursionError
        value: object
        if kind == "ScalarEvent":
            value, size = self._scalar(event, key), 1
        elif kind == "SequenceStartEvent":
            value, size = self._sequence(event, events, key, depth)
        else:
            value, size = self._mapping(event, events, key, depth)
        if event.anchor:
            self.anchors[event.anchor] = (value, size)
        return value, size

    def _alias(self, event: Any, key: KeyPath) -> tuple[object, int]:
        if event.anchor not in self.anchors:
            self._wrong(event, key, f"*{event.anchor} names no anchor above", "", "")
            return None, 1
        value, size = self.anchors[event.anchor]
        within = self.aliased <= MAX_ALIASED_VALUES
        self.aliased += size
        if within and self.aliased > MAX_ALIASED_VALUES:
            self._wrong(
                event,
                key,
                f"aliases write out more than {MAX_ALIASED_VALUES:,} values",
                "",
                "use `shape` with `random`, `range` or `fill`, or a file",
            )
        return (value, size) if within else (None, 1)

    def _tag(self, event: Any, key: KeyPath, allowed: tuple[str, ...]) -> str | None:
        """The core tag's short name when one is written; other tags are mistakes."""
        if event.tag is None or event.tag == "!":
            return None
        tag = str(event.tag)
        if tag.startswith(_CORE) and tag[len(_CORE) :] in allowed:
            return tag[len(_CORE) :]
        shown = tag.replace(_CORE, "!!")
        self._wrong(event, key, f"tag {shown}", "no tags but the core schema's", "remove the tag")
        return None

    def _scalar(self, event: Any, key: KeyPath) -> object:
        text = str(event.value)
        tag = self._tag(event, key, ("str", "int", "float", "bool", "null"))
        if tag == "str" or event.tag == "!" or (tag is None and event.style):
            return text
        value = scalar(text)
        if tag is None:
            return value
        if tag == "float" and isinstance(value, Int):
            number = Float(value)
            number.text = text
            return number
        wanted = {"int": Int, "float": Float, "bool": bool, "null": type(None)}[tag]
        if not isinstance(value, wanted):
            self._wrong(event, key, f"{text!r} under the tag !!{tag}", f"a core {tag}", "")
        return value

    def _sequence(
        self, event: Any, events: Iterator[Any], key: KeyPath, depth: int
    ) -> tuple[Seq, int]:
        self._tag(event, key, ("seq",))
        items, size = Seq(event.start_mark.line + 1), 1
        for item in events:
            if type(item).__name__ == "SequenceEndEvent":
                break
            value, count = self._value(item, events, (*key, len(items)), depth + 1)
            items.append(value)
            items.lines.append(item.start_mark.line + 1)
            size += count
        return items, size

    def _mapping(
        self, event: Any, events: Iterator[Any], key: KeyPath, depth: int
    ) -> tuple[Map, int]:
        self._tag(event, key, ("map",))
        mapping, size = Map(event.start_mark.line + 1), 1
        for item in events:
            kind = type(item).__name__
            if kind == "MappingEndEvent":
                break
            name = str(item.value) if kind == "ScalarEvent" else "?"
            if kind != "ScalarEvent":
                self._wrong(item, key, "a key that is not a word", "text keys", "")
                self._value(item, events, key, depth + 1)
            elif name in mapping:
                first = mapping.lines[name]
                self._wrong(
                    item,
                    (*key, name),
                    f"the key stands twice (first on line {first})",
                    "",
                    "keep one",
                )
            value, count = self._value(next(events), events, (*key, name), depth + 1)
            if name not in mapping:
                mapping[name] = value
                mapping.lines[name] = item.start_mark.line + 1
            size += count
        return mapping, size
