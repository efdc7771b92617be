"""Durations: where the time of a run went, and the slowest answers. Pure functions.

The processes, the reading and the judging run at the same time, so the shares of the whole run do
not sum to 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xent_check.problem.evaluation import Computed, Failed
from xent_check.problem.expectation import REFERENCE
from xent_check.timing import Activity

from .columns import aligned
from .number_text import small
from .report import Report

_WORDS: dict[Activity, str] = {
    "reading": "reading the cases",
    "reference": "the exact values",
    "judging": "judging the answers",
    "starting": "starting {}",
    "answering": "answers of {}",
}
_BY_PROCESS = ("starting", "answering")


@dataclass(frozen=True)
class TimePart:
    """The time that a run spent on one activity."""

    activity: Activity
    """what was done"""
    process: str
    """the worker process that spent it; "" where it was this one"""
    seconds: float
    """of all processes together"""


@dataclass(frozen=True)
class Wait:
    """The time from a request to its answer, or to the exact values."""

    case: str
    """its id"""
    implementation: str
    """its name, or that of the reference"""
    seconds: float
    """by the wall clock"""
    calls: float | None
    """the seconds inside the calls of the public API, without loading, marshalling and transfer;
    None where they were not measured"""


@dataclass(frozen=True)
class Section:
    """A table of times in words."""

    heading: str
    """what the rows are"""
    rows: tuple[tuple[str, str, str], ...]
    """seconds, share of the whole run, and the activity or the answer"""

    @property
    def lines(self) -> list[str]:
        """The rows in aligned columns."""
        return aligned(self.rows, right=(0, 1))


def time_parts(report: Report) -> list[TimePart]:
    """The time of each activity, for workers by process, the longest first."""
    seconds: dict[tuple[Activity, str], float] = {}
    for spent in report.spent:
        key = spent.activity, spent.subject if spent.activity in _BY_PROCESS else ""
        seconds[key] = seconds.get(key, 0.0) + spent.seconds
    parts = [TimePart(activity, process, s) for (activity, process), s in seconds.items()]
    return sorted(parts, key=lambda part: -part.seconds)


def slowest(report: Report) -> list[Wait]:
    """The `report.durations` slowest answers; the exact values of a case count as one."""
    return sorted(_waits(report), key=lambda wait: -wait.seconds)[: report.durations]


def _waits(report: Report) -> Iterator[Wait]:
    for result in report.results:
        evaluation = result.evaluation
        if isinstance(evaluation, Computed | Failed):
            calls = evaluation.seconds if isinstance(evaluation, Computed) else None
            yield Wait(result.case.id, result.implementation, evaluation.waited, calls)
    for spent in report.spent:
        if spent.activity == "reference":
            yield Wait(spent.subject, REFERENCE, spent.seconds, None)


def sections(report: Report) -> list[Section]:
    """The activities and the slowest answers in words; empty where `report.durations` is 0."""
    if not report.durations:
        return []
    parts = [
        (part.seconds, _WORDS[part.activity].format(part.process)) for part in time_parts(report)
    ]
    waits = [(wait.seconds, _words(wait)) for wait in slowest(report)]
    count = f"{len(waits)} slowest answers" if len(waits) > 1 else "slowest answer"
    headed = [
        (f"where {small(report.seconds)} s went, side by side", parts),
        (f"the {count}, from request to answer", waits),
    ]
    return [
        Section(heading, tuple((_seconds(s), _share(s, report), subject) for s, subject in times))
        for heading, times in headed
        if times
    ]


def _words(wait: Wait) -> str:
    calls = "" if wait.calls is None else f" ({_seconds(wait.calls)} in the calls)"
    return f"{wait.implementation} on {wait.case}{calls}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f} s"


def _share(seconds: float, report: Report) -> str:
    return f"{seconds / report.seconds:.0%}" if report.seconds else ""
