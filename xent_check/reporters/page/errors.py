"""Each implementation's errors as shares of what rounding explains: the numbers of the HTML page's
table and histogram. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xent_check.problem.dtypes import Float64s
from xent_check.results.number_text import small
from xent_check.results.report import CaseResult, Report

from .matrix import LINKED, NOT_FINITE, Ids, level


@dataclass(frozen=True, eq=False)
class Errors:
    """Of one implementation. shares: the finite ones, one for each compared case; not_finite:
    further cases with a nan or an infinity where there should be none."""

    implementation: str
    shares: Float64s
    not_finite: int
    compared: int
    worst_case: str
    worst_link: str

    @property
    def exact(self) -> int:
        return int((self.shares == 0).sum())

    @property
    def beyond(self) -> int:
        """How many exceed what rounding explains."""
        return int((self.shares > 1).sum())

    @property
    def median(self) -> str:
        return small(float(np.median(self.shares)), 2) if self.shares.size else "-"

    @property
    def worst(self) -> str:
        return small(float(self.shares.max()), 2) if self.shares.size else "-"


def errors_of(report: Report, ids: Ids) -> tuple[Errors, ...]:
    """Of every implementation with an error measured, in the report's order."""
    made = []
    for name in dict.fromkeys(r.implementation for r in report.results):
        results = [r for r in report.results if r.implementation == name and level(r)]
        if results:
            made.append(_errors(name, results, ids))
    order = {name: i for i, name in enumerate(report.implementations)}
    return tuple(sorted(made, key=lambda e: order.get(e.implementation, len(order))))


def _errors(name: str, results: list[CaseResult], ids: Ids) -> Errors:
    measured = [
        (r.comparison.share, r)
        for r in results
        if level(r) != NOT_FINITE and r.comparison is not None and r.comparison.share is not None
    ]
    worst = max(measured, key=lambda pair: pair[0])[1] if measured else None
    link = ""
    if worst is not None:
        link = ids.result(worst) if worst.status in LINKED else ids.case(worst.case.id)
    return Errors(
        name,
        np.array([share for share, _ in measured]),
        len(results) - len(measured),
        len(results),
        "" if worst is None else worst.case.name,
        link,
    )
