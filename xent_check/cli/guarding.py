"""Guarding: standard output and standard error carry no command out of a case's text.

What reads a CI job's output obeys some of its lines: GitHub Actions `::name ...::...` at the start
of a line, whatever blanks precede it, and `##[name]...` anywhere in one (ActionCommand.cs of
actions/runner); Azure `##vso[...]` and TeamCity `##teamcity[...]`; GitLab a section marker, which
needs a raw carriage return and ESC; a terminal every escape sequence. A reason, an error, a file's
name may hold any of them. It cannot be known who reads: a container in a job has none of the
runner's variables. So it is done always, by writing one character of the command as an escape, and
everything that does not print, but for the colours of a report.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TextIO, cast

from xent_check.errors import visible

Spelling = Callable[[str], str]

_COLOUR = r"\x1b\[[0-9;]*m"
_KEPT = re.compile(r"([\n\t]+)")
_KEPT_WITH_COLOURS = re.compile(rf"({_COLOUR}|[\n\t]+)")
# Blanks are more than \s: .NET's comparison by culture passes over characters that have no weight.
_AT_THE_START = re.compile(rf"^((?:{_COLOUR}|[^!-~\n])*:):", re.MULTILINE)
_ANYWHERE = re.compile(r"(##\w*)\[")


def as_text(character: str) -> str:
    r"""`\x3a`, as Python and errors.visible write it."""
    return f"\\x{ord(character):02x}" if character.isprintable() else visible(character)


def as_json(character: str) -> str:
    """The same character in a JSON string."""
    return f"\\u{ord(character):04x}"


def as_xml(character: str) -> str:
    """The same character in XML and HTML."""
    return f"&#{ord(character)};"


_SPELLINGS: dict[str, Spelling] = dict.fromkeys(("json", "jsonl", "sarif"), as_json)
_SPELLINGS |= dict.fromkeys(("junit", "html"), as_xml)


def guarded(text: str, spelled: Spelling = as_text, colours: bool = False) -> str:
    """The text without commands. What was guarded stays as it is, with more text behind it too.

    spelled: how a character is written that may not stand as itself. colours: they may stay.
    """
    parts = (_KEPT_WITH_COLOURS if colours else _KEPT).split(text)
    for index, part in enumerate(parts):
        if index % 2 == 0 and not part.isprintable():
            parts[index] = "".join(c if c.isprintable() else spelled(c) for c in part)
    text = _AT_THE_START.sub(lambda match: match[1] + spelled(":"), "".join(parts))
    return _ANYWHERE.sub(lambda match: match[1] + spelled("["), text)


def guarded_report(text: str, format: str) -> str:
    """A report of this format, for a stream: the same data. `github` is commands, its texts
    escaped by its own rules."""
    if format == "github":
        return text
    return guarded(text, _SPELLINGS.get(format, as_text), colours=format == "table")


class Guarded:
    """A text stream whose lines are guarded, however they are cut into writes."""

    buffer = None  # click would look for it, and write past this

    def __init__(self, stream: TextIO) -> None:
        self.unguarded = stream
        self._line = ""  # what its last line has so far

    def write(self, text: str | bytes) -> int:
        if isinstance(text, bytes):  # click writes the script of a shell's completion so
            text = text.decode()
        line = self._line
        new = guarded(line + text)[len(line) :]
        self.unguarded.write(new)
        self._line = (line + new).rpartition("\n")[2]
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unguarded, name)


def unguarded(stream: TextIO) -> TextIO:
    """For what is meant as commands."""
    return cast(TextIO, getattr(stream, "unguarded", stream))
