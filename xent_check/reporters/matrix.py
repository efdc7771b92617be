"""The matrix of cases and implementations, for whoever draws it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from xent_check.casefile.case import Case
from xent_check.results.behaviour import gradient_status
from xent_check.results.report import CaseResult, Report


@dataclass(frozen=True, eq=False)
class MatrixRow:
    """A case and its result under each column, None where it was not run.

    part: empty for the losses and the verdict on the whole; `gradient` where the cells are about
    that, as if it were the losses.
    """

    case: Case
    cells: tuple[CaseResult | None, ...]
    part: str = ""


@dataclass(frozen=True, eq=False)
class Matrix:
    """Columns are implementations, in the report's order."""

    columns: tuple[str, ...]
    rows: tuple[MatrixRow, ...]

    @staticmethod
    def of(report: Report, gradients: bool = False) -> Matrix:
        """The matrix of a report. gradients: with a row of its own behind each case that has
        them."""
        present = {result.implementation for result in report.results}
        columns = tuple(name for name in report.implementations if name in present)
        cells = {(r.case.id, r.implementation): r for r in report.results}
        cases = {result.case.id: result.case for result in report.results}
        rows = [
            MatrixRow(case, tuple(cells.get((case.id, column)) for column in columns))
            for case in cases.values()
        ]
        return Matrix(columns, tuple(_with_gradients(rows) if gradients else rows))


def _with_gradients(rows: list[MatrixRow]) -> Iterator[MatrixRow]:
    for row in rows:
        yield row
        cells = tuple(result and _gradient(result) for result in row.cells)
        if any(cells):
            yield MatrixRow(row.case, cells, "gradient")


def _gradient(result: CaseResult) -> CaseResult | None:
    """The result with its gradient in place of its losses; None where there is no verdict on it."""
    status, comparison = gradient_status(result), result.comparison
    if status is None or comparison is None:
        return None
    kept = comparison.gradient
    seen = None if kept is None else replace(comparison, losses=kept)
    return replace(result, status=status, comparison=seen, behaviour=None)
