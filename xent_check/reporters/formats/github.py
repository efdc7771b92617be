"""GitHub Actions annotations: one per result that is not as it should be, at the case's line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from xent_check.errors import ExitCode, and_more
from xent_check.results.report import Report

from ..alarms import Alarm, alarms_of, worst_first
from ..sentences import absences, notes, summary
from . import Terminal

SHOWN = 10  # of each level: what GitHub shows of one step's annotations; the log has all


def render(report: Report, terminal: Terminal) -> str:
    """Workflow commands: ::error for what makes the run fail, worst first, ::warning for warnings.

    Where there are more than GitHub shows, the last that it shows says how many and whose.
    """
    alarms = worst_first(alarms_of(report))
    errors = [_annotation(alarm) for alarm in alarms]
    rest = Counter(alarm.implementation for alarm in alarms[SHOWN - 1 :])
    more = ", ".join(f"{name} {count}" for name, count in rest.most_common())
    lines = _within(errors, "error", f": {more}")
    warnings = [*absences(report), *notes(report), *report.warnings]
    words = [f"::warning title=xent-check::{_data(warning)}" for warning in warnings]
    lines += _within(words, "warning", "")
    level = "error" if report.exit_code == ExitCode.NOTHING_COMPARED else "notice"
    lines.append(f"::{level} title=xent-check::{_data(summary(report))}")
    return "".join(f"{line}\n" for line in lines)


def _within(lines: Sequence[str], level: str, what: str) -> list[str]:
    """The lines; before those that GitHub will not show, how many they are."""
    if len(lines) <= SHOWN:
        return list(lines)
    shown, hidden = lines[: SHOWN - 1], lines[SHOWN - 1 :]
    words = _data(f"{and_more(len(hidden))}, which the log of this step has{what}")
    return [*shown, f"::{level} title=xent-check::{words}", *hidden]


def _annotation(alarm: Alarm) -> str:
    place = ""
    if alarm.result is not None:
        case = alarm.result.case
        place = f"file={_property(case.shown)},line={case.line},"
    title = _property(f"{alarm.implementation} {alarm.kind}")
    return f"::error {place}title={title}::{_data(alarm.sentence)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
