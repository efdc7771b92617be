"""The report as plain data: what the JSON reporters write. Non-finite numbers become strings."""

from __future__ import annotations

import math
import platform
import sys
from typing import Any

import numpy as np

from .. import __version__
from ..case import Auto, Tolerance
from ..comparison import Comparison, Difference
from ..evaluation import Computed, Failed
from ..outcome import behaviour, plain_explanation
from ..report import STATUSES, CaseResult, Report
from ..words import REDUCTIONS

SCHEMA = 1
MAX_SAMPLES = 1000
WORST = 20


def plain_report(report: Report) -> dict[str, Any]:
    """The whole report."""
    return {
        **plain_header(report),
        "results": [plain_result(result, report.verbose) for result in report.results],
    }


def plain_header(report: Report) -> dict[str, Any]:
    """Everything but the results."""
    return {
        "schema": SCHEMA,
        "xent_check": __version__,
        "environment": {
            "python": platform.python_version(),
            "platform": f"{sys.platform} {platform.machine()}",
            "implementations": {
                name: {"version": host.version, "device": host.device}
                for name, host in report.hosts.items()
            },
        },
        "summary": {
            "verdict": report.verdict,
            "exit_code": int(report.exit_code),
            "cases": report.cases,
            "compared": report.compared,
            **{status: report.counts[status] for status in STATUSES},
            "seconds": round(report.seconds, 3),
        },
        "warnings": list(report.warnings),
    }


def plain_result(result: CaseResult, verbose: bool) -> dict[str, Any]:
    """One result."""
    evaluation = result.evaluation
    data: dict[str, Any] = {
        "case": result.case.id,
        "implementation": result.implementation,
        "call": getattr(evaluation, "call", "") or None,
        "status": result.status,
        "reason": result.reason,
        "failure": evaluation.kind if isinstance(evaluation, Failed) else None,
        "seconds": evaluation.seconds if isinstance(evaluation, Computed) else None,
        "dtype": evaluation.dtype.name if isinstance(evaluation, Computed) else None,
        "tolerance": _tolerance(result.case.fields.tolerance),
        "printed": getattr(evaluation, "printed", "") or None,
        "notes": list(result.notes),
        "behaviour": list(behaviour(result)),
        "vacuous": result.vacuous,
        "explanation": _explanations(result),
        "gradient": None,
    }
    if result.comparison is None:
        nothing = dict.fromkeys(("max_abs_diff", "max_ulps", "worst_sample", "diverging_samples"))
        samples = int(result.reference.losses.high.size)
        return data | nothing | {"samples": samples, "losses": None, "totals": {}}
    return data | _compared(result, result.comparison, verbose)


def _tolerance(tolerance: Tolerance | Auto) -> Any:
    return tolerance.model_dump() if isinstance(tolerance, Tolerance) else tolerance


def _compared(result: CaseResult, comparison: Comparison, verbose: bool) -> dict[str, Any]:
    losses = comparison.losses
    samples = losses.actual.size
    worst = losses.worst if samples else None
    data: dict[str, Any] = {
        "max_abs_diff": plain(losses.abs_diff[worst]) if worst is not None else None,
        "max_ulps": plain(losses.ulps[worst]) if worst is not None else None,
        "worst_sample": list(worst) if worst is not None else None,
        "samples": samples,
        "diverging_samples": losses.diverging,
        "reference_radius": plain(result.reference.losses.radius.max(initial=0.0)),
        "smallest_atol": plain(comparison.smallest_atol),
        "share_of_bound": None if comparison.share is None else plain(comparison.share),
        "gradient": _gradient(comparison),
    }
    if samples <= MAX_SAMPLES or verbose:
        data["losses"] = plain(losses.actual)
        data["reference"] = plain(losses.target)
    else:
        data["worst"] = _worst(losses)
    if comparison.expected_losses is not None and (samples <= MAX_SAMPLES or verbose):
        data["expected"] = plain(comparison.expected_losses.target)
    return data | {"totals": _totals(comparison)}


def _totals(comparison: Comparison) -> dict[str, Any]:
    totals: dict[str, Any] = {}
    for name, difference in comparison.totals.items():
        totals[name] = _total(difference)
        expected = comparison.expected_totals.get(name)
        if expected is not None:
            totals[name]["expected"] = plain(expected.target)
            totals[name]["status"] = "diverges" if expected.diverging else totals[name]["status"]
    return totals | {
        name: {"status": "unsupported", "reason": reason}
        for name, reason in comparison.unsupported.items()
        if name in REDUCTIONS
    }


def _explanations(result: CaseResult) -> list[dict[str, Any]] | None:
    """The readings of a divergence's numbers, best first; empty where nothing explains them."""
    if result.diagnosis is None:
        return None
    return [plain_explanation(explanation) for explanation in result.diagnosis.explanations]


def _gradient(comparison: Comparison) -> dict[str, Any] | None:
    if "gradient" in comparison.unsupported:
        return {"status": "unsupported", "reason": comparison.unsupported["gradient"]}
    difference = comparison.gradient
    if difference is None:
        return None
    judged = comparison.expected_gradient or difference
    elements = difference.actual.size
    worst = difference.worst if elements else None
    data: dict[str, Any] = {
        "status": "diverges" if judged.diverging else "agrees",
        "max_abs_diff": plain(difference.abs_diff[worst]) if worst is not None else None,
        "max_ulps": plain(difference.ulps[worst]) if worst is not None else None,
        "worst_element": list(worst) if worst is not None else None,
        "elements": elements,
        "diverging_elements": difference.diverging,
    }
    if elements <= MAX_SAMPLES:
        data |= {"actual": plain(difference.actual), "reference": plain(difference.target)}
    return data


def _total(difference: Difference) -> dict[str, Any]:
    return {
        "actual": plain(difference.actual),
        "reference": plain(difference.target),
        "abs_diff": plain(difference.abs_diff),
        "ulps": plain(difference.ulps),
        "status": "diverges" if difference.diverging else "agrees",
    }


def _worst(losses: Difference) -> list[dict[str, Any]]:
    order = np.argsort(-losses.abs_diff.reshape(-1), kind="stable")[:WORST]
    rows = []
    for flat in order:
        index = tuple(int(i) for i in np.unravel_index(int(flat), losses.actual.shape))
        rows.append(
            {
                "sample": list(index),
                "actual": plain(losses.actual[index]),
                "reference": plain(losses.target[index]),
                "abs_diff": plain(losses.abs_diff[index]),
                "ulps": plain(losses.ulps[index]),
            }
        )
    return rows


def plain(value: Any) -> Any:
    """Numbers and arrays as JSON can say them."""
    if isinstance(value, np.ndarray) and value.ndim:
        return [plain(item) for item in value]
    number = float(value)
    if math.isfinite(number):
        return number
    return "nan" if math.isnan(number) else "inf" if number > 0 else "-inf"
