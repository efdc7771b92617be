"""Lines for a terminal: wrapped between words, in colours where it has them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from xent_check.errors import visible

from .formats import Terminal

Style = Literal["", "bold", "dim", "red", "bold red"]
_CODES = {"bold": "1", "dim": "2", "red": "31", "bold red": "1;31"}  # rich takes long to load


@dataclass(frozen=True)
class Line:
    """A line, which becomes several where the terminal is narrow."""

    text: str  # in one piece, without colour codes
    style: Style = ""  # where the terminal has colours
    hanging: int = 0  # spaces before the lines that follow the first


def drawn(lines: Iterable[Line], terminal: Terminal) -> list[str]:
    """The lines within the terminal's width. No word and no number is cut: one that is wider than
    the terminal has a line of its own."""
    return [
        _coloured(part, line.style, terminal)
        for line in lines
        for part in _wrapped(line, terminal.width)
    ]


def _wrapped(line: Line, width: int) -> list[str]:
    text = visible(line.text)
    if len(text) <= width:
        return [text]
    return textwrap.wrap(
        text,
        width,
        subsequent_indent=" " * line.hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _coloured(text: str, style: str, terminal: Terminal) -> str:
    if not (style and terminal.color):
        return text
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m"
