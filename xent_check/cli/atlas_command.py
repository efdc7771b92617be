"""`xent-check atlas`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .output import Look, end, outputs_of
from .searching import color_option, report_option

if TYPE_CHECKING:
    from xent_check.reporters.formats import Terminal
    from xent_check.search.atlas import Atlas

_FORMATS = ("table", "json", "markdown", "html")


@click.command("atlas", short_help="How wrong losses can be: the results of sweeps, in one table.")
@click.argument("sweeps", metavar="[SWEEPS]...", nargs=-1, type=click.Path(path_type=Path))
@report_option(_FORMATS)
@color_option
def command(sweeps: tuple[Path, ...], reports: tuple[str, ...], color: bool | None) -> None:
    """What sweeps found, a table for each loss, dtype, and value or gradient.

    SWEEPS are files of sweep --report json=FILE, or folders of them; without any, those that ship
    with xent-check. Each line has the worst input of an implementation in ulps and as a share of
    what rounding explains, and how many answers are off by more than an ulp.

    \b
    Exit codes: 0 there is an atlas; 2 usage, or a file that is no sweep;
    3 the sweeps compared nothing.
    """  # fmt: skip
    from xent_check.casefile.paths import corpus
    from xent_check.errors import ExitCode
    from xent_check.search.atlas import atlas_of, files_below, load_sweep

    outputs, look = outputs_of(reports, _FORMATS), Look(color)
    files = list(files_below(sweeps or [corpus() / "atlas"]))
    if not files:
        raise click.UsageError(f"no *.json in {', '.join(map(str, sweeps))}")
    atlas = atlas_of([(file.name, load_sweep(file)) for file in files])
    errors = [output.write_text(_render(output.format, atlas), look) for output in outputs]
    end(errors, int(ExitCode.AGREES if atlas.lines else ExitCode.NOTHING_COMPARED))


def _render(form: str, atlas: Atlas) -> Callable[[Terminal], str]:
    from xent_check.reporters.atlas import markdown, plain, table

    if form == "json":
        return lambda _: json.dumps(plain(atlas), indent=1) + "\n"
    if form == "html":
        from xent_check.reporters.page.atlas import render

        return lambda _: render(atlas)
    make = markdown if form == "markdown" else table
    return lambda terminal: make(atlas, terminal)
