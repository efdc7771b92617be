"""Verdict: the status of a comparison, and the reason for it."""

from __future__ import annotations

from dataclasses import replace

from xent_check.casefile.case import Case
from xent_check.casefile.loading import PosedCase
from xent_check.problem.dtypes import unit_roundoff
from xent_check.problem.evaluation import Computed, Evaluation, Failed, Missing, Unsupported
from xent_check.problem.expectation import REFERENCE, Expectation
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import CONDUCT_CHECKS, DEPARTURES
from xent_check.reference.reference import Reference
from xent_check.reference.truth import Truth

from .comparison import Comparison, ShapeError, compare
from .conduct import with_conduct
from .difference import Difference
from .report import CaseResult, Status
from .shape_advice import shape_advice
from .vacuity import vacuity

_AS_DECLARED = "as declared: "


def judge(
    case: Case,
    problem: Problem,
    implementation: str,
    evaluation: Evaluation,
    truth: Truth,
    expectation: Expectation | None,
    strict: bool = False,
) -> CaseResult:
    """The result of one implementation on one case, or of the reference, whose evaluation is the
    exact value. strict: a vacuous agreement diverges, and so does a result with a part that was
    asked for and not compared."""
    pinned = implementation == REFERENCE
    result = CaseResult(
        case, problem, implementation, "diverges", None, None if pinned else evaluation, None,
        truth.reference, expectation=expectation,
    )  # fmt: skip
    if isinstance(evaluation, Computed):
        result = _compared(result, problem, evaluation, truth)
    status, reason = verdict(result, strict)
    result = replace(result, status=status, reason=reason)
    return result if pinned else replace(result, notes=_notes(result, problem))


def judge_pinned(posed: PosedCase, truth: Truth) -> CaseResult | None:
    """The exact value held against each entry that states it: the first result that diverges, else
    the first; None where the case has no entry for the reference."""
    results = [
        judge(posed.case, posed.problem, REFERENCE, _answer_of(truth.reference), truth, entry)
        for entry in posed.expectations.get(REFERENCE, ())
    ]
    return min(results, key=lambda result: result.status != "diverges", default=None)


def _answer_of(reference: Reference) -> Computed:
    """The exact value as a computed answer."""
    totals = {r: total.high for r, total in reference.totals.items()}
    gradient = None if reference.gradient is None else reference.gradient.high
    by_parameters = {name: part.high for name, part in reference.by_parameters.items()}
    return Computed(
        reference.losses.high, {**totals}, "", 0.0, gradient, by_parameters=by_parameters
    )


def _compared(result: CaseResult, problem: Problem, computed: Computed, truth: Truth) -> CaseResult:
    """The result with its comparison and the wrong answers that its tolerance would accept; with a
    reason where the shapes cannot be compared."""
    fields, expectation = result.case.fields, result.expectation
    try:
        comparison = compare(
            computed,
            truth.reference,
            fields.tolerance,
            expectation,
            truth.bounds,
            problem.dtype,
            fields.asked,
        )
    except ShapeError as error:
        advice = shape_advice(computed, problem)
        return replace(result, reason="; ".join(filter(None, [str(error), advice])))
    if result.implementation == REFERENCE:
        return replace(result, comparison=comparison)
    conduct = computed.conduct
    comparison = with_conduct(comparison, problem, conduct, truth, fields.tolerance)
    decides = _deciding(comparison, expectation)
    vacuous = vacuity(problem, truth.reference, decides, computed.gradient_of).words()
    return replace(result, comparison=comparison, vacuous=vacuous)


def verdict(result: CaseResult, strict: bool) -> tuple[Status, str | None]:
    """The status and the reason of a result: by its numbers or its failure, and what the case
    declares; where it is unsupported, missing or of a wrong shape, by the reason it carries."""
    evaluation, comparison, expectation = result.evaluation, result.comparison, result.expectation
    status: Status
    if result.implementation == REFERENCE:
        return _judge_pinned(comparison)
    if isinstance(evaluation, Failed):
        status, text = _judge_failure(evaluation, expectation)
    elif comparison is not None:
        status, text = _judge_numbers(comparison, expectation, result.vacuous, strict)
    elif isinstance(evaluation, Unsupported | Missing):
        status = "unsupported" if isinstance(evaluation, Unsupported) else "missing"
        text = evaluation.reason
    else:
        message = (result.reason or "").removeprefix(_AS_DECLARED)
        if result.status == "known" and expectation is not None:
            message = expectation.error or message
        status, text = _judge_shape(message, expectation)
    return status, text or None


def _judge_pinned(comparison: Comparison | None) -> tuple[Status, str | None]:
    """The verdict on the exact value held against what `expect.reference` states."""
    if comparison is None:
        return "diverges", None
    if not comparison.agrees_with_expected:
        return "diverges", "the exact value is not what `expect.reference` states"
    if comparison.unheld:
        return "diverges", _unheld(comparison)
    return "agrees", None


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


def _judge_shape(message: str, expectation: Expectation | None) -> tuple[Status, str]:
    """The verdict on a wrong shape: `error` of an expectation may declare it, by the message."""
    if expectation is None or expectation.error is None or expectation.error not in message:
        return "diverges", message
    because = expectation.because
    return ("known", because) if because else ("agrees", f"{_AS_DECLARED}{message}")


