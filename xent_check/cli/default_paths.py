"""Which cases, where the command line and the pyproject.toml name none."""

from __future__ import annotations

import os

import click

FOLDER = "cases"


def default_paths() -> tuple[str, ...]:
    """The folder `cases` of the working directory; UsageError, with what to type, where there is
    none."""
    if os.path.isdir(FOLDER):
        return (FOLDER,)
    from xent_check.results.columns import aligned

    command = click.get_current_context().command_path
    program = command.rpartition(" ")[0]
    rows = [
        (f"  {command} PATH", "a case file, a folder, or FILE::NAME for one case"),
        (f"  {command} corpus:", "the cases that ship with the package"),
        (f"  {program} init", "a first case, to start from"),
    ]
    missing = f"no PATH, no `paths` in [tool.xent-check], and no folder {FOLDER} here"
    raise click.UsageError("\n".join([f"which cases? There is {missing}. Type", *aligned(rows)]))
