"""The HTML page's matrix of behaviours: the cases in which something gave nan, inf or an error.

Pure functions of a report.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xent_check.results.behaviour import behaviour
from xent_check.results.difference import classes
from xent_check.results.report import CaseResult, Report

from ..matrix import Matrix, MatrixRow
from .matrix import LINKED, Ids

USUAL = {"value", "zero"}  # the kinds of finite numbers
NUMBERS = USUAL | {"nan", "inf", "-inf"}  # every kind that is not a failure


@dataclass(frozen=True)
class Behaviour:
    """A cell of the matrix."""

    text: str  # the kinds of the losses, or of the failure; "" where nothing was computed
    kind: str  # "special" for nan and infinities, "error" for a failure, or ""
    link: str  # the id of the result's details; "" where it has none


@dataclass(frozen=True)
class BehaviourLine:
    """A row of the matrix: a case."""

    case: str  # its name
    file: str  # the path of its file
    case_link: str  # the id of its row in the matrix of verdicts
    exact: str  # the kinds of the exact losses
    cells: tuple[Behaviour, ...]  # by column


@dataclass(frozen=True)
class Behaviours:
    """The matrix: the cases in which a behaviour is more than finite numbers."""

    columns: tuple[str, ...]  # the implementations that answered one of them
    lines: tuple[BehaviourLine, ...]  # a row for each case


def behaviours_of(report: Report, ids: Ids) -> Behaviours:
    """The matrix of behaviours of a report."""
    matrix = Matrix.of(report)
    rows = [row for row in matrix.rows if any(_unusual(r) for r in row.cells)]
    columns = [
        i for i in range(len(matrix.columns)) if any(_kinds_of(row.cells[i]) for row in rows)
    ]
    lines = tuple(
        BehaviourLine(
            row.case.name,
            row.case.shown,
            ids.case(row.case.id),
            _exact(row),
            tuple(_behaviour(row.cells[i], ids) for i in columns),
        )
        for row in rows
    )
    return Behaviours(tuple(matrix.columns[i] for i in columns), lines)


def _kinds_of(result: CaseResult | None) -> tuple[str, ...]:
    return () if result is None or result.evaluation is None else behaviour(result)


def _unusual(result: CaseResult | None) -> bool:
    return not set(_kinds_of(result)) <= USUAL


def _behaviour(result: CaseResult | None, ids: Ids) -> Behaviour:
    kinds = _kinds_of(result)
    if result is None or not kinds:
        return Behaviour("", "", "")
    kind = "" if set(kinds) <= USUAL else "special" if set(kinds) <= NUMBERS else "error"
    link = ids.result(result) if result.status in LINKED else ""
    return Behaviour(" ".join(kinds), kind, link)


def _exact(row: MatrixRow) -> str:
    """The kinds of the exact losses; "" where a saved report has only some of them."""
    results: Iterable[CaseResult] = [r for r in row.cells if r is not None]
    for result in results:
        if result.problem is not None:
            return _kinds(classes(result.reference.losses.high))
        if result.comparison is not None and result.comparison.losses.excerpt is None:
            return _kinds(classes(result.comparison.losses.target))
    return ""


def _kinds(text: str) -> str:
    """The kinds of `text` without their counts."""
    return " ".join(part.split()[0] for part in text.split(", ")) if text != "no numbers" else ""
