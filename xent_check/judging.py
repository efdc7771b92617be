"""Judging: a comparison becomes a status and a reason."""

from __future__ import annotations

from .case import Case
from .comparison import Comparison, ShapeError, compare
from .evaluation import Computed, Evaluation, Failed, Missing, Unsupported
from .expectation import REFERENCE, Expectation
from .problem import Problem
from .reference import Reference
from .report import CaseResult, Status


def judge(
    case: Case,
    problem: Problem,
    implementation: str,
    evaluation: Evaluation,
    reference: Reference,
    expectation: Expectation | None,
) -> CaseResult:
    """The result of one implementation on one case."""
    comparison: Comparison | None = None
    notes: tuple[str, ...] = ()
    status: Status
    match evaluation:
        case Missing(reason):
            status, text = "missing", reason
        case Unsupported(reason):
            status, text = "unsupported", reason
            if expectation is not None:
                notes = ("an expectation stands for it, and it is unsupported",)
        case Failed():
            status, text = _judge_failure(evaluation, expectation)
        case Computed():
            try:
                comparison = compare(evaluation, reference, case.fields.tolerance, expectation)
            except ShapeError as error:
                status, text = "diverges", str(error)
            else:
                status, text = _judge_comparison(comparison, expectation)
                notes = _notes(comparison)
    printed = getattr(evaluation, "printed", "")
    if printed:
        notes = (*notes, f"it printed to stdout: {_one_line(printed)}")
    return CaseResult(
        case,
        problem,
        implementation,
        status,
        text or None,
        evaluation,
        comparison,
        reference,
        notes,
    )


def _judge_failure(failed: Failed, expectation: Expectation | None) -> tuple[Status, str]:
    message = f"{failed.message}"
    if failed.kind != "error" or expectation is None:
        return "failed", message
    if expectation.error is None:
        return "failed", f"{message}; numbers were expected"
    if expectation.error in failed.message:
        because = expectation.because
        return ("known", because) if because else ("agrees", f"raises as declared: {message}")
    return "diverges", f"raised {message!r}; expected an error containing {expectation.error!r}"


def _judge_comparison(
    comparison: Comparison, expectation: Expectation | None
) -> tuple[Status, str]:
    if expectation is None:
        return ("agrees", "") if comparison.agrees_with_reference else ("diverges", "")
    if expectation.error is not None:
        return "diverges", f"gave numbers; expected an error containing {expectation.error!r}"
    if not comparison.agrees_with_expected:
        return "diverges", "not what `expect` states for it"
    if expectation.because is None:
        return ("agrees", "") if comparison.agrees_with_reference else ("diverges", "")
    if comparison.agrees_with_reference:
        gone = "agrees with the reference: its declared divergence no longer happens"
        return "diverges", f"{gone}; remove the `because` ({expectation.because})"
    return "known", expectation.because


def _notes(comparison: Comparison) -> tuple[str, ...]:
    if comparison.wide_radius:
        return ("the reference is known less well than 1/1024 ulp of the computed dtype",)
    return ()


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:77]}..."


def judge_reference(
    case: Case, problem: Problem, reference: Reference, expectation: Expectation
) -> CaseResult:
    """The pinned reference: published numbers held against the exact ones."""
    stored = {r: total.high for r, total in reference.totals.items()}
    computed = Computed(reference.losses.high, {**stored}, call="", seconds=0.0)
    comparison = compare(computed, reference, case.fields.tolerance, expectation)
    pinned = comparison.agrees_with_expected
    reason = None if pinned else "the exact value is not what `expect.reference` states"
    status: Status = "agrees" if pinned else "diverges"
    return CaseResult(case, problem, REFERENCE, status, reason, None, comparison, reference)
