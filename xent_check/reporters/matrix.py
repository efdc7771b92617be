"""The matrix of cases and implementations, as every report draws it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from xent_check.casefile.case import Case
from xent_check.problem.vocabulary import GRADIENTS
from xent_check.results.behaviour import gradient_status
from xent_check.results.report import CaseResult, Report


@dataclass(frozen=True, eq=False)
class MatrixRow:
    """A case and its results."""

    case: Case  # the case
    cells: tuple[CaseResult | None, ...]  # by column; None where it was not run
    part: str = ""  # "gradient" where the cells have that in place of the losses, else ""


@dataclass(frozen=True, eq=False)
class Matrix:
    """The results by case and implementation."""

    columns: tuple[str, ...]  # implementations, in the report's order
    rows: tuple[MatrixRow, ...]  # in the report's order

    @staticmethod
    def of(report: Report, gradients: bool = False) -> Matrix:
        """The matrix of a report.

        gradients: whether a case with verdicts on gradients has a second row for them.
        """
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
    gradients = [part for name, part in comparison.by_reference.items() if name in GRADIENTS]
    diverging = (part for part in gradients if part.diverging)
    gradient = next(diverging, gradients[0] if gradients else None)
    as_losses = None if gradient is None else replace(comparison, losses=gradient, conduct={})
    return replace(result, status=status, comparison=as_losses, behaviour=None)
