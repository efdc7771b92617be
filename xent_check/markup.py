"""Markup: text that stands as itself in GitHub-flavoured Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"[\\`*_~]")


def inline(text: str) -> str:
    """On one line, every character itself."""
    return _SPECIAL.sub(r"\\\g<0>", " ".join(text.split())).replace("<", "&lt;")


def cell(text: str) -> str:
    """The same within a table."""
    return inline(text).replace("|", "\\|")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table."""
    lines = [headings, ["---"] * len(headings), *([cell(text) for text in row] for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


def fenced(text: str, language: str = "") -> str:
    """A block of code, its fence longer than any within."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
