"""The progress of a search, a line on standard error, gone at the end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .guarding import unguarded
from .output import is_dumb

if TYPE_CHECKING:
    from rich.status import Status

    from xent_check.search.fuzzing.fuzz import Worst


class SearchProgress:
    """Problems so far, the best share of a bound, and finds; nothing without a terminal that takes
    escape sequences. color: None where the environment decides."""

    def __init__(self, color: bool | None = None) -> None:
        self._status: Status | None = None
        if sys.stderr.isatty() and not is_dumb():
            from rich.console import Console
            from rich.status import Status

            no_color = True if color is False else None
            console = Console(file=unguarded(sys.stderr), no_color=no_color, stderr=True)
            self._status = Status("starting the frameworks", console=console)

    def __enter__(self) -> SearchProgress:
        if self._status is not None:
            self._status.start()
        return self

    def __call__(self, examples: int, worst: Worst | None, finds: int) -> None:
        """examples: problems so far. worst: the largest share of a bound. finds: so many."""
        if self._status is not None:
            share = "" if worst is None else f", {worst.share:.2g} of the bound at most"
            found = f", {finds} found" if finds else ""
            self._status.update(f"{examples} problems{share}{found}")

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()
