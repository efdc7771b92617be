"""YAML 1.2 text to plain values that remember their lines.

yaml_events does the syntax; this file does what the contract adds: scalars by the core schema
alone, no tags but the core's, no duplicate keys, aliases that cannot explode, numbers that keep
the text they were written in, and a line for every key and item.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yaml import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from xent_check.errors import CaseFileError, InvalidError, KeyPath, LocatedMistake, Mistake

from .yaml_events import SyntaxMistakeError, parse
from .yaml_values import Float, Int, Map, Row, Seq, describe, numbers_of, scalar

MAX_DEPTH = 64
MAX_ALIASED = 1_000_000  # characters that all aliases of a file would be written out

_SURROGATE = re.compile("[\ud800-\udfff]")
_CORE = "tag:yaml.org,2002:"
_TAGGED = {"int": "a whole number", "float": "a number", "bool": "true or false", "null": "null"}
_ANCHOR = (
    "write &name before the value that *name repeats, higher up; quote a text that starts with *"
)


@dataclass(frozen=True, eq=False)
class Document:
    """What a YAML file holds."""

    root: Map  # its mapping
    mistakes: tuple[LocatedMistake, ...]  # of its YAML, which leave the mapping readable


def read(path: Path, shown: str) -> Document:
    """The mapping in a YAML file, UTF-8 with or without a byte order mark. shown: its name in
    reports. CaseFileError where it cannot be read, is no YAML 1.2, or holds something else."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise _file_error(shown, 1, _os_mistake(path, error)) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        fault = f"byte 0x{error.object[error.start]:02x} is not UTF-8"
        raise _file_error(shown, line, Mistake((), fault, "UTF-8 text", "save it so")) from None
    builder = _Builder()
    try:
        value = parse(text, builder.document)
    except SyntaxMistakeError as error:
        raise _file_error(shown, error.line, error.mistake) from None
    except _UnusableError:
        value = None
    else:
        if not builder.mistakes and not isinstance(value, Map):
            fault = "an empty file" if value is None else f"the file holds {describe(value)}"
            allowed = "a mapping (one case, or `defaults` and `cases`)"
            raise _file_error(shown, 1, Mistake((), fault, allowed, "`xent-check init` writes one"))
    mistakes = tuple(LocatedMistake(shown, line, mistake) for line, mistake in builder.mistakes)
    if not isinstance(value, Map):
        raise CaseFileError(mistakes)
    return Document(value, mistakes)


def read_value(text: str) -> object:
    """The value of a text such as `{shape: [2, 3], fill: 0.5}`; InvalidError with its mistakes."""
    builder = _Builder()
    value: object = None
    try:
        value = parse(text, builder.document)
    except SyntaxMistakeError as error:
        raise InvalidError(error.mistake) from None
    except _UnusableError:
        pass
    if builder.mistakes:
        raise InvalidError(*(mistake for _, mistake in builder.mistakes))
    return value


def _file_error(shown: str, line: int, mistake: Mistake) -> CaseFileError:
    return CaseFileError([LocatedMistake(shown, line, mistake)])


def _os_mistake(path: Path, error: OSError) -> Mistake:
    if path.is_dir():
        return Mistake((), "a directory", "a case file", "name the file, or pass it as a folder")
    return Mistake((), error.strerror or str(error), "", "check the path and its permissions")


def _with_plain_scalars(items: Seq, plain: list[Any], ends: bool) -> tuple[Seq, int]:
    """The sequence with scalars added that are their text alone, and their size written out.

    ends: whether no item follows them.
    """
    texts = [event.value for event in plain]
    source_text = ",".join(texts)
    first, last = plain[0].start_mark.line + 1, plain[-1].start_mark.line + 1
    if first == last:
        lines = [first] * len(plain)
    else:
        lines = [event.start_mark.line + 1 for event in plain]
    numbers = numbers_of(source_text, len(plain)) if ends and not items else None
    if numbers is not None:
        return Row(items.line, numbers, source_text, lines), 1 + len(source_text)
    items += map(scalar, texts)
    items.lines += lines
    return items, 1 + len(source_text)


class _UnusableError(Exception):
    """A mistake after which nothing more can be said of the file."""


