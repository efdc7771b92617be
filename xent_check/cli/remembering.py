"""The last failures: the cases that `--last-failed` selects, and the record that a run keeps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from xent_check.results.report import CaseResult, Report
    from xent_check.running.session import Progress


def failed_cases() -> dict[str, str]:
    """The cases that failed when they last ran from this folder, each with the path of its file.

    Standard error says how many they are, that there are none, and which no longer exist.
    """
    from xent_check.history.last_failed import UnreadableError, existing_cases, read, state_file
    from xent_check.results.number_text import count_of

    file = state_file(Path.cwd())
    try:
        failed = read(file)
    except UnreadableError as error:
        _say(f"{file}: {error}; running all cases")
        return {}
    present = existing_cases(failed)
    for case in failed.keys() - present.keys():
        _say(f"{case} no longer exists")
    if present:
        _say(count_of(len(present), "case"))
    else:
        _say("no failed case is recorded for this folder; running all cases")
    return present


class FailureRecorder:
    """A run's progress that records which answers failed, however the run ends.

    It is a context manager around the run. narrowed: whether the command line chose the
    implementations.
    """

    def __init__(self, progress: Progress, narrowed: bool) -> None:
        self._progress = progress
        self._narrowed = narrowed
        self._results: list[CaseResult] = []
        self._report: Report | None = None

    def __enter__(self) -> FailureRecorder:
        return self

    def __call__(self, count: int, total: int, result: CaseResult) -> None:
        self._results.append(result)
        self._progress(count, total, result)

    def finished(self, report: Report) -> Report:
        """Keep the report of a run that came to its end, and return it."""
        self._report = report
        return report

    def __exit__(self, *_: object) -> None:
        from xent_check.errors import UserError
        from xent_check.history.last_failed import outcomes, outcomes_without_gate, update

        report = self._report
        answered = outcomes(report) if report else outcomes_without_gate(self._results)
        if not answered:
            return
        whole = report is not None and report.stopped is None and not self._narrowed
        try:
            update(Path.cwd(), answered, whole)
        except (OSError, UserError) as error:
            reason = (
                f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
            )
            click.echo(f"--last-failed cannot record what failed: {reason}", err=True)


def _say(text: str) -> None:
    from xent_check.errors import visible

    click.echo(f"--last-failed: {visible(text)}", err=True)
