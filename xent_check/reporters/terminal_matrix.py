"""The matrix as lines of text, in the widest of three layouts that fits the terminal.

numbers: a mark and the largest difference in each cell. marks: a mark in each cell. stairs: a mark
in each cell, the headings one under another above columns three wide; it folds into several
matrices where even that is too wide. No name is ever cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from rich.cells import cell_len
from rich.text import Text

from xent_check.problem.evaluation import Computed
from xent_check.results.behaviour import unusual
from xent_check.results.number_text import small
from xent_check.results.report import CaseResult, Status

from .formats import Terminal
from .matrix import Matrix, MatrixRow

STYLES: dict[Status, str] = {
    "agrees": "green",
    "known": "cyan",
    "diverges": "bold red",
    "failed": "bold magenta",
    "unsupported": "dim",
    "missing": "yellow",
}
_MARKS: dict[Status, tuple[str, str]] = {  # with Unicode, and without
    "agrees": ("✓", "ok"),
    "known": ("≈", "~"),
    "diverges": ("✗", "X"),
    "failed": ("!", "!"),
    "unsupported": ("·", "."),
    "missing": ("?", "?"),
}
_STAIR = 3
_LEAST_ROOM = 24  # characters for the names of the cases

Cell = Callable[[CaseResult], str]


def mark(status: Status, terminal: Terminal) -> str:
    """One or two characters for a status."""
    return _MARKS[status][0 if terminal.unicode else 1]


@dataclass(frozen=True, eq=False)
class Drawing:
    """The matrix as text."""

    lines: tuple[Text, ...]  # the headings, then the rows with their files
    numbers: bool  # whether the cells show numbers


def draw(matrix: Matrix, terminal: Terminal) -> Drawing:
    """The matrix within the terminal's width."""

    def marks(result: CaseResult) -> str:
        return mark(result.status, terminal)

    def numbers(result: CaseResult) -> str:
        comparison = result.comparison
        kinds = unusual(result)
        if kinds and result.evaluation is not None:
            return f"{marks(result)} {kinds}"
        computed = isinstance(result.evaluation, Computed)  # the reference's own row is not
        if comparison is None or not computed or not comparison.losses.actual.size:
            return marks(result)
        if result.status == "unsupported":
            return marks(result)
        worst = comparison.losses.abs_diff[comparison.losses.worst]
        return f"{marks(result)} {small(worst, 1) if np.isfinite(worst) else 'inf'}"

    for cell in (numbers, marks):
        widths = _widths(matrix, cell)
        names = max(cell_len(_name(row)) for row in matrix.rows)
        if names + sum(2 + width for width in widths) <= terminal.width:
            lines = tuple(_plain_layout(matrix, cell, names, widths, terminal))
            results = [result for row in matrix.rows for result in row.cells if result]
            return Drawing(lines, numbers=any(cell(r) != marks(r) for r in results))
    lines = ()
    for part in _parts(matrix, terminal.width):
        lines += (*([Text()] if lines else []), *_stairs(part, marks, terminal))
    return Drawing(lines, numbers=False)


def _name(row: MatrixRow) -> str:
    return f"    {row.part}" if row.part else f"  {row.case.name}"


def _plain_layout(
    matrix: Matrix, cell: Cell, names: int, widths: Sequence[int], terminal: Terminal
) -> Iterator[Text]:
    stacks = [_stack(column) for column in matrix.columns]
    for level in range(max(map(len, stacks))):
        words = [stack[level] if level < len(stack) else "" for stack in stacks]
        yield Text(" " * names + _joined(words, widths), style="bold")
    rule = "─" if terminal.unicode else "-"
    yield Text(rule * (names + sum(2 + width for width in widths)), style="dim")
    file = ""
    for row in matrix.rows:
        if row.case.shown != file:
            file = row.case.shown
            yield Text(file, style="bold")
        line = Text(_padded(_name(row), names))
        for result, width in zip(row.cells, widths, strict=True):
            line.append("  ")
            line.append_text(_cell(result, cell, width))
        yield line


def _stairs(matrix: Matrix, cell: Cell, terminal: Terminal) -> Iterator[Text]:
    bar = "│" if terminal.unicode else "|"
    reach = max(_STAIR * i + cell_len(name) for i, name in enumerate(matrix.columns))
    longest = max(cell_len(_name(row)) for row in matrix.rows) + 2
    room = min(longest, max(terminal.width - reach, _LEAST_ROOM))
    for index, column in enumerate(matrix.columns):
        yield Text(" " * room + f"{bar:<{_STAIR}}" * index + column, style="bold")
    file = ""
    for row in matrix.rows:
        if row.case.shown != file:
            file = row.case.shown
            yield Text(file, style="bold")
        name = _name(row)
        if cell_len(name) >= room:
            yield Text(name)
            name = ""
        line = Text(_padded(name, room))
        for result in row.cells:
            line.append_text(_cell(result, cell, _STAIR))
        yield line


def _parts(matrix: Matrix, width: int) -> Iterator[Matrix]:
    """The columns in as many matrices as the width needs."""
    start = 0
    while start < len(matrix.columns):
        end = start + 1
        while end < len(matrix.columns) and (
            _LEAST_ROOM + _STAIR * (end - start) + cell_len(matrix.columns[end]) <= width
        ):
            end += 1
        rows = tuple(replace(row, cells=row.cells[start:end]) for row in matrix.rows)
        yield Matrix(matrix.columns[start:end], rows)
        start = end


def _widths(matrix: Matrix, cell: Cell) -> list[int]:
    """The width of each column: of its heading's longest part or its longest cell."""
    widths = []
    for index, column in enumerate(matrix.columns):
        texts = [cell(result) for row in matrix.rows if (result := row.cells[index])]
        widths.append(max(map(cell_len, (*_stack(column), *texts))))
    return widths


def _stack(name: str) -> list[str]:
    """A heading on several lines: `tf:xla@cuda` is `tf:`, `xla`, `@cuda`."""
    return name.replace(":", ":\n").replace("@", "\n@").split("\n")


def _cell(result: CaseResult | None, cell: Cell, width: int) -> Text:
    if result is None:
        return Text(" " * width)
    return Text(_padded(cell(result), width), style=STYLES[result.status])


def _joined(words: Sequence[str], widths: Sequence[int]) -> str:
    return "".join("  " + _padded(word, w) for word, w in zip(words, widths, strict=True))


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))
