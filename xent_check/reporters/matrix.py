"""The matrix of cases and implementations, for whoever draws it."""

from __future__ import annotations

from dataclasses import dataclass

from ..case import Case
from ..report import CaseResult, Report


@dataclass(frozen=True, eq=False)
class MatrixRow:
    """A case and its result under each column, None where it was not run."""

    case: Case
    cells: tuple[CaseResult | None, ...]


@dataclass(frozen=True, eq=False)
class Matrix:
    """Columns are implementations, in the report's order."""

    columns: tuple[str, ...]
    rows: tuple[MatrixRow, ...]

    @staticmethod
    def of(report: Report) -> Matrix:
        """The matrix of a report."""
        present = {result.implementation for result in report.results}
        columns = tuple(name for name in report.implementations if name in present)
        cells = {(r.case.id, r.implementation): r for r in report.results}
        cases = {result.case.id: result.case for result in report.results}
        rows = tuple(
            MatrixRow(case, tuple(cells.get((case.id, column)) for column in columns))
            for case in cases.values()
        )
        return Matrix(columns, rows)
