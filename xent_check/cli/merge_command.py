"""`xent-check merge`."""

from __future__ import annotations

import click

from .gating import gate_from_options
from .options import gate_options, report_options
from .output import Look, finish, outputs_of


@click.command("merge", short_help="Make one report of several saved ones: shards, machines.")
@click.argument("results", metavar="RESULTS.json...", nargs=-1, required=True, type=click.Path())
@gate_options
@report_options
def command(
    results: tuple[str, ...],
    baseline: str | None,
    fail_on: tuple[str, ...],
    reports: tuple[str, ...],
    verbose: int,
    quiet: bool,
    color: bool | None,
) -> None:
    """Make one report of several that run --report json=FILE saved.

    Of the shards of one run, where a missing one is an error; or of runs on machines that have
    different frameworks. Exits as the whole run would have.
    """
    from dataclasses import replace

    from xent_check.history.merge import merge

    from .saved_run import saved_run

    outputs, look = outputs_of(reports), Look.of(color, verbose, quiet)
    gate = gate_from_options(baseline, fail_on)
    report = merge([(name, saved_run(name)) for name in results])
    if verbose:
        report = replace(report, verbose=True)
    finish(gate.report(report), outputs, look)
