"""`xent-check calibrate`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import click

from xent_check.implementations.elementary import FRAMEWORKS
from xent_check.problem.vocabulary import DTYPES, DType

from .options import command_line
from .output import Look, end, outputs_of
from .searching import SearchProgress, color_option, jobs_option, report_option

if TYPE_CHECKING:
    from xent_check.reporters.formats import Terminal
    from xent_check.search.calibrate import CalibrationRecord

_FORMATS = ("table", "json", "markdown")


@click.command("calibrate", short_help="How exact exp, log and their kin are in each framework.")
@click.option(
    "-i",
    "--impl",
    "names",
    type=click.Choice(list(FRAMEWORKS)),
    multiple=True,
    help="Measure this framework, in all its modes; stable is NumPy. Repeatable. "
    "[default: all that are installed]",
)
@click.option(
    "--dtype",
    "dtypes",
    type=click.Choice(DTYPES),
    multiple=True,
    help="Repeatable. [default: all four]",
)
@click.option(
    "--stride",
    metavar="N",
    type=click.IntRange(1),
    help="Every Nth number of the dtype. "
    "[default: 1 of 16 bits; some 16 million of float32, 16,384 of float64]",
)
@jobs_option
@report_option(_FORMATS)
@click.option("--resume", is_flag=True, help="Go on where the same calibration ended early.")
@color_option
def command(
    names: tuple[str, ...],
    dtypes: tuple[str, ...],
    stride: int | None,
    jobs: int | None,
    reports: tuple[str, ...],
    resume: bool,
    color: bool | None,
) -> None:
    """How exact exp, log, log1p, expm1 and tanh are in each framework, dtype and mode.

    The bound of rounding (tolerance: auto) counts the errors of exp and log: those of the table
    that ships with xent-check, which this measures. What is not in that table, another release or a
    larger error, is said.

    A calibration that is interrupted, or killed, goes on with --resume.

    \b
    Exit codes: 0 the errors are within the bound's; 1 one is larger;
    2 usage; 3 nothing was measured; 4 a framework failed.
    """  # fmt: skip
    from xent_check.running.session import origin_of
    from xent_check.search.calibrate import Plan, calibrate, installed
    from xent_check.search.calibrated import exceeding, unknown_releases
    from xent_check.workers.cache_folder import cache_folder

    outputs, look = outputs_of(reports, _FORMATS), Look(color)
    there = installed()
    if absent := [name for name in names if name not in there]:
        raise click.UsageError(f"-i {', '.join(absent)}: not installed")
    frameworks = tuple(name for name in there if name in names or not names)
    chosen = cast("tuple[DType, ...]", dtypes or DTYPES)
    digest = hashlib.sha256(repr((frameworks, chosen, stride)).encode()).hexdigest()[:16]
    journal = cache_folder() / "calibrations" / f"{digest}.jsonl"
    if resume and not journal.exists():
        click.echo("--resume: no unfinished calibration of these is kept; all of it runs", err=True)
    plan = Plan(frameworks, chosen, journal, resume, stride, jobs)
    errors = list[str]()
    with SearchProgress(color) as progress:

        def reported(record: CalibrationRecord) -> bool:
            progress.stop()
            news = [*_failures(record), *exceeding(record), *unknown_releases(record)]
            for output in outputs:
                if error := output.write_text(_render(output.format, record, news), look):
                    errors.append(f"{error}; --resume writes it without asking again")
            return not errors

        record = calibrate(plan, origin_of(command_line()), progress.of_text, reported)
    end(errors, int(_exit_code(record, bool(exceeding(record)), bool(_failures(record)))))


def _failures(record: CalibrationRecord) -> list[str]:
    """Why frameworks have no numbers, each once."""
    return list(dict.fromkeys(f"{one.framework}: {one.failed}" for one in record.failed))


def _exit_code(record: CalibrationRecord, beyond: bool, failed: bool) -> int:
    from xent_check.errors import ExitCode

    if len(record.failed) == len(record.calibrations):
        return ExitCode.NOTHING_COMPARED
    return ExitCode.DIVERGES if beyond else ExitCode.FAILED if failed else ExitCode.AGREES


def _render(form: str, record: CalibrationRecord, news: list[str]) -> Callable[[Terminal], str]:
    from xent_check.reporters.calibration import markdown, table
    from xent_check.search.calibrate import json_text

    if form == "json":
        return lambda _: json_text(record)
    render = markdown if form == "markdown" else table
    return lambda terminal: render(record, news, terminal)
