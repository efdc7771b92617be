"""How much of a run the terminal shows, and which rows of the matrix where not all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import IntEnum

from xent_check.implementations.table import IMPLEMENTATIONS
from xent_check.results.report import CaseResult, Report

from .formats import Terminal
from .matrix import Matrix, MatrixRow
from .terminal_matrix import draw

MAX_CHANGED = 20  # cases that a baseline knows otherwise, and that nothing fails for
_CHANGED = ("new", "behaviour", "inputs", "fixed", "added")
_RAN = ("agrees", "known", "diverges", "failed")


class Level(IntEnum):
    """How much of a run is shown."""

    FAILURES = -1  # what makes the run fail, and the summary
    FILES = 0  # a line for each file, and the rows of what is not as it was or should be
    MATRIX = 1  # the whole matrix
    SAMPLES = 2  # every sample of every case as well


def level_of(matrix: Matrix, terminal: Terminal) -> Level:
    """The files' lines, or where it fits the terminal the whole matrix; then by the verbosity."""
    if terminal.verbosity < 0:
        return Level.FAILURES
    fits = len(matrix.rows) <= terminal.height
    fits = fits and (not matrix.rows or len(draw(matrix, terminal).lines) <= terminal.height)
    start = Level.MATRIX if fits else Level.FILES
    return Level(min(start + terminal.verbosity, Level.SAMPLES))


def noteworthy(report: Report, matrix: Matrix) -> tuple[Matrix, int]:
    """The rows of the cases where something diverges, fails, or is not what the baseline has; and
    how many of the last are left out. The columns are those with an answer in these rows."""
    bad = {r.case.id for r in report.results if r.status in ("diverges", "failed")}
    changed: dict[str, None] = {}
    if report.gate is not None:
        bad |= {change.case for change in report.gate.failing}
        changed = dict.fromkeys(
            change.case for change in report.gate.changes if change.kind in _CHANGED
        )
    ids = {row.case.id for row in matrix.rows}
    others = [case for case in changed if case in ids and case not in bad]
    shown = bad.union(others[:MAX_CHANGED])
    rows = tuple(row for row in matrix.rows if row.case.id in shown)
    return _with_columns(matrix, rows, _present(matrix.columns, rows)), len(others[MAX_CHANGED:])


def answered(matrix: Matrix) -> Matrix:
    """The matrix without the columns of modes in which nothing ran, unless none would be left."""
    indices = [
        index
        for index, name in enumerate(matrix.columns)
        if not _is_mode(name) or any(map(_has_run, _cells(matrix.rows, index)))
    ]
    return _with_columns(matrix, matrix.rows, indices) if indices else matrix


def _present(columns: Sequence[str], rows: Sequence[MatrixRow]) -> list[int]:
    return [index for index, _ in enumerate(columns) if any(_cells(rows, index))]


def _cells(rows: Sequence[MatrixRow], index: int) -> Iterator[CaseResult | None]:
    return (row.cells[index] for row in rows)


def _has_run(result: CaseResult | None) -> bool:
    return result is not None and result.status in _RAN


def _is_mode(name: str) -> bool:
    """Whether it is a mode of one of ours, as `keras:xla` is; no function of the user's."""
    base, colon, _ = name.partition(":")
    return bool(colon) and base.partition("[")[0].partition("@")[0] in IMPLEMENTATIONS


def _with_columns(matrix: Matrix, rows: Sequence[MatrixRow], indices: Sequence[int]) -> Matrix:
    columns = tuple(matrix.columns[index] for index in indices)
    chosen = (replace(r, cells=tuple(r.cells[index] for index in indices)) for r in rows)
    return Matrix(columns, tuple(chosen))
