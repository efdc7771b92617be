"""What `fuzz`, `sweep` and `calibrate` share: options, whom they ask, and their progress, a line on
standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .completion import implementation_names
from .guarding import unguarded
from .options import implementations
from .output import is_dumb
from .own_options import declaration, said_of

FC = TypeVar("FC", bound=Callable[..., Any])

if TYPE_CHECKING:
    from rich.status import Status

    from xent_check.implementations.names import Implementation
    from xent_check.search.fuzzing.fuzz import Worst


impl_option = click.option(
    "-i",
    "--impl",
    "names",
    metavar="NAME",
    multiple=True,
    shell_complete=implementation_names,
    help="Ask this implementation. Repeatable. [default: the default set, where installed]",
)
jobs_option = click.option(
    "-j", "--jobs", metavar="N", type=click.IntRange(1), help="Processes at once."
)
scheduler_option = click.option(
    "--scheduler",
    metavar="ADDRESS",
    default="",
    help="Compute on the Dask cluster of this scheduler. [default: on this machine]",
)
color_option = click.option(
    "--color/--no-color", default=None, help="[default: where stdout is a terminal]"
)


def report_option(formats: Sequence[str]) -> Callable[[FC], FC]:
    """`--report`, of these formats."""
    return click.option(
        "--report",
        "reports",
        metavar="FORMAT[=FILE]",
        multiple=True,
        help=f"{', '.join(formats)}; to a file, or to standard output. Repeatable.",
    )


def present(names: tuple[str, ...], own: dict[str, Any]) -> tuple[Implementation, ...]:
    """Those that are asked, of the default set where none is named; own: what the options of the
    user's own say. UsageError where one that is named is missing, or none is there."""
    from xent_check.implementations.names import DEFAULT, why_missing

    chosen = said_of(implementations(names) if names else DEFAULT, declaration(own))
    absent = {i.name: why for i in chosen if (why := why_missing(i)) is not None}
    if names and absent:
        raise click.UsageError("; ".join(f"-i {name}: {why}" for name, why in absent.items()))
    there = tuple(i for i in chosen if i.name not in absent)
    if not there:
        raise click.UsageError("no implementation is installed; xent-check impls lists them")
    return there


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

    def of_inputs(self, done: int, total: int, diverging: int) -> None:
        """done: inputs so far, of all. diverging: so many answers."""
        if self._status is not None:
            found = f", {diverging:,} diverge" if diverging else ""
            self._status.update(f"{done:,} of {total:,} inputs ({done / total:.1%}){found}")

    def of_text(self, text: str) -> None:
        """text: how far it is, in words."""
        if self._status is not None:
            self._status.update(text)

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Take the line away."""
        if self._status is not None:
            self._status.stop()
