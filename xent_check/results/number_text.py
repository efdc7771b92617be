"""Numbers as text."""

from __future__ import annotations

import re

_EXPONENT = re.compile(r"(?<=\d)e\+?(-?)0*(?=\d)")


def number(value: float, dtype: str = "float32") -> str:
    """A number with as many digits as its dtype needs to be read back; nan and inf by name."""
    return tidy(repr(float(value)) if dtype == "float64" else f"{float(value):.9g}")


def small(value: float, digits: int = 3) -> str:
    """A number to `digits` significant digits."""
    return tidy(f"{float(value):.{digits}g}")


def tidy(text: str) -> str:
    """Text whose exponents have no plus sign and no leading zero: `2e-6` for `2e-06`."""
    return _EXPONENT.sub(r"e\1", text)


def count_of(count: int, noun: str) -> str:
    """A count with its noun, with an s where the count is not 1: `1 case`, `2 cases`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def index_text(index: tuple[int, ...]) -> str:
    """`[1, 2]`."""
    return f"[{', '.join(map(str, index))}]"
