"""Each implementation's errors as shares of their bounds, for the HTML page's table and histogram.

Pure functions of a report.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xent_check.problem.dtypes import Float64s
from xent_check.results.number_text import small
from xent_check.results.report import CaseResult, Report

from .matrix import LINKED, NOT_FINITE, Ids, level


@dataclass(frozen=True, eq=False)
class Errors:
    """The errors of one implementation.

    A share is an error of a loss divided by the bound of what rounding explains, without unit.
    """

    implementation: str  # its name
    shares: Float64s  # the largest of each compared case whose errors are finite; shape (cases,)
    not_finite: int  # how many more cases have a nan or an infinity where a number is expected
    compared: int  # how many cases were compared, both kinds
    worst_case: str  # the name of the case with the largest share; "" where there is none
    worst_link: str  # the id of its details, or of its row where it has none

    @property
    def exact(self) -> int:
        """How many cases have no error."""
        return int((self.shares == 0).sum())

    @property
    def beyond(self) -> int:
        """How many cases exceed the bound."""
        return int((self.shares > 1).sum())

    @property
    def median(self) -> str:
        """The median share in two digits; "-" without one."""
        return small(float(np.median(self.shares)), 2) if self.shares.size else "-"

    @property
    def worst(self) -> str:
        """The largest share in two digits; "-" without one."""
        return small(float(self.shares.max()), 2) if self.shares.size else "-"


def errors_of(report: Report, ids: Ids) -> tuple[Errors, ...]:
    """The errors of each implementation that has some, in the report's order."""
    errors = []
    for name in dict.fromkeys(r.implementation for r in report.results):
        results = [r for r in report.results if r.implementation == name and level(r)]
        if results:
            errors.append(_errors(name, results, ids))
    order = {name: i for i, name in enumerate(report.implementations)}
    return tuple(sorted(errors, key=lambda e: order.get(e.implementation, len(order))))


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
