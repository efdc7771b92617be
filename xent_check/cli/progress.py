"""Progress: a bar on standard error while workers start and cases run, gone at the end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .guarding import unguarded
from .output import is_dumb

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from xent_check.results.report import CaseResult


class Progress:
    """The answers so far and all of them, those that are wrong, and the time left; nothing without
    a terminal that takes escape sequences. color: None where the environment decides."""

    def __init__(self, color: bool | None = None) -> None:
        shown = sys.stderr.isatty() and not is_dumb()
        self._bar = _bar(color) if shown else None
        self._wrong = 0
        self._case = ""  # the one that is asked in chunks

    def __enter__(self) -> Progress:
        if self._bar is not None:
            self._bar.start()
            self._bar.add_task("starting the frameworks", total=None, count="", wrong="", left="")
        return self

    def __call__(self, count: int, total: int, result: CaseResult) -> None:
        """count: the answers so far; total: all that are asked for; result: the last."""
        self._wrong += result.status in ("diverges", "failed")
        if self._bar is not None:
            wrong = f"{self._wrong} wrong" if self._wrong else ""
            self._bar.update(
                self._bar.task_ids[0], description="answers", completed=count, total=total,
                count=f"{count}/{total}", wrong=wrong, left="left",
            )  # fmt: skip

    def rows(self, case: str, count: int, total: int) -> None:
        """count: the rows of a large case that were asked so far; total: all of them."""
        if self._bar is None:
            return
        if self._case != case:
            self._case = case
            self._bar.reset(self._bar.task_ids[0], total=total, description="rows", wrong="")
        seconds = self._bar.tasks[0].elapsed or 0.0
        rate = f"{count / seconds:,.0f}/s" if seconds else ""
        self._bar.update(
            self._bar.task_ids[0], description="rows", completed=count, total=total,
            count=f"{count:,}/{total:,} {rate}", left="left",
        )  # fmt: skip

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def _bar(color: bool | None) -> Bar:
    """Numbers alone, no text of a case. The cursor stays visible, or who ends the process at once
    would leave the terminal without one."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    class WithCursor(Console):
        def show_cursor(self, show: bool = True) -> bool:
            return False

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TextColumn("{task.fields[wrong]}", style="red"),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[left]}"),
        console=WithCursor(
            file=unguarded(sys.stderr), no_color=True if color is False else None, stderr=True
        ),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
