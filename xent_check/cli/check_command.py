"""`xent-check check`."""

from __future__ import annotations

import click

from .completion import case_paths
from .configured import Configured
from .default_paths import default_paths


@click.command("check", cls=Configured, short_help="Are the case files valid? Runs nothing.")
@click.argument(
    "paths", metavar="[PATH]...", nargs=-1, type=click.Path(), shell_complete=case_paths
)
@click.option(
    "--allow-outside", is_flag=True, help="Let case files name arrays outside their own folder."
)
def command(paths: tuple[str, ...], allow_outside: bool) -> None:
    """Check that case files are valid, and say every mistake in them. No framework is loaded.

    PATH is as for run, and so are the cases without one.
    """
    from xent_check.casefile.loading import Filter, load
    from xent_check.results.number_text import count_of

    posed_cases = load(paths or default_paths(), Filter(), allow_outside)
    files = {posed.case.shown for posed in posed_cases}
    are = "is" if len(posed_cases) == 1 else "are"
    cases = count_of(len(posed_cases), "case")
    click.echo(f"{cases} in {count_of(len(files), 'file')} {are} valid")
