"""Alarms: each answer that makes a run fail, in words. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xent_check.results.change import Change, GateResult
from xent_check.results.report import CaseResult, Report

from .sentences import finding, sentence

_WORST = (
    "diverges", "new", "behaviour", "inputs", "failed", "missing", "drifted", "added", "removed",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Alarm:
    """One answer that makes a run fail."""

    kind: str
    """`diverges`, `failed` or `missing`; for what only a baseline forbids, the kind of change"""
    sentence: str
    """what is wrong, in words"""
    case: str
    """its id; "" for a required implementation that is not installed and on no case"""
    implementation: str
    """its name, as reports have it"""
    result: CaseResult | None = None
    """None for that implementation, and for an answer that only the baseline has"""
    change: Change | None = None
    """the change that `fail_on` makes fail"""


def alarms_of(report: Report) -> tuple[Alarm, ...]:
    """The alarms in the order of the results, those without a result last. Empty where the run
    succeeds or compared nothing; under a baseline only divergences in `failing` are alarms."""
    gate = report.gate
    failing = {} if gate is None else {(c.case, c.implementation): c for c in gate.failing}
    alarms = []
    for result in report.results:
        change = failing.pop((result.case.id, result.implementation), None)
        alarm = _alarm(result, change, gate)
        alarms += [alarm] if alarm else []
    for (case, implementation), change in failing.items():
        words = _against(change.sentence, gate)
        alarms.append(Alarm(change.kind, words, case, implementation, change=change))
    for name in report.absent:
        words = f"{name} is required and missing: nothing ran on it"
        alarms.append(Alarm("missing", words, "", name))
    return tuple(alarms)


def _alarm(result: CaseResult, change: Change | None, gate: GateResult | None) -> Alarm | None:
    case, name, status = result.case.id, result.implementation, result.status
    diverges = status == "diverges" and (gate is None or change is not None)
    if diverges or status == "failed" or (status == "missing" and result.required):
        words = sentence(result)
        if change is not None:
            words_of_change = change.sentence.removeprefix(f"{name} on {case}: ")
            words = f"{words}. {_against(words_of_change, gate)}"
        return Alarm(status, words, case, name, result, change)
    if change is not None:
        return Alarm(change.kind, _against(change.sentence, gate), case, name, result, change)
    return None


def _against(words: str, gate: GateResult | None) -> str:
    return words if gate is None else f"{words} (against {gate.file})"


def worst_first(alarms: Sequence[Alarm]) -> list[Alarm]:
    """Divergences before failures, and those with the larger excess first; equal ones in order."""
    return sorted(alarms, key=lambda alarm: (_rank(alarm.kind), -_excess(alarm)))


def _rank(kind: str) -> int:
    return _WORST.index(kind) if kind in _WORST else len(_WORST)


def _excess(alarm: Alarm) -> float:
    """The largest difference over what is allowed; for a change its ulps; 0 where unknown."""
    if alarm.kind != "diverges" or alarm.result is None:
        ulps = None if alarm.change is None else alarm.change.ulps
        return 0.0 if ulps is None else ulps
    part = finding(alarm.result)
    if part is None or not part.difference.actual.size:
        return np.inf  # numbers of another shape, or none at all
    difference = part.difference
    abs_diff, allowed = difference.abs_diff[difference.worst], difference.allowed[difference.worst]
    return float(abs_diff / allowed) if allowed > 0 else float(np.inf if abs_diff > 0 else 0.0)
