"""`run --watch`: run all cases, then after each save those it affects, in the same processes."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import click

from .output import Look, Output
from .progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from xent_check.casefile.loading import PosedCase
    from xent_check.implementations.names import Implementation
    from xent_check.results.report import Report
    from xent_check.running.session import Session
    from xent_check.running.settings import Settings
    from xent_check.running.watching import KnownCases

    from .gating import Gated


def watch(settings: Settings, outputs: Sequence[Output], look: Look, gate: Gated) -> NoReturn:
    """Run all cases; then, without end, after each save of a case file, an array or a user's
    function, the cases that it affects.

    Standard output gets the results of each run, a file the results of all cases. A mistake in a
    case file is reported, and ends nothing: the next save may mend it.
    """
    from xent_check.running.session import Session
    from xent_check.running.watching import KnownCases, saves, watched_folders

    watched = KnownCases(settings)
    with Session(replace(settings, only=None, shard=None), keep=True, fails=gate.fails) as session:
        functions = _functions(session, ()) if settings.chosen else ()
        with saves(watched_folders(settings, functions)) as saved:
            _Watch(session, watched, outputs, look, gate).forever(saved)


def _functions(session: Session, posed_cases: Sequence[PosedCase]) -> tuple[Implementation, ...]:
    """The user's functions among the implementations that the run, or these cases, ask for."""
    implementations = [*(session.settings.chosen or ())]
    implementations += [i for posed in posed_cases for i in session.implementations_of(posed)]
    return tuple({i.name: i for i in implementations if i.function}.values())


class _Watch:
    """The latest results of all cases, and the outputs that they are written to."""

    def __init__(
        self,
        session: Session,
        watched: KnownCases,
        outputs: Sequence[Output],
        look: Look,
        gate: Gated,
    ) -> None:
        self.session = session
        self.watched = watched
        self.outputs = outputs
        self.look = look
        self.gate = gate
        self.whole: Report | None = None

    def forever(self, saved: queue.SimpleQueue[set[Path]]) -> NoReturn:
        """Run all cases, then those that each save affects."""
        self._again(None)
        while True:
            files = _next(saved)
            self._again(files)

    def _again(self, files: set[Path] | None) -> None:
        """Run the cases that the save of these files affects; None: all cases."""
        from xent_check.errors import UserError
        from xent_check.running.watching import SOURCE

        try:
            changed = self.watched.read() if files is None else self.watched.after(files)
        except UserError as error:
            _say(str(error))
            return
        if files and any(file.suffix == SOURCE for file in files):
            for function in _functions(self.session, self.watched.posed_cases):
                self.session.restart(function)
            changed = self.watched.posed_cases
        if changed:
            self._show(changed)
        else:
            self._say_watching("no case changed")

    def _show(self, posed_cases: tuple[PosedCase, ...]) -> None:
        from xent_check.reporters.outcome import summary

        with Progress(self.look.color) as progress:
            report = self.session.check(progress, posed_cases)
        scope = replace(report.scope, left_out=self.watched.left_out)
        report = replace(report, scope=scope)
        self._keep(report)
        for output in self.outputs:
            latest = report if output.file is None or self.whole is None else self.whole
            problem = output.write(self.gate.report(latest), self.look)
            if problem:
                _say(problem)
        self._say_watching(summary(self.whole or report))

    def _keep(self, report: Report) -> None:
        from xent_check.running.watching import join_reports

        before = self.whole
        self.whole = join_reports(before, report, self.watched.posed_cases) if before else report

    def _say_watching(self, text: str) -> None:
        _say(f"watching; {text}")


def _next(saved: queue.SimpleQueue[set[Path]]) -> set[Path]:
    """Wait for the files saved since the last call; an interrupt ends the wait."""
    while True:
        try:
            files = saved.get(timeout=0.2)
        except queue.Empty:
            continue
        while not saved.empty():
            files |= saved.get()
        return files


def _say(text: str) -> None:
    click.echo(text, err=True)
