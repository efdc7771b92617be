"""Words that several parts of the HTML page share."""

from __future__ import annotations

from ..formats import Terminal

TERMINAL = Terminal()  # a page shows every character


def plural(count: int, thing: str) -> str:
    """`1 sample`, `2 samples`."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
