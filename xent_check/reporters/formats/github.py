"""GitHub's workflow commands: an annotation at the case's line for each answer that fails the run.

The format is that of "Workflow commands for GitHub Actions": `::error file=,line=,title=::text`,
with %, line breaks, and in a property also : and , written as %XX.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from xent_check.errors import ExitCode, and_more
from xent_check.results.report import Report

from ..alarms import Alarm, alarms_of, worst_first
from ..outcome import summary
from ..remarks import findings_of_own, remarks
from . import Terminal

SHOWN = 10  # of each level: what GitHub shows of one step's annotations; the log has all


def render(report: Report, terminal: Terminal) -> str:
    """An ::error for each answer that makes the run fail, the worst first; then a ::warning for
    each warning, the summary as a ::notice, and another for each of the user's own losses.

    Where there are more than GitHub shows, the last that it shows says how many more there are,
    and of which implementations.
    """
    alarms = worst_first(alarms_of(report))
    errors = [_annotation(alarm) for alarm in alarms]
    hidden = Counter(alarm.implementation for alarm in alarms[SHOWN - 1 :])
    names = ", ".join(f"{name} {count}" for name, count in hidden.most_common())
    lines = _within(errors, "error", f": {names}")
    said = remarks(report, report.verbose)
    commands = [f"::warning title=xent-check::{_data(remark)}" for remark in said]
    lines += _within(commands, "warning", "")
    level = "error" if report.exit_code == ExitCode.NOTHING_COMPARED else "notice"
    lines.append(f"::{level} title=xent-check::{_data(summary(report))}")
    took = [f"::notice title=xent-check::{_data(line)}" for line in findings_of_own(report)]
    lines += _within(took, "notice", "")
    return "".join(f"{line}\n" for line in lines)


def _within(lines: Sequence[str], level: str, names: str) -> list[str]:
    """The lines; before those that GitHub hides, a line that says how many they are and whose."""
    if len(lines) <= SHOWN:
        return list(lines)
    visible, hidden = lines[: SHOWN - 1], lines[SHOWN - 1 :]
    text = _data(f"{and_more(len(hidden))} in the log of this step{names}")
    return [*visible, f"::{level} title=xent-check::{text}", *hidden]


def _annotation(alarm: Alarm) -> str:
    place = ""
    if alarm.result is not None and alarm.result.case.place:
        case = alarm.result.case
        place = f"file={_property(case.shown)},line={case.line},"
    title = _property(f"{alarm.implementation} {alarm.kind}")
    return f"::error {place}title={title}::{_data(alarm.sentence)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