class _Builder:
    """Events to values. Anchored values are shared, not copied; what they would grow to when
    written out is counted, and refused past MAX_ALIASED.

    A size is in characters: those of every scalar, and one for each value and key.
    """

    def __init__(self) -> None:
        self.mistakes: list[tuple[int, Mistake]] = []
        self.anchors: dict[str, tuple[object, int, int]] = {}  # value, size, line
        self.aliased = 0

    def document(self, stream: Iterator[Any]) -> object:
        """The value of the only document of a stream of events; None where it has none."""
        value: object = None
        documents = 0
        for event in stream:
            if type(event) is DocumentStartEvent:
                documents += 1
                if documents == 2:
                    advice = "put both under `cases`, or in two files"
                    self._wrong(event, (), "a second document", "one document per file", advice)
                    raise _UnusableError
                value, _ = self._value(next(stream), stream, (), 0)
        return value

    def _wrong(self, event: Any, key: KeyPath, fault: str, allowed: str, advice: str) -> None:
        if key[:1] == ("cases",) and len(key) > 1:  # keys are told within their case
            key = key[2:]
        elif key[:1] == ("defaults",):
            key = key[1:]
        self.mistakes.append((event.start_mark.line + 1, Mistake(key, fault, allowed, advice)))

    def _value(
        self, event: Any, stream: Iterator[Any], key: KeyPath, depth: int
    ) -> tuple[object, int]:
        """The value that starts at `event`, and the size of it written out."""
        if type(event) is AliasEvent:
            return self._alias(event, key)
        if depth > MAX_DEPTH:
            self._wrong(event, key[:1], "nested too deep", f"at most {MAX_DEPTH} levels", "")
            raise _UnusableError
        value: object
        if type(event) is ScalarEvent:
            value, size = self._scalar(event, key), 1 + len(event.value)
        elif type(event) is SequenceStartEvent:
            value, size = self._sequence(event, stream, key, depth)
        else:
            value, size = self._mapping(event, stream, key, depth)
        if event.anchor:
            self.anchors[event.anchor] = (value, size, event.start_mark.line + 1)
        return value, size

    def _alias(self, event: Any, key: KeyPath) -> tuple[object, int]:
        if event.anchor not in self.anchors:
            self._wrong(event, key, f"*{event.anchor} names no anchor above it", "", _ANCHOR)
            raise _UnusableError
        value, size, line = self.anchors[event.anchor]
        self.aliased += size
        if self.aliased > MAX_ALIASED:
            fault = (
                f"*{event.anchor} (&{event.anchor} on line {line}) writes out {size:,} characters, "
                f"and with it the aliases of the file {self.aliased:,}"
            )
            advice = "use `shape` with `random` or `fill`, or a file"
            self._wrong(event, key, fault, f"{MAX_ALIASED:,} together", advice)
            raise _UnusableError
        return value, size

    def _tag(self, event: Any, key: KeyPath, allowed: tuple[str, ...]) -> str | None:
        """The core tag's short name when one is written; other tags are mistakes."""
        if event.tag is None or event.tag == "!":
            return None
        tag = str(event.tag)
        if tag.startswith(_CORE) and tag[len(_CORE) :] in allowed:
            return tag[len(_CORE) :]
        shown = tag.replace(_CORE, "!!") if tag.startswith(_CORE[:4]) else tag
        here = ", ".join(f"!!{name}" for name in allowed)
        self._wrong(event, key, f"the tag {shown}", f"{here}, or none", "remove the tag")
        return None

    def _scalar(self, event: Any, key: KeyPath) -> object:
        text = self._text(event, key)
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
        kind = {"int": Int, "float": Float, "bool": bool, "null": type(None)}[tag]
        if not isinstance(value, kind):
            fault = f"{text!r} under the tag !!{tag}"
            self._wrong(event, key, fault, _TAGGED[tag], "remove the tag")
        return value

    def _text(self, event: Any, key: KeyPath) -> str:
        text = str(event.value)
        if _SURROGATE.search(text):
            self._wrong(event, key, "half a surrogate pair", "Unicode text", "write it whole")
            return text.encode("utf-8", "replace").decode()
        return text

    def _sequence(
        self, event: Any, stream: Iterator[Any], key: KeyPath, depth: int
    ) -> tuple[Seq, int]:
        self._tag(event, key, ("seq",))
        items, size = Seq(event.start_mark.line + 1), 1
        shallow, plain = depth < MAX_DEPTH, []  # a row of numbers is read in one go
        for item in stream:
            if (  # has nothing but its text
                type(item) is ScalarEvent
                and shallow
                and not item.style
                and item.tag is None
                and item.anchor is None
            ):
                plain.append(item)
                continue
            ends = type(item) is SequenceEndEvent
            if plain:
                items, count = _with_plain_scalars(items, plain, ends)
                size += count
                plain = []
            if ends:
                break
            value, count = self._value(item, stream, (*key, len(items)), depth + 1)
            items.append(value)
            items.lines.append(item.start_mark.line + 1)
            size += count
        return items, size

    def _mapping(
        self, event: Any, stream: Iterator[Any], key: KeyPath, depth: int
    ) -> tuple[Map, int]:
        self._tag(event, key, ("map",))
        mapping, size = Map(event.start_mark.line + 1), 1
        for item in stream:
            line = item.start_mark.line + 1
            if type(item) is MappingEndEvent:
                break
            if type(item) is not ScalarEvent:
                self._wrong(item, key, "a key that is not a word", "text keys", "")
                raise _UnusableError
            name = self._key(item, key)
            if name in mapping:
                fault = f"the key stands twice (first on line {mapping.lines[name]})"
                self._wrong(item, (*key, name), fault, "each key once", "keep one")
                mapping.unclear.add(name)
            value, count = self._value(next(stream), stream, (*key, name), depth + 1)
            if name not in mapping:
                mapping[name] = value
                mapping.lines[name] = line
            size += 1 + len(name) + count
        return mapping, size

    def _key(self, event: Any, key: KeyPath) -> str:
        name = self._text(event, key)
        self._tag(event, (*key, name), ("str",))
        if event.anchor:
            self.anchors[event.anchor] = (name, 1 + len(name), event.start_mark.line + 1)
        return name
