"""What implementations do that is more than numbers: the HTML page's matrix of behaviours. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xent_check.results.behaviour import behaviour
from xent_check.results.difference import classes
from xent_check.results.report import CaseResult, Report

from ..matrix import Matrix, MatrixRow
from .matrix import LINKED, Ids

USUAL = {"value", "zero"}
NUMBERS = USUAL | {"nan", "inf", "-inf"}


@dataclass(frozen=True)
class Behaviour:
    """A cell: what it did; kind: "special" for nan and infinities, "error", or ""."""

    text: str
    kind: str
    link: str


@dataclass(frozen=True)
class BehaviourLine:
    """A case, what the exact losses are, and what each implementation gave."""

    case: str
    file: str
    case_link: str
    exact: str
    cells: tuple[Behaviour, ...]


@dataclass(frozen=True)
class Behaviours:
    """Cases in which something did more than give numbers, and the columns that answered one."""

    columns: tuple[str, ...]
    lines: tuple[BehaviourLine, ...]


def behaviours_of(report: Report, ids: Ids) -> Behaviours:
    """The matrix."""
    matrix = Matrix.of(report)
    rows = [row for row in matrix.rows if any(_unusual(r) for r in row.cells)]
    kept = [i for i in range(len(matrix.columns)) if any(_did(row.cells[i]) for row in rows)]
    lines = tuple(
        BehaviourLine(
            row.case.name,
            row.case.shown,
            ids.case(row.case.id),
            _exact(row),
            tuple(_behaviour(row.cells[i], ids) for i in kept),
        )
        for row in rows
    )
    return Behaviours(tuple(matrix.columns[i] for i in kept), lines)


def _did(result: CaseResult | None) -> tuple[str, ...]:
    return () if result is None or result.evaluation is None else behaviour(result)


def _unusual(result: CaseResult | None) -> bool:
    return not set(_did(result)) <= USUAL


def _behaviour(result: CaseResult | None, ids: Ids) -> Behaviour:
    did = _did(result)
    if result is None or not did:
        return Behaviour("", "", "")
    kind = "" if set(did) <= USUAL else "special" if set(did) <= NUMBERS else "error"
    link = ids.result(result) if result.status in LINKED else ""
    return Behaviour(" ".join(did), kind, link)


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
    """Without how many of each."""
    return " ".join(part.split()[0] for part in text.split(", ")) if text != "no numbers" else ""