def _judge_numbers(
    comparison: Comparison, expectation: Expectation | None, vacuous: str | None, strict: bool
) -> tuple[Status, str]:
    """The verdict on numbers; strict as in `judge`."""
    status, text = judge_comparison(comparison, expectation)
    if vacuous is not None and strict and status == "agrees":
        status, text = "diverges", vacuous
    if strict and comparison.gaps and status != "diverges":
        status, text = "diverges", "; ".join(gaps(comparison))
    return status, text


def judge_comparison(comparison: Comparison, expectation: Expectation | None) -> tuple[Status, str]:
    """The status and the reason of numbers and conduct held against the reference and the
    expectation. What a further check finds diverges, unless the case declares it; so does what it
    declares and the check does not find."""
    declared = () if expectation is None else expectation.conduct
    found = [d.id for d in comparison.departures]
    wrong = [d.sentence for d in comparison.departures if d.id not in declared or d.beyond]
    for name in declared:
        check = CONDUCT_CHECKS[DEPARTURES.index(name)]
        if check in comparison.unsupported:
            wrong.append(f"`expect` states {name}, not compared: {comparison.unsupported[check]}")
        elif name not in found:
            wrong.append(f"its declared {name} no longer happens; remove it from `conduct`")
    status, text = _judge_parts(comparison, expectation)
    if not wrong:
        return status, text
    return "diverges", "; ".join([*wrong, *([text] if text and status == "diverges" else [])])


def _judge_parts(comparison: Comparison, expectation: Expectation | None) -> tuple[Status, str]:
    """The status and the reason of the numbers; where they are right and conduct is declared, that
    makes them known.

    A divergence in one part decides, whatever other parts were not compared. A part that is stated
    and was not given diverges too: else its `expect` would never be checked. Where no number of
    the parts asked for was compared, the status is `unsupported`.
    """
    if expectation is None:
        if not comparison.agrees_with_reference:
            return "diverges", ""
        return ("agrees", "") if comparison.compared else _nothing_compared(comparison)
    if expectation.error is not None:
        return "diverges", f"gave numbers; expected an error containing {expectation.error!r}"
    if not comparison.agrees_with_expected:
        return "diverges", "not what `expect` states for it"
    if comparison.unheld:
        return "diverges", _unheld(comparison)
    if not comparison.compared:
        return _nothing_compared(comparison)
    if expectation.because is None:
        return ("agrees", "") if comparison.agrees_with_reference else ("diverges", "")
    if comparison.agrees_with_reference and not expectation.conduct:
        text = "agrees with the reference: its declared divergence no longer happens"
        return "diverges", f"{text}; remove the `because` ({expectation.because})"
    return "known", expectation.because


def _deciding(comparison: Comparison, expectation: Expectation | None) -> dict[str, Difference]:
    """Each part against the target that decides its verdict: for a known divergence the numbers
    stated, else the reference."""
    if expectation is None or expectation.because is None:
        return comparison.by_reference
    return {**comparison.by_reference, **comparison.by_expectation}


def _nothing_compared(comparison: Comparison) -> tuple[Status, str]:
    return "unsupported", "; ".join(gaps(comparison)) or "there is no number to compare"


def gaps(comparison: Comparison, text: str = "") -> tuple[str, ...]:
    """A sentence for each reason why parts were not compared that were asked for or stated, without
    those parts that `text` says already."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in comparison.gaps.items():
        if name not in text or f"not compared: {reason}" not in text:
            by_reason.setdefault(reason, []).append(name)
    return tuple(f"{', '.join(names)} not compared: {why}" for why, names in by_reason.items())


def _unheld(comparison: Comparison) -> str:
    """The numbers stated for parts that were not given, and why those were not."""
    parts = []
    for name, numbers in comparison.unheld.items():
        text = _one_line(str(numbers.values.tolist()), 40)
        parts.append(f"{name} {text}, not compared: {comparison.unsupported[name]}")
    return f"`expect` states {'; and '.join(parts)}"


def _notes(result: CaseResult, problem: Problem) -> tuple[str, ...]:
    """The notes on a result: gaps, doubts, printed text."""
    evaluation, comparison, notes = result.evaluation, result.comparison, list[str]()
    if isinstance(evaluation, Unsupported) and result.expectation is not None:
        notes.append("an expectation stands for it, and it is unsupported")
    if comparison is not None:
        reason = result.reason or "" if result.status == "diverges" else ""
        notes += [*_doubts(problem, comparison), *gaps(comparison, reason)]
    notes += getattr(evaluation, "notes", ())
    printed = getattr(evaluation, "printed", "")
    if printed:
        text = _one_line(printed)
        rest = " (all of it is in `--report json`)" if text.endswith("...") else ""
        notes.append(f"it printed to stdout: {text}{rest}")
    return tuple(notes)


def _doubts(problem: Problem, comparison: Comparison) -> list[str]:
    """Notes on a wide radius of the reference, and on dtypes that the case does not ask for."""
    notes = []
    if comparison.wide_radius:
        notes.append("the reference is known less well than 1/1024 ulp of the computed dtype")
    names_by_dtype: dict[str, list[str]] = {}
    for name, part in comparison.by_reference.items():
        if part.dtype != problem.dtype:
            names_by_dtype.setdefault(part.dtype, []).append(name)
    for dtype, names in names_by_dtype.items():
        clause = "it computed" if "losses" in names else f"it gave the {', '.join(names)}"
        finer = min(dtype, problem.dtype, key=unit_roundoff)
        notes.append(f"asked for {problem.dtype}, {clause} in {dtype}; an ulp is one of {finer}")
    return notes


def _one_line(text: str, width: int = 80) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 3]}..."
