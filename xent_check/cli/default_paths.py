"""Which cases, where the command line and the pyproject.toml name none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

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
    above = [(f"  {command} {path}", "that folder above") for path in _above()]
    rows = [
        *above,
        (f"  {command} PATH", "a case file, a folder, or FILE::NAME for one case"),
        (f"  {command} corpus:", "the cases that ship with the package"),
        (f"  {program} init", "a first case, to start from"),
    ]
    missing = f"no PATH, no `paths` in [tool.xent-check], and no folder {FOLDER} here"
    raise click.UsageError("\n".join([f"which cases? There is {missing}. Type", *aligned(rows)]))


def _above() -> Iterator[str]:
    """The nearest folder `cases` above the working directory, within its repository."""
    cwd = Path.cwd()
    for folder in (cwd, *cwd.parents):
        if (folder / FOLDER).is_dir():
            yield os.path.relpath(folder / FOLDER, cwd)
            return
        if (folder / ".git").exists():
            return
