"""`xent-check accept`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from xent_check.history.whole_file import write_whole

from .configured import Configured
from .options import run_options, settings_of
from .progress import Progress

if TYPE_CHECKING:
    from xent_check.history.baseline_file import Baseline
    from xent_check.results.report import Report


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
    baseline: str, because: str | None, prune: bool, results: str | None, **options: Any
) -> None:
    """Record the answers in a baseline, for run --baseline.

    What did not run stays as it was in the file. A divergence, or a failure, needs a reason: it is
    kept with it, and is known from then on, until it changes. Accept some at a time with -k and -i,
    to give each its own reason.
    """
    from xent_check.errors import ExitCode
    from xent_check.history.locking import file_lock

    if because is not None and not because.strip():
        raise click.UsageError("--because: a reason in words")
    file = Path(baseline)
    if not Path(os.path.realpath(file)).parent.is_dir():
        raise click.UsageError(f"--baseline {baseline}: no folder {file.parent}")
    _baseline_in(file)  # mistakes in it are reported before anything runs
    report = _report(results, options)
    if report.stopped:
        raise click.UsageError(f"{report.stopped}; a baseline needs a whole run: leave out -x")
    missing = {r.implementation for r in report.results if r.required and r.status == "missing"}
    if missing.union(report.absent):
        names = ", ".join(sorted(missing.union(report.absent)))
        click.echo(f"{names}: required and missing; the baseline is unchanged", err=True)
        raise click.exceptions.Exit(ExitCode.FAILED)
    if not (report.compared_implementations or report.counts["failed"]):
        click.echo("nothing was compared; the baseline is unchanged", err=True)
        raise click.exceptions.Exit(ExitCode.NOTHING_COMPARED)
    try:
        with file_lock(file):
            content = _update(file, report, because, prune)
    except OSError as error:
        raise click.UsageError(f"--baseline {baseline}: {error.strerror}") from None
    click.echo(f"{baseline}: {content}", err=True)


def _baseline_in(file: Path) -> Baseline | None:
    """The baseline in the file; None where there is no file."""
    from xent_check.history.baseline_file import load_baseline

    try:
        file.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise click.UsageError(f"--baseline {file}: {error.strerror}") from None
    return load_baseline(file)


def _update(file: Path, report: Report, because: str | None, prune: bool) -> str:
    """Merge the answers into the file as it is at this moment; its new content in words."""
    from xent_check.casefile.project import project_of
    from xent_check.history.baseline_file import baseline_text
    from xent_check.history.gate import accept

    updated = accept(report, _baseline_in(file), because, project_of(file), prune)
    text = baseline_text(updated)
    if file.exists() and file.read_bytes() == text.encode():
        return f"nothing changed; {_size_text(updated)}"
    write_whole(file, text)
    return _size_text(updated)


def _report(results: str | None, options: dict[str, Any]) -> Report:
    """The saved report; without one, that of a run under the options."""
    if results is not None:
        from .saved_run import saved_run

        _refuse_run_options()
        return saved_run(results)
    settings = settings_of(**options)
    from xent_check.running.session import check

    with Progress() as progress:
        return check(settings, progress, told=progress.rows)


def _refuse_run_options() -> None:
    """UsageError where an option of a run is given, which would have no effect."""
    context = click.get_current_context()
    allowed = {"baseline", "because", "prune", "results"}
    refused = [
        parameter.opts[0] if parameter.param_type_name == "option" else "PATH"
        for parameter in context.command.params
        if parameter.name not in allowed
        and context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
        and context.params.get(str(parameter.name))
    ]
    if refused:
        raise click.UsageError(f"--results runs nothing; leave out {', '.join(refused)}")


def _size_text(baseline: Baseline) -> str:
    """How many answers and cases the baseline has, in words."""
    from xent_check.results.number_text import count_of

    cases = {case for case, _ in baseline.records}
    accepted = sum(record.because is not None for record in baseline.records.values())
    text = f"{count_of(len(baseline.records), 'answer')} to {count_of(len(cases), 'case')}"
    return f"{text}, {accepted} of them accepted with a reason" if accepted else text
