"""`xent-check judge`."""

from __future__ import annotations

import click

from .completion import one_of
from .gating import gate_from_options
from .options import gate_options, report_options, tolerance_of
from .output import Look, finish, outputs_of


@click.command(
    "judge", short_help="Judge saved answers again: another tolerance, a baseline, another format."
)
@click.argument("results", metavar="RESULTS.json", type=click.Path())
@click.option(
    "--tolerance",
    metavar="T",
    shell_complete=one_of("auto"),
    help="A number, or auto (what rounding explains). [default: as run]",
)
@gate_options
@report_options
def command(
    results: str,
    tolerance: str | None,
    baseline: str | None,
    fail_on: tuple[str, ...],
    reports: tuple[str, ...],
    verbose: int,
    quiet: bool,
    color: bool | None,
) -> None:
    """Judge answers that run --report json=FILE saved, again. No framework is loaded.

    Under another tolerance, or against a baseline; or write them in another format. Whether a
    tolerance would accept anything, and why numbers differ, is only known while they are computed:
    what is new under this tolerance has no explanation.
    """
    from dataclasses import replace

    from xent_check.history.rejudge import rejudge

    from .saved_run import saved_run

    outputs, look = outputs_of(reports), Look.of(color, verbose, quiet)
    gate = gate_from_options(baseline, fail_on)
    override = None if tolerance is None else tolerance_of(tolerance)
    report = saved_run(results)
    if override is not None:
        report = rejudge(report, override)
    if verbose:
        report = replace(report, verbose=True)
    finish(gate.report(report), outputs, look)
