"""The report as plain data: what the JSON reporters write. Non-finite numbers become strings."""

from __future__ import annotations

import math
import platform
import sys
from typing import Any

import numpy as np

from .. import __version__
from ..comparison import Comparison, Difference
from ..evaluation import Computed, Failed
from ..report import STATUSES, CaseResult, Report
from ..words import Reduction

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
        "tolerance": result.case.fields.tolerance.model_dump(),
        "printed": getattr(evaluation, "printed", "") or None,
        "notes": list(result.notes),
        "gradient": None,
    }
    if result.comparison is None:
        reference = result.reference.losses.high
        return data | {"samples": int(reference.size), "losses": None, "totals": {}}
    return data | _compared(result.comparison, verbose)


def _compared(comparison: Comparison, verbose: bool) -> dict[str, Any]:
    losses = comparison.losses
    samples = losses.actual.size
    worst = losses.worst if samples else None
    data: dict[str, Any] = {
        "max_abs_diff": plain(losses.abs_diff[worst]) if worst is not None else None,
        "max_ulps": plain(losses.ulps[worst]) if worst is not None else None,
        "worst_sample": list(worst) if worst is not None else None,
        "samples": samples,
        "diverging_samples": losses.diverging,
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
    unsupported: dict[Reduction, str] = comparison.unsupported_totals
    return totals | {
        name: {"status": "unsupported", "reason": reason} for name, reason in unsupported.items()
    }


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
