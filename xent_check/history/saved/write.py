"""A report as JSON. `**vars(object)` fills the fields of a model that have the same names."""

from __future__ import annotations

from typing import Any

import numpy as np

from xent_check.diagnosis.diagnosis import Explanation
from xent_check.problem.evaluation import Computed, Failed
from xent_check.problem.expectation import Expectation
from xent_check.results.behaviour import behaviour, label_text
from xent_check.results.change import Change, GateResult, Variants
from xent_check.results.durations import slowest, time_parts
from xent_check.results.report import STATUSES, Asked, CaseResult, Report, selection_digest

from . import schema as form
from .parts import MAX_NUMBERS
from .results import AnyResult, NotCompared, SavedExpectation, SavedExplanation
from .write_numbers import saved_gradients, saved_numbers


def plain_report(report: Report) -> dict[str, Any]:
    """The whole document."""
    return saved_header(report).plain() | {"results": plain_results(report)}


def plain_results(report: Report) -> list[dict[str, Any]]:
    """The results; in JSON Lines each is a document."""
    return [saved_result(result, report.verbose).plain() for result in report.results]


def saved_header(report: Report) -> form.Header:
    """Everything but the results."""
    gate = report.gate
    summary = form.Summary(
        verdict=report.verdict,
        exit_code=int(report.exit_code),
        cases=report.cases,
        compared=report.compared,
        **{status: report.counts[status] for status in STATUSES},
        gone_cases=0 if gate is None else gate.gone_cases,
        gone_implementations=() if gate is None else gate.gone_implementations,
        seconds=report.seconds,
    )
    return form.Header(
        schema=form.SCHEMA,
        xent_check=report.version,
        environment=form.Environment(
            python=report.python, platform=report.machine, implementations=report.hosts
        ),
        summary=summary,
        run=form.Run(**vars(report), selection=selection_digest(report.asked)),
        baseline=None if gate is None else _gate(gate),
        variants=tuple(_variants(variants) for variants in report.variants),
        warnings=report.warnings,
        origin=report.origin,
        durations=_durations(report) if report.durations else None,
        cases=_cases(report),
    )


def _gate(gate: GateResult) -> form.Gate:
    changes = tuple(saved_change(change, change in gate.failing) for change in gate.changes)
    return form.Gate(**vars(gate) | {"changes": changes})


def _variants(variants: Variants) -> form.Variants:
    changed = tuple(saved_change(c, False) for c in variants.changes if c.kind != "same")
    same = len(variants.changes) - len(changed)
    return form.Variants(**vars(variants) | {"same": same, "changes": changed})


def saved_change(change: Change, fails: bool) -> form.Change:
    """One change; fails: whether the rules make it fail."""
    return form.Change(**vars(change), fails=fails)


def _durations(report: Report) -> form.Durations:
    def share(seconds: float) -> float:
        return seconds / report.seconds if report.seconds else 0.0

    parts = (
        form.TimePart(
            what=part.activity,
            process=part.process or None,
            seconds=part.seconds,
            share=share(part.seconds),
        )
        for part in time_parts(report)
    )
    waits = (form.Wait(**vars(wait), share=share(wait.seconds)) for wait in slowest(report))
    return form.Durations(parts=tuple(parts), slowest=tuple(waits))


def _cases(report: Report) -> tuple[form.Case, ...]:
    firsts = {result.case.id: result for result in reversed(report.results)}
    return tuple(_case(asked, firsts.get(asked.case)) for asked in report.asked)


def _case(asked: Asked, first: CaseResult | None) -> form.Case:
    """A case, with what its file says of it where it has a result."""
    if first is None:
        return form.Case(**vars(asked), labels=None)
    fields = first.case.fields
    return form.Case(
        **vars(asked),
        labels=_labels(first),
        description=fields.description or None,
        source=fields.source or None,
        tags=tuple(fields.tags) or None,
    )


def _labels(result: CaseResult) -> tuple[tuple[tuple[int, ...], str], ...] | None:
    """Pairs of a sample's indices and its label as text; None where there are none or too many."""
    problem = result.problem
    if problem is None:
        return tuple(result.labels.items()) or None
    if np.prod(problem.samples_shape) > MAX_NUMBERS:
        return None
    indices = np.ndindex(*problem.samples_shape)
    return tuple((index, label_text(problem, index)) for index in indices) or None


def saved_result(result: CaseResult, verbose: bool) -> AnyResult:
    """One result. verbose: with every number that is known."""
    evaluation, comparison = result.evaluation, result.comparison
    failed = evaluation if isinstance(evaluation, Failed) else None
    computed = evaluation if isinstance(evaluation, Computed) else None
    diagnosis = result.diagnosis
    common: dict[str, Any] = {
        "case": result.case.id,
        "implementation": result.implementation,
        "status": result.status,
        "reason": result.reason,
        "ungated": result.ungated,
        "required": result.required,
        "notes": result.notes,
        "vacuous": result.vacuous,
        "call": getattr(evaluation, "call", "") or None,
        "failure": failed and failed.kind,
        "message": failed and failed.message,
        "seconds": computed and computed.seconds,
        "tolerance": result.case.fields.tolerance,
        "expect": _expectation(result.expectation),
        "printed": getattr(evaluation, "printed", "") or None,
        "behaviour": behaviour(result),
        "explanation": diagnosis and tuple(map(saved_explanation, diagnosis.reasons)),
        "gradient": comparison and saved_gradients(comparison),
    }
    if comparison is not None:
        radius = float(result.reference.losses.radius.max(initial=0.0))
        return saved_numbers(common, comparison, radius, verbose)
    dtype = None if computed is None else computed.dtype.name
    traceback = failed.traceback or None if failed is not None else None
    samples = result.reference.losses.high.size
    return NotCompared(**common, dtype=dtype, samples=samples, traceback=traceback)


def _expectation(e: Expectation | None) -> SavedExpectation | None:
    if e is None:
        return None
    return SavedExpectation(because=e.because, error=e.error, conduct=e.conduct or None)


def saved_explanation(e: Explanation) -> SavedExplanation:
    """One explanation of a divergence; a residual that is not finite is inf."""
    residual = e.max_abs_residual if np.isfinite(e.max_abs_residual) else np.inf
    ids = e.ids if len(e.ids) > 1 else None
    return SavedExplanation(**vars(e) | {"id": e.id, "ids": ids, "max_abs_residual": residual})
