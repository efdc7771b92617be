"""`xent-check accept`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from .configured import Configured
from .options import run_options, settings_of
from .output import Progress, write_whole


@click.command(
    "accept", cls=Configured, short_help="Record the answers in a baseline, for run --baseline."
)
@run_options
@click.option(
    "--baseline", metavar="FILE", type=click.Path(), required=True, help="Where; made or updated."
)
@click.option(
    "--because",
    metavar="TEXT",
    help="The reason for the divergences and failures that were not accepted before.",
)
@click.option("--prune", is_flag=True, help="Drop what no longer exists.")
@click.option(
    "--results",
    metavar="FILE",
    type=click.Path(),
    help="Record the answers that run --report json=FILE saved, and run nothing.",
)
def command(
    baseline: str, because: str | None, prune: bool, results: str | None, **asked: Any
) -> None:
    """Record the answers in a baseline, for run --baseline.

    What did not run stays as it was in the file. A divergence, or a failure, needs a reason: it is
    kept with it, and is known from then on, until it changes. Accept some at a time with -k and -i,
    to give each its own reason.
    """
    from ..baseline import baseline_text, load_baseline
    from ..errors import ExitCode
    from ..gating import accept

    if because is not None and not because.strip():
        raise click.UsageError("--because: a reason in words")
    file = Path(baseline)
    if not file.resolve().parent.is_dir():
        raise click.UsageError(f"--baseline {baseline}: no folder {file.parent}")
    before = load_baseline(file) if file.exists() else None
    report = _report(results, asked)
    if report.stopped:
        raise click.UsageError(f"{report.stopped}; a baseline is of a whole run: leave -x out")
    missing = {r.implementation for r in report.results if r.required and r.status == "missing"}
    if missing.union(report.absent):
        names = ", ".join(sorted(missing.union(report.absent)))
        click.echo(f"{names}: required and missing; the baseline is as it was", err=True)
        raise click.exceptions.Exit(ExitCode.FAILED)
    if not (report.compared_implementations or report.counts["failed"]):
        click.echo("nothing was compared; the baseline is as it was", err=True)
        raise click.exceptions.Exit(ExitCode.NOTHING_COMPARED)
    made = accept(report, before, because, prune)
    text = baseline_text(made)
    if file.exists() and file.read_text(encoding="utf-8") == text:
        click.echo(f"{baseline}: nothing changed; {_count(made)}", err=True)
        return
    try:
        write_whole(file, text)
    except OSError as error:
        raise click.UsageError(f"--baseline {baseline}: {error.strerror}") from None
    click.echo(f"{baseline}: {_count(made)}", err=True)


def _report(results: str | None, asked: dict[str, Any]) -> Any:
    if results is not None:
        from ..saved import load_report

        _refuse_what_would_run()
        return load_report(Path(results))
    settings = settings_of(**asked)
    from ..session import check

    with Progress() as progress:
        return check(settings, progress)


def _refuse_what_would_run() -> None:
    """What chooses or drives a run would be passed over in silence."""
    context = click.get_current_context()
    own = {"baseline", "because", "prune", "results"}
    given = [
        parameter.opts[0] if parameter.param_type_name == "option" else "PATH"
        for parameter in context.command.params
        if parameter.name not in own
        and context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
        and context.params.get(str(parameter.name))
    ]
    if given:
        raise click.UsageError(f"--results runs nothing; leave out {', '.join(given)}")


def _count(baseline: Any) -> str:
    cases = {case for case, _ in baseline.records}
    accepted = sum(record.because is not None for record in baseline.records.values())
    text = f"{len(baseline.records)} answers to {len(cases)} cases"
    return f"{text}, {accepted} of them divergences with a reason" if accepted else text
