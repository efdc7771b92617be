"""Rejudging: saved answers under another tolerance. No framework, no case file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .case import Auto, Tolerance
from .changes import variants_of
from .comparison import Comparison
from .errors import UserError
from .expectation import REFERENCE
from .judging import judge_comparison
from .report import CaseResult, Report

_MAX_SHOWN = 10


def rejudged(report: Report, tolerance: Tolerance | Auto) -> Report:
    """Every answer under this tolerance. What had no numbers to compare stays as it was.

    UserError where a result was saved without all its numbers and those that are left do not
    decide.
    """
    undecided = [r for r in report.results if r.comparison and not _decides(r, tolerance)]
    if undecided:
        names = [f"  {r.implementation} on {r.case.id}" for r in undecided[:_MAX_SHOWN]]
        left = len(undecided) - _MAX_SHOWN
        names += [f"  and {left} more"] if left > 0 else []
        first = f"{len(undecided)} saved without all their numbers; save them with run -v"
        raise UserError("\n".join([first, *names]))
    results = tuple(_rejudged(result, tolerance) for result in report.results)
    variants = variants_of(results, report.implementations)
    return replace(report, results=results, variants=variants, gate=None)


def _decides(result: CaseResult, tolerance: Tolerance | Auto) -> bool:
    """Whether the numbers that were saved decide. Of an excerpt they do where even its worst is
    within what every number is allowed at least; the bound, where all were held against it."""
    comparison = result.comparison
    if comparison is None:
        return True
    parts = [d for d in comparison.by_reference.values() if d.excerpt is not None]
    if isinstance(tolerance, Tolerance):
        return all(float(d.abs_diff.max(initial=0.0)) <= tolerance.atol for d in parts)
    losses, share = comparison.losses, comparison.share
    if comparison.bounds is None:
        return False
    whole = comparison.gradient is None or comparison.gradient.excerpt is None
    finite = bool(np.isfinite(losses.abs_diff).all())
    return whole and (losses.excerpt is None or (finite and share is not None and share <= 1))


def _rejudged(result: CaseResult, tolerance: Tolerance | Auto) -> CaseResult:
    fields = result.case.fields.model_copy(update={"tolerance": tolerance})
    case = replace(result.case, fields=fields)
    if result.comparison is None:
        return replace(result, case=case)
    comparison = _whole(result.comparison.under(tolerance))
    if result.implementation == REFERENCE:
        pinned = comparison.agrees_with_expected
        reason = None if pinned else "the exact value is not what `expect.reference` states"
        return replace(
            result,
            case=case,
            comparison=comparison,
            status="agrees" if pinned else "diverges",
            reason=reason,
        )
    status, reason = judge_comparison(comparison, result.expectation)
    return replace(
        result,
        case=case,
        comparison=comparison,
        status=status,
        reason=reason or None,
        vacuous=None,
        diagnosis=result.diagnosis if status == "diverges" else None,
    )


def _whole(comparison: Comparison) -> Comparison:
    """Of an excerpt that decides, nothing diverges."""
    losses, gradient = comparison.losses, comparison.gradient
    if losses.excerpt is not None:
        losses = replace(losses, excerpt=replace(losses.excerpt, diverging=0))
    if gradient is not None and gradient.excerpt is not None:
        gradient = replace(gradient, excerpt=replace(gradient.excerpt, diverging=0))
    return replace(comparison, losses=losses, gradient=gradient)
