"""`xent-check check`."""

from __future__ import annotations

import click

from xent_check.problem.vocabulary import LEVELS, Level

from .completion import case_paths
from .configured import Configured
from .default_paths import default_paths
from .options import level_option


@click.command("check", cls=Configured, short_help="Are the case files valid? Runs nothing.")
@click.argument(
    "paths", metavar="[PATH]...", nargs=-1, type=click.Path(), shell_complete=case_paths
)
@click.option(
    "--allow-outside", is_flag=True, help="Let case files name arrays outside their own folder."
)
@level_option
def command(paths: tuple[str, ...], allow_outside: bool, level: Level) -> None:
    """Check that case files are valid, and say every mistake in them. No framework is loaded.

    PATH is as for run, and so are the cases without one. Of a case above the level, the arrays are
    not made; everything else is checked.
    """
    from xent_check.casefile.loading import Filter, load_all
    from xent_check.casefile.paths import split_id
    from xent_check.results.number_text import count_of

    loaded = load_all(paths or default_paths(), Filter(level=level), allow_outside)
    unmade = loaded.left_out
    ids = [*(posed.case.id for posed in loaded.posed_cases), *(one.case for one in unmade)]
    files = {split_id(case)[0] for case in ids}
    are = "is" if len(ids) == 1 else "are"
    text = f"{count_of(len(ids), 'case')} in {count_of(len(files), 'file')} {are} valid"
    if unmade:
        highest = max((one.level for one in unmade), key=LEVELS.index)
        text += f", {len(unmade)} of them but for their arrays: --level {highest}"
    click.echo(text)
