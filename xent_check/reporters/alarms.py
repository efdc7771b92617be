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
    """Why a run fails.

    kind: `diverges`, `failed` or `missing`; the kind of the change, where a baseline alone is why.
    result: None for what has none: an answer that the baseline has and the run lacks, and an
    implementation that is required, not installed, and on no case (its `case` is empty).
    """

    kind: str
    sentence: str
    case: str
    implementation: str
    result: CaseResult | None = None
    change: Change | None = None


def alarms_of(report: Report) -> tuple[Alarm, ...]:
    """In the order of the results, what has none last: empty where the run succeeds, and where it
    compared nothing. Under a baseline, a divergence that is not to fail is none."""
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
            became = change.sentence.removeprefix(f"{name} on {case}: ")
            words = f"{words}. {_against(became, gate)}"
        return Alarm(status, words, case, name, result, change)
    if change is not None:
        return Alarm(change.kind, _against(change.sentence, gate), case, name, result, change)
    return None


def _against(words: str, gate: GateResult | None) -> str:
    return words if gate is None else f"{words} (against {gate.file})"


def worst_first(alarms: Sequence[Alarm]) -> list[Alarm]:
    """Divergences before failures, and by how many times more than allowed they are off; of the
    same size, in their order."""
    return sorted(alarms, key=lambda alarm: (_rank(alarm.kind), -_excess(alarm)))


def _rank(kind: str) -> int:
    return _WORST.index(kind) if kind in _WORST else len(_WORST)


def _excess(alarm: Alarm) -> float:
    """The largest difference over what was allowed; of a change, its ulps; 0 where unknown."""
    if alarm.kind != "diverges" or alarm.result is None:
        ulps = None if alarm.change is None else alarm.change.ulps
        return 0.0 if ulps is None else ulps
    found = finding(alarm.result)
    if found is None or not found.difference.actual.size:
        return np.inf  # numbers of another shape, or none at all
    difference = found.difference
    off, allowed = difference.abs_diff[difference.worst], difference.allowed[difference.worst]
    return float(off / allowed) if allowed > 0 else float(np.inf if off > 0 else 0.0)
