"""Guarding: no text of a case reaches standard output or standard error as a command.

Readers of a CI job's output obey some of its lines: GitHub Actions `::name ...::...` at the start
of a line, whatever blanks precede it, and `##[name]...` anywhere in one (ActionCommand.cs of
actions/runner); Azure `##vso[...]` and TeamCity `##teamcity[...]`; GitLab a section marker, which
needs a raw carriage return and ESC; a terminal every escape sequence. A reason, an error or a
file's name may hold any of them. The reader is unknown: a container in a job has none of the
runner's variables. So one character of each command is always written as an escape, and so is
every character that does not print, except the colours of a report.
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
_BLANKS = rf"(?:{_COLOUR}|[^!-~\n])*"
_AT_THE_START = re.compile(rf"^({_BLANKS}:{_BLANKS}):", re.MULTILINE)
_ANYWHERE = re.compile(r"(##\w*)\[")


def as_text(character: str) -> str:
    r"""A character in plain text: `\x3a`, as Python and errors.visible write it."""
    return f"\\x{ord(character):02x}" if character.isprintable() else visible(character)


def as_json(character: str) -> str:
    r"""A character in a JSON string: `\u003a`."""
    return f"\\u{ord(character):04x}"


def as_xml(character: str) -> str:
    """A character in XML and HTML: `&#58;`."""
    return f"&#{ord(character)};"


_SPELLINGS: dict[str, Spelling] = dict.fromkeys(("json", "jsonl", "sarif"), as_json)
_SPELLINGS |= dict.fromkeys(("junit", "html"), as_xml)


def guarded(text: str, spelled: Spelling = as_text, colours: bool = False) -> str:
    """The text without commands. Guarded text stays unchanged, also when more text follows it.

    spelled: the escape of a character. colours: whether their sequences stay.
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

    buffer = None  # or click would write to it, past this object

    def __init__(self, stream: TextIO) -> None:
        self.unguarded = stream
        self._line = ""  # the start of the line that is not ended yet

    def write(self, text: str | bytes) -> int:
        """Write the text without commands; the number of its characters, as a stream gives it."""
        if isinstance(text, bytes):  # click writes the shell completion script as bytes
            text = text.decode()
        line = self._line
        new = guarded(line + text)[len(line) :]
        self.unguarded.write(new)
        self._line = (line + new).rpartition("\n")[2]
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Write each text without commands."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unguarded, name)


def unguarded(stream: TextIO) -> TextIO:
    """The stream itself, for text that is meant as commands."""
    return cast(TextIO, getattr(stream, "unguarded", stream))
