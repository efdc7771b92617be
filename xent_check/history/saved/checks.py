"""Saved checks: the parts of a saved run must agree with each other.

A file is not signed: whoever changes all that depends on a number can make another run of it. A
change in one place contradicts the others.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np

from xent_check.problem.dtypes import Float64s
from xent_check.problem.expectation import REFERENCE
from xent_check.problem.tolerance import Auto, Tolerance
from xent_check.problem.vocabulary import CONDUCT_CHECKS
from xent_check.results.change import BAD
from xent_check.results.comparison import Comparison
from xent_check.results.report import CaseResult, Report

from .schema import Document

_SAME = 1e-9  # rtol of two references, which on two machines may differ within their radii


class ContradictionError(Exception):
    """Raised where a saved run states what it cannot have seen."""


def check_answers(saved: Document) -> None:
    """ContradictionError unless every answer that was asked for is there once, and no other. Where
    the run was stopped, answers may be missing."""
    asked = Counter((c.case, name) for c in saved.cases for name in c.implementations)
    answers = Counter((r.case, r.implementation) for r in saved.results)
    if len({c.case for c in saved.cases}) < len(saved.cases):
        raise ContradictionError("cases: one is repeated")
    for case, name in answers - asked:
        raise ContradictionError(f"results: {name} on {case}, which was not asked for")
    bad = sum((r.ungated or r).status in BAD for r in saved.results)
    stopped = re.fullmatch(r"stopped after (\d+)", saved.run.stopped or "")
    if stopped is not None and bad < int(stopped[1]):
        raise ContradictionError(f"run.stopped: {stopped[0]}, but only {bad} failed or diverged")
    if saved.run.stopped is None:
        for case, name in asked - answers:
            raise ContradictionError(f"results: no answer of {name} on {case}")


def check_agreement(report: Report) -> None:
    """ContradictionError where results of one case do not agree about the case: the parts that it
    asks for, its tolerance, the exact values."""
    parts = {asked.case: set(asked.parts) for asked in report.asked}
    tolerances: dict[str, Tolerance | Auto] = {}
    references: dict[tuple[str, str], tuple[Float64s, float]] = {}
    for r in report.results:
        case, who, tolerance = r.case.id, f"{r.implementation} on {r.case.id}", _tolerance(r)
        first = report.tolerance or tolerances.setdefault(case, tolerance)
        if tolerance != first:
            raise ContradictionError(f"{who}: tolerance {tolerance}, and {first} elsewhere")
        if r.comparison is None:
            continue
        asked, made = parts[case], r.comparison.conduct
        absent = asked - {*r.comparison.by_reference, *r.comparison.unsupported, *made}
        absent -= {*CONDUCT_CHECKS} if r.implementation == REFERENCE else set()
        if r.implementation != REFERENCE:
            absent |= asked ^ r.comparison.asked
        if absent:
            names = ", ".join(sorted(absent))
            why = "asked for but absent, or present but not asked for"
            raise ContradictionError(f"{who}: {names}: {why}")
        radius = float(r.reference.losses.radius.max(initial=0.0))
        for part, number in _references(r.comparison):
            before, other = references.setdefault((case, part), (number, radius))
            if not _agree(before, number, radius + other):
                why = f"its reference of the {part} differs from other results'"
                raise ContradictionError(f"{who}: {why}")


def _tolerance(result: CaseResult) -> Tolerance | Auto:
    tolerance: Tolerance | Auto = result.case.fields.tolerance
    return tolerance


def _references(comparison: Comparison) -> Iterator[tuple[str, Float64s]]:
    """The exact values by part; those of an excerpt by part and place."""
    for part, difference in comparison.by_reference.items():
        if difference.excerpt is None:
            yield part, difference.target
        else:
            for place, number in zip(difference.excerpt.indices, difference.target, strict=True):
                yield f"{part} at {list(place)}", np.asarray(number)


def _agree(first: Float64s, second: Float64s, radius: float) -> bool:
    if first.shape != second.shape:
        return False
    return bool(np.isclose(first, second, rtol=_SAME, atol=radius, equal_nan=True).all())
