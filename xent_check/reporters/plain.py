"""The report as plain data: what the JSON reporters write, and what saved.py reads again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from ..change import Change, Gate, Variants
from ..durations import plain_durations
from ..evaluation import Computed, Failed
from ..outcome import behaviour, label_text, plain_explanation
from ..report import STATUSES, CaseResult, Report, selection_digest
from ..tolerance import Auto, Tolerance
from .plain_numbers import MAX_NUMBERS, plain, plain_gradient, plain_losses, plain_totals

SCHEMA = 1


def plain_report(report: Report) -> dict[str, Any]:
    """The whole report."""
    return {
        **plain_header(report),
        "cases": plain_cases(report),
        "results": [plain_result(result, report.verbose) for result in report.results],
    }


def plain_header(report: Report) -> dict[str, Any]:
    """Everything but the cases and the results."""
    return {
        "schema": SCHEMA,
        "xent_check": report.version,
        "environment": {
            "python": report.python,
            "platform": report.machine,
            "implementations": {name: asdict(host) for name, host in report.hosts.items()},
        },
        "summary": {
            "verdict": report.verdict,
            "exit_code": int(report.exit_code),
            "cases": report.cases,
            "compared": report.compared,
            **{status: report.counts[status] for status in STATUSES},
            "gone_cases": 0 if report.gate is None else report.gate.gone_cases,
            "gone_implementations": list(report.gate.gone_implementations) if report.gate else [],
            "seconds": round(report.seconds, 3),
        },
        "run": {
            "implementations": list(report.implementations),
            "absent": list(report.absent),
            "stopped": report.stopped,
            "verbose": report.verbose,
            "shard": None if report.shard is None else asdict(report.shard),
            "scope": asdict(report.scope),
            "selection": selection_digest(report.asked),
            "strict": report.strict,
            "tolerance": None if report.tolerance is None else _tolerance(report.tolerance),
        },
        "baseline": None if report.gate is None else plain_gate(report.gate),
        "variants": [plain_variants(variants) for variants in report.variants],
        "warnings": list(report.warnings),
        "durations": plain_durations(report),
    }


def plain_gate(gate: Gate) -> dict[str, Any]:
    """What changed against the baseline; what did not is counted."""
    return {
        "file": gate.file,
        "fail_on": list(gate.fail_on),
        "notes": list(gate.notes),
        "same": gate.same,
        "matched": gate.matched,
        "left_out": gate.left_out,
        "gone_cases": gate.gone_cases,
        "gone_implementations": list(gate.gone_implementations),
        "changes": [plain_change(change, change in gate.failing) for change in gate.changes],
    }


def plain_variants(variants: Variants) -> dict[str, Any]:
    """What changed from one column to the other; what did not is counted."""
    changed = [change for change in variants.changes if change.kind != "same"]
    return {
        "before": variants.before,
        "after": variants.after,
        "same": len(variants.changes) - len(changed),
        "changes": [plain_change(change, False) for change in changed],
    }


def plain_change(change: Change, fails: bool) -> dict[str, Any]:
    """One change."""
    numbers = ("ulps", "share_before", "share_after")
    data = asdict(change)
    return (
        data | {k: None if data[k] is None else plain(data[k]) for k in numbers} | {"fails": fails}
    )


def plain_cases(report: Report) -> list[dict[str, Any]]:
    """Of each case that was to be answered: the line, the digest of its problem, who was to answer,
    and the labels as text by sample."""
    firsts = {result.case.id: result for result in reversed(report.results)}
    return [
        asdict(asked) | {"labels": _labels(firsts[asked.case]) if asked.case in firsts else None}
        for asked in report.asked
    ]


def _labels(result: CaseResult) -> list[list[Any]] | None:
    """Pairs of a sample and its label; None where there are too many."""
    problem, known = result.problem, result.labels
    if problem is None:
        return [[list(index), label] for index, label in known.items()] or None
    if np.prod(problem.samples_shape) > MAX_NUMBERS:
        return None
    indices = np.ndindex(*problem.samples_shape)
    return [[list(index), label_text(problem, index)] for index in indices] or None


def plain_result(result: CaseResult, verbose: bool) -> dict[str, Any]:
    """One result."""
    evaluation, comparison = result.evaluation, result.comparison
    failed = evaluation if isinstance(evaluation, Failed) else None
    data: dict[str, Any] = {
        "case": result.case.id,
        "implementation": result.implementation,
        "call": getattr(evaluation, "call", "") or None,
        "status": result.status,
        "reason": result.reason,
        "ungated": None if result.ungated is None else asdict(result.ungated),
        "required": result.required,
        "failure": failed and failed.kind,
        "message": failed and failed.message,
        "seconds": evaluation.seconds if isinstance(evaluation, Computed) else None,
        "dtype": evaluation.dtype.name if isinstance(evaluation, Computed) else None,
        "tolerance": _tolerance(result.case.fields.tolerance),
        "expect": _expect(result),
        "printed": getattr(evaluation, "printed", "") or None,
        "notes": list(result.notes),
        "behaviour": list(behaviour(result)),
        "vacuous": result.vacuous,
        "explanation": _explanations(result),
        "gradient": None,
    }
    if comparison is None:
        nothing = dict.fromkeys(("max_abs_diff", "max_ulps", "worst_sample", "diverging_samples"))
        samples = int(result.reference.losses.high.size)
        return data | nothing | {"samples": samples, "losses": None, "totals": {}}
    return data | {
        "dtype": comparison.losses.dtype,
        "asked_dtype": comparison.losses.asked or None,
        "asked": sorted(comparison.asked),
        **plain_losses(comparison, verbose),
        "reference_radius": plain(result.reference.losses.radius.max(initial=0.0)),
        "gradient": plain_gradient(comparison),
        "totals": plain_totals(comparison),
    }


def _tolerance(tolerance: Tolerance | Auto) -> Any:
    return asdict(tolerance) if isinstance(tolerance, Tolerance) else tolerance


def _expect(result: CaseResult) -> dict[str, Any] | None:
    """What the case declares of it, beside numbers."""
    expectation = result.expectation
    if expectation is None:
        return None
    return {"because": expectation.because, "error": expectation.error}


def _explanations(result: CaseResult) -> list[dict[str, Any]] | None:
    """The readings of a divergence's numbers, best first; empty where nothing explains them."""
    if result.diagnosis is None:
        return None
    return [plain_explanation(explanation) for explanation in result.diagnosis.explanations]
