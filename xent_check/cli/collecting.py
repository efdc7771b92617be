"""`run --collect-only`: the cases that would run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from xent_check.running.settings import Settings


def collect(settings: Settings) -> NoReturn:
    """Print the id of each case that would run, and how many they are; then Exit, with 0 where
    there are any. No framework is loaded."""
    from xent_check.casefile.levels import left_out_text
    from xent_check.errors import ExitCode, visible
    from xent_check.results.number_text import count_of
    from xent_check.running.selection import select_cases

    loaded = select_cases(settings, None)
    posed_cases = loaded.posed_cases
    if settings.shard is not None:
        posed_cases = settings.shard.take(posed_cases)
    for posed in posed_cases:
        click.echo(visible(posed.case.id))
    files = {posed.case.shown for posed in posed_cases}
    text = f"{count_of(len(posed_cases), 'case')} in {count_of(len(files), 'file')}"
    click.echo("\n" + "; ".join(filter(None, [text, left_out_text(loaded.left_out)])))
    raise click.exceptions.Exit(0 if posed_cases else ExitCode.NOTHING_COMPARED)
