"""Text in columns."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def aligned(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> list[str]:
    """A line for each row: every column as wide as its longest text, two spaces between them.

    right: the columns that are aligned to the right. A last column aligned to the left has no
    trailing spaces. ValueError where the rows differ in length.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if widths and len(widths) - 1 not in right:
        widths[-1] = 0
    return [
        "  ".join(
            text.rjust(width) if column in right else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
