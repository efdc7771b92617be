"""Durations: where the time of a run went, and the slowest answers. Pure functions.

Processes work side by side, and beside the reading and the judging: the shares of the whole do not
sum to 1.
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
    """What the time of a run went into; process: whose, where it was one."""

    activity: Activity
    process: str
    seconds: float


@dataclass(frozen=True)
class Wait:
    """From a request to its answer, or until the exact values were there.

    calls: what of it went into the calls of the public API; the rest is loading, marshalling and
    the way there and back.
    """

    case: str
    implementation: str
    seconds: float
    calls: float | None


@dataclass(frozen=True)
class Section:
    """A heading, and rows of seconds, share of the whole run, and what it was."""

    heading: str
    rows: tuple[tuple[str, str, str], ...]

    @property
    def lines(self) -> list[str]:
        """The rows in aligned columns."""
        return aligned(self.rows, right=(0, 1))


def time_parts(report: Report) -> list[TimePart]:
    """What the run consisted of, the longest first."""
    seconds: dict[tuple[Activity, str], float] = {}
    for spent in report.spent:
        key = spent.what, spent.of if spent.what in _BY_PROCESS else ""
        seconds[key] = seconds.get(key, 0.0) + spent.seconds
    made = [TimePart(activity, process, s) for (activity, process), s in seconds.items()]
    return sorted(made, key=lambda part: -part.seconds)


def slowest(report: Report) -> list[Wait]:
    """As many of the slowest answers as were asked for, the exact values of a case among them."""
    return sorted(_waits(report), key=lambda wait: -wait.seconds)[: report.durations]


def _waits(report: Report) -> Iterator[Wait]:
    for result in report.results:
        evaluation = result.evaluation
        if isinstance(evaluation, Computed | Failed):
            calls = evaluation.seconds if isinstance(evaluation, Computed) else None
            yield Wait(result.case.id, result.implementation, evaluation.waited, calls)
    for spent in report.spent:
        if spent.what == "reference":
            yield Wait(spent.of, REFERENCE, spent.seconds, None)


def sections(report: Report) -> list[Section]:
    """Both in words; nothing where it was not asked for."""
    if not report.durations:
        return []
    parts = [
        (part.seconds, _WORDS[part.activity].format(part.process)) for part in time_parts(report)
    ]
    waits = [(wait.seconds, _words(wait)) for wait in slowest(report)]
    count = f"{len(waits)} slowest answers" if len(waits) > 1 else "slowest answer"
    made = [
        (f"where {small(report.seconds)} s went, side by side", parts),
        (f"the {count}, from request to answer", waits),
    ]
    return [
        Section(heading, tuple((_seconds(s), _share(s, report), what) for s, what in timed))
        for heading, timed in made
        if timed
    ]


def _words(wait: Wait) -> str:
    calls = "" if wait.calls is None else f" ({_seconds(wait.calls)} in the calls)"
    return f"{wait.implementation} on {wait.case}{calls}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f} s"


def _share(seconds: float, report: Report) -> str:
    return f"{seconds / report.seconds:.0%}" if report.seconds else ""
