"""`xent-check run`."""

from __future__ import annotations

from typing import Any

import click

from .options import report_options, run_options, settings_of
from .output import Progress, finish, outputs_of


@click.command("run", short_help="Check case files.")
@run_options
@report_options
def command(reports: tuple[str, ...], color: bool | None, **asked: Any) -> None:
    """Check case files (default: the cases that ship with the package).

    PATH is a case file, a folder, or file::name for one case.
    """
    outputs = outputs_of(reports)
    settings = settings_of(**asked)
    from ..run import check

    with Progress() as progress:
        report = check(settings, progress)
    finish(report, outputs, color)
