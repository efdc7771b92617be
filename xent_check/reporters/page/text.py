"""Words that several parts of the HTML page share."""

from __future__ import annotations

from ..formats import Terminal

TERMINAL = Terminal()  # a page shows every character


def plural(count: int, noun: str) -> str:
    """A count with its noun: `1 sample`, `2,000 samples`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
