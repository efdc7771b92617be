"""Rejudging: saved answers under another tolerance. No framework, no case file."""

from __future__ import annotations

from dataclasses import replace

from xent_check.problem.evaluation import Unsupported
from xent_check.problem.tolerance import Auto, Tolerance
from xent_check.results.difference import UndecidedError
from xent_check.results.report import CaseResult, Report
from xent_check.results.verdict import gaps, verdict

from .changes import variants_of

_UNDECIDED = "not all its numbers were saved, and those that were do not decide"


def rejudge(report: Report, tolerance: Tolerance | Auto) -> Report:
    """The report with every answer judged under this tolerance. An answer without comparable
    numbers stays as it is; one saved without the numbers that would decide is `unsupported`."""
    results = tuple(
        _rejudge_result(result.without_gate, tolerance, report.strict) for result in report.results
    )
    variants = variants_of(results, report.implementations)
    stopped = report.stopped and f"{report.stopped.partition(',')[0]}, then judged again"
    return replace(
        report,
        results=results,
        variants=variants,
        gate=None,
        tolerance=tolerance,
        stopped=stopped,
    )


def _rejudge_result(result: CaseResult, tolerance: Tolerance | Auto, strict: bool) -> CaseResult:
    fields = result.case.fields.model_copy(update={"tolerance": tolerance})
    case, comparison = replace(result.case, fields=fields), result.comparison
    if comparison is None or result.case.fields.tolerance == tolerance:
        return replace(result, case=case)
    try:
        if tolerance == "auto" and comparison.bounds is None:
            raise UndecidedError
        comparison = comparison.under(tolerance)
    except UndecidedError:
        undecided = f"not judged under {tolerance}: {_UNDECIDED}; save them with run -v"
        return replace(
            result,
            case=case,
            status="unsupported",
            reason=undecided,
            evaluation=Unsupported(undecided),
            comparison=None,
            vacuous=None,
            diagnosis=None,
        )
    again = replace(result, case=case, comparison=comparison, vacuous=None)
    status, reason = verdict(again, strict)
    missing = gaps(comparison, reason or "" if status == "diverges" else "")  # no gap twice
    return replace(
        again,
        notes=tuple(dict.fromkeys([*result.notes, *missing])),
        status=status,
        reason=reason,
        diagnosis=result.diagnosis if status == "diverges" else None,
    )
