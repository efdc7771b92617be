"""`xent-check run`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click
from click.core import ParameterSource

from .collecting import collect
from .configured import Configured
from .gating import gate_from_options
from .options import gate_options, report_options, run_options, settings_of
from .output import Look, finish, outputs_of
from .progress import Progress
from .remembering import FailureRecorder, failed_cases
from .searching import scheduler_option


@click.command("run", cls=Configured, short_help="Check case files.")
@run_options
@gate_options
@report_options
@click.option("--collect-only", is_flag=True, help="Name the cases that would run, and run none.")
@click.option(
    "--last-failed",
    is_flag=True,
    help="Only the cases that diverged or failed when last run from this folder; without PATH, "
    "wherever they are.",
)
@click.option(
    "--watch",
    "watched",
    is_flag=True,
    help="Then wait, and run again what a save touches: case files, arrays, your functions.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on where an earlier run of these cases from this folder ended early.",
)
@scheduler_option
@click.option(
    "--durations",
    metavar="N",
    type=click.IntRange(1),
    help="Say where the time went, with the N slowest answers.",
)
def command(
    baseline: str | None,
    fail_on: tuple[str, ...],
    reports: tuple[str, ...],
    color: bool | None,
    verbose: int,
    quiet: bool,
    collect_only: bool,
    last_failed: bool,
    watched: bool,
    durations: int | None,
    resume: bool,
    scheduler: str,
    **options: Any,
) -> None:
    """Check case files (default: the `paths` of the pyproject.toml, else the folder cases).

    PATH is a case file, a folder, a quoted pattern ('cases/**/*.yaml'), FILE::NAME for one case,
    or corpus:NAME for cases that ship with the package (corpus: alone for all).
    """
    outputs, look = outputs_of(reports), Look.of(color, verbose, quiet)
    if scheduler:
        _refuse_with_scheduler(watched, durations, options)
    gate = gate_from_options(baseline, fail_on)
    failed = failed_cases() if last_failed else {}
    options["paths"] = options["paths"] or tuple(dict.fromkeys(failed.values()))
    settings = replace(
        settings_of(**options, verbose=verbose > 0), resume=resume, scheduler=scheduler
    )
    if failed:
        settings = replace(settings, only=frozenset(failed))
    if collect_only:
        if watched:
            raise click.UsageError("--collect-only and --watch: one or the other")
        collect(settings)
    if watched:
        if settings.shard is not None:
            raise click.UsageError("--watch and --shard: one or the other")
        if resume:
            raise click.UsageError("--watch and --resume: one or the other")
        from .watch import watch

        watch(replace(settings, resume=None), outputs, look, gate)
    narrowed = (
        click.get_current_context().get_parameter_source("names") is ParameterSource.COMMANDLINE
    )
    from xent_check.running.session import check

    with Progress(color) as progress, FailureRecorder(progress, narrowed) as recorder:
        report = check(settings, recorder, told=progress.rows, say=_say, fails=gate.fails)
        report = recorder.finished(gate.report(report))
    finish(replace(report, durations=durations or 0), outputs, look)


def _refuse_with_scheduler(watched: bool, durations: int | None, options: dict[str, Any]) -> None:
    """UsageError for an option that is about processes of this machine."""
    ours = {
        "--watch": (watched, "a watch is of processes here"),
        "--durations": (durations, "it is this machine's time that is told"),
        "-j": (options["jobs"], "the cluster's workers are its processes"),
        "--python": (options["pythons"], "the cluster's workers run in the Python they have"),
    }
    for option, (value, why) in ours.items():
        if value:
            raise click.UsageError(f"{option} and --scheduler: {why}")


def _say(text: str) -> None:
    from xent_check.errors import visible

    click.echo(f"--resume: {visible(text)}", err=True)
