"""The matrix of the HTML page: the text of each cell and the strength of its colour.

Pure functions of a report.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np

from xent_check.problem.expectation import REFERENCE
from xent_check.results.behaviour import gradient_status, unusual
from xent_check.results.number_text import number, small
from xent_check.results.report import COMPARED, STATUSES, CaseResult, Report, Status

from ..matrix import Matrix
from ..terminal_matrix import mark
from .text import TERMINAL, plural

# Shares of what rounding explains: a cell has the first level whose limit it does not exceed.
LIMITS = (0.0, 0.1, 0.3, 1.0, 10.0)
MAX_WIDE = 9  # columns; where there are more, sparse ones are narrow
SPARSE = 0.25  # a column with answers to a smaller share of the cases is sparse
ABSENT: tuple[Status, ...] = ("unsupported", "missing")
NOT_FINITE = "n"  # the key of the last level


@dataclass(frozen=True)
class Level:
    """One colour of the scale."""

    key: str  # the part of the style's name that tells the levels apart
    words: str  # its meaning


SCALE = (
    Level("0", "exact"),
    Level("1", "up to 0.1"),
    Level("2", "up to 0.3"),
    Level("3", "up to 1"),
    Level("4", "up to 10"),
    Level("5", "over 10"),
    Level(NOT_FINITE, "nan or infinite where it should not be"),
)


@dataclass(frozen=True)
class Cell:
    """A result in the matrix."""

    status: Status | str  # "" where the case was not run
    level: str  # the key of its colour, or ""
    mark: str  # the character of the status
    number: str  # the error's share of the bound, or the kinds of numbers that are not finite
    title: str  # the text on hovering: the largest difference, or why there is none
    link: str  # the id of its details; "" where it has none


@dataclass(frozen=True)
class MatrixLine:
    """A row of the matrix: a case."""

    id: str  # of the element on the page
    name: str  # of the case
    tags: str  # the case's tags with blanks between them
    title: str  # the text on hovering: the case's description
    cells: tuple[Cell, ...]  # by column


@dataclass(frozen=True)
class MatrixFile:
    """The rows of the cases in a file."""

    file: str  # its path
    lines: tuple[MatrixLine, ...]  # in the report's order


@dataclass(frozen=True)
class Column:
    """A column of the matrix: an implementation."""

    name: str  # the implementation's
    narrow: bool  # whether it shows marks without numbers, because most of its cells are empty


@dataclass(frozen=True)
class PageMatrix:
    """The matrix of verdicts."""

    columns: tuple[Column, ...]  # in the report's order, the reference first
    files: tuple[MatrixFile, ...]  # the rows, in groups
    cases: int  # how many rows there are in all
    legend: tuple[tuple[str, Status, int], ...]  # mark, status and count of each that occurs


@dataclass(frozen=True)
class Ids:
    """The ids of the page's elements."""

    cases: dict[str, int]  # the number of each case, by the case's id
    columns: dict[str, int]  # the number of each implementation, by its name

    @staticmethod
    def of(report: Report) -> Ids:
        """Ids that number the cases and columns in the report's order."""
        cases = dict.fromkeys(result.case.id for result in report.results)
        names = dict.fromkeys(
            (*report.implementations, *(r.implementation for r in report.results))
        )
        return Ids({c: i for i, c in enumerate(cases)}, {n: i for i, n in enumerate(names)})

    def case(self, case_id: str) -> str:
        """The id of a case's row in the matrix."""
        return f"case-{self.cases[case_id]}"

    def result(self, result: CaseResult) -> str:
        """The id of a result's details."""
        return f"at-{self.cases[result.case.id]}-{self.columns[result.implementation]}"


def matrix_of(report: Report, ids: Ids) -> PageMatrix:
    """The matrix of a report, its cases in groups by file."""
    matrix = Matrix.of(report)
    files = tuple(
        MatrixFile(
            file,
            tuple(
                MatrixLine(
                    ids.case(row.case.id),
                    row.case.name,
                    " ".join(row.case.fields.tags),
                    " ".join((row.case.fields.description or "").split()),
                    tuple(_cell(result, ids) if result else _EMPTY for result in row.cells),
                )
                for row in rows
            ),
        )
        for file, rows in groupby(matrix.rows, key=lambda row: row.case.shown)
    )
    counts = report.counts
    legend = tuple((mark(s, TERMINAL), s, counts[s]) for s in STATUSES if counts[s])
    return PageMatrix(_columns(matrix), files, len(matrix.rows), legend)


def _columns(matrix: Matrix) -> tuple[Column, ...]:
    """The columns. Of many, those with few answers are narrow, and the one of the exact value."""
    many = len(matrix.columns) > MAX_WIDE
    answers = [
        sum(cell is not None and cell.status not in ABSENT for cell in column)
        for column in zip(*(row.cells for row in matrix.rows), strict=True)
    ]
    return tuple(
        Column(name, many and (name == REFERENCE or count < SPARSE * len(matrix.rows)))
        for name, count in zip(matrix.columns, answers, strict=True)
    )


_EMPTY = Cell("", "", "", "", "", "")
LINKED: tuple[Status, ...] = ("diverges", "failed", "known")


def _cell(result: CaseResult, ids: Ids) -> Cell:
    return Cell(
        result.status,
        level(result),
        mark(result.status, TERMINAL),
        " ".join(filter(None, (_number(result), _gradient(result)))),
        _title(result),
        ids.result(result) if result.status in LINKED else "",
    )


def _gradient(result: CaseResult) -> str:
    """The mark of the gradient's verdict, empty where there is none."""
    status = gradient_status(result)
    return "" if status is None else f"∇{mark(status, TERMINAL)}"


def level(result: CaseResult) -> str:
    """The key of a result's colour; "" where no error was compared with the bound."""
    comparison = result.comparison
    if comparison is None or result.evaluation is None or not comparison.losses.actual.size:
        return ""
    if result.status not in COMPARED:  # the losses are not part of its verdict
        return ""
    if not np.isfinite(comparison.losses.abs_diff).all():
        return NOT_FINITE
    if comparison.share is None:
        return ""
    return next((str(i) for i, limit in enumerate(LIMITS) if comparison.share <= limit), "5")


def _number(result: CaseResult) -> str:
    """The error's share of the bound; for a behaviour beyond finite numbers its kinds, and for
    finite numbers in place of a nan or an infinity, `not nan` or `not inf`."""
    if result.evaluation is None:
        return ""
    kinds, comparison = unusual(result), result.comparison
    if kinds or comparison is None or not level(result):
        return kinds
    if level(result) == NOT_FINITE:
        return f"not {number(comparison.losses.target[comparison.losses.worst])}"
    return "" if comparison.share is None else small(comparison.share, 2)


def _title(result: CaseResult) -> str:
    """The largest difference, or why there is none."""
    comparison = result.comparison
    if comparison is None or not comparison.losses.actual.size:
        return " ".join((result.reason or "").split())
    losses = comparison.losses
    off, ulps = losses.abs_diff[losses.worst], losses.ulps_at(losses.worst)
    if not np.isfinite(off):
        count = int((~np.isfinite(losses.abs_diff)).sum())
        return f"{plural(count, 'sample')} nan or infinite where it should not be"
    share = "" if comparison.share is None else f", {small(comparison.share, 2)} of the bound"
    return f"off by at most {small(off)}, {small(ulps)} ulps{share}"
