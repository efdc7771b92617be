"""`xent-check run`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from ..case import Auto, Tolerance
    from ..report import CaseResult, Report
    from ..reporters import Terminal
    from ..selection import Implementation

_REPORTS = "table, json, jsonl, junit, markdown, github"


@click.command("run", short_help="Check case files.")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path())
@click.option(
    "-i",
    "--impl",
    "names",
    metavar="NAME",
    multiple=True,
    help="Run this implementation: name, name:mode, name@device or module:function. "
    "Repeatable; overrides what the cases list.",
)
@click.option("-k", "text", metavar="TEXT", default="", help="Only cases whose id contains TEXT.")
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="Only cases with this tag.")
@click.option(
    "--tolerance",
    metavar="T",
    help="Override every case's tolerance: a number, or auto (what rounding explains).",
)
@click.option(
    "--strict",
    is_flag=True,
    help="A tolerance that would accept 0, or another label's loss, is a divergence.",
)
@click.option(
    "--report",
    "reports",
    metavar="FORMAT[=FILE]",
    multiple=True,
    help=f"{_REPORTS}; to a file, or to standard output. Repeatable. [default: table]",
)
@click.option("-v", "--verbose", is_flag=True, help="Every sample of every case.")
@click.option("-x", "first", is_flag=True, help="Stop at the first divergence or failure.")
@click.option("--max-fail", metavar="N", type=click.IntRange(1), help="Stop after N of them.")
@click.option(
    "--timeout",
    metavar="SECONDS",
    default=60.0,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    help="Per problem.",
)
@click.option(
    "-j",
    "jobs",
    metavar="N",
    type=click.IntRange(1),
    help="Worker processes at once. [default: one per framework]",
)
@click.option(
    "--require",
    "required",
    metavar="NAME",
    multiple=True,
    help="Not installed is a failure (exit 4) for this one. Repeatable.",
)
@click.option(
    "--allow-outside", is_flag=True, help="Let case files name arrays outside their own folder."
)
@click.option("--color/--no-color", default=None, help="[default: where stdout is a terminal]")
def command(
    paths: tuple[str, ...],
    names: tuple[str, ...],
    text: str,
    tags: tuple[str, ...],
    tolerance: str | None,
    strict: bool,
    reports: tuple[str, ...],
    verbose: bool,
    first: bool,
    max_fail: int | None,
    timeout: float,
    jobs: int | None,
    required: tuple[str, ...],
    allow_outside: bool,
    color: bool | None,
) -> None:
    """Check case files (default: the cases that ship with the package).

    PATH is a case file, a folder, or file::name for one case.
    """  # fmt: skip
    outputs = outputs_of(reports)
    chosen = implementations(names) or None
    from ..corpus import corpus
    from ..loading import Filter
    from ..run import Settings, check

    settings = Settings(
        paths=paths or (str(corpus()),),
        wanted=Filter(text, tags),
        chosen=chosen,
        required=implementations(required),
        tolerance=None if tolerance is None else _tolerance(tolerance),
        max_fail=1 if first else max_fail,
        timeout=timeout,
        jobs=jobs,
        allow_outside=allow_outside,
        verbose=verbose,
        strict=strict,
    )
    with Progress() as progress:
        report = check(settings, progress)
    finish(report, outputs, color)


@dataclass(frozen=True)
class Output:
    """Where a report goes: a file, or standard output."""

    format: str
    file: Path | None

    def write(self, report: Report, color: bool | None) -> str:
        """Write it; a file is replaced whole or not at all. Says what was wrong, or nothing."""
        from ..reporters import Terminal, reporter

        render = reporter(self.format).render
        try:
            if self.file is None:
                click.echo(render(report, _terminal(color)), nl=False, color=True)
            else:
                _write(self.file, render(report, Terminal()))
        except BrokenPipeError:
            raise
        except OSError as error:
            return f"{self.file or 'standard output'}: {error.strerror}"
        return ""


def _write(file: Path, text: str) -> None:
    if file.exists() and not file.is_file():  # a device or a pipe
        file.write_text(text, encoding="utf-8")
        return
    target = file.resolve()  # through a link, not over it
    temporary = target.with_name(f".{os.getpid()}.xent-check")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def outputs_of(reports: Sequence[str]) -> list[Output]:
    """Where reports go, as `--report` has them; a table on standard output without any."""
    return [_output(report) for report in reports] or [Output("table", None)]


def finish(report: Report, outputs: Sequence[Output], color: bool | None) -> NoReturn:
    """Write the report everywhere, and end with its exit code."""
    unwritten = [problem for output in outputs if (problem := output.write(report, color))]
    if unwritten:
        raise click.UsageError("; ".join(unwritten))
    raise click.exceptions.Exit(int(report.exit_code))


def _output(text: str) -> Output:
    from ..errors import did_you_mean
    from ..reporters import REPORTERS

    name, equals, file = text.partition("=")
    if name not in REPORTERS:
        hint = did_you_mean(name, REPORTERS)
        parts = [f"--report {name!r}", f"allowed: {', '.join(REPORTERS)}", hint]
        raise click.UsageError("; ".join(part for part in parts if part))
    if equals and not file:
        raise click.UsageError(f"--report {text!r}: no file after '='")
    if file and not os.path.isdir(Path(file).parent):
        raise click.UsageError(f"--report {text}: no folder {Path(file).parent}")
    if os.path.isdir(file):
        raise click.UsageError(f"--report {text}: {file} is a folder")
    return Output(name, Path(file) if file else None)


def implementations(names: Sequence[str]) -> tuple[Implementation, ...]:
    from ..errors import InvalidError
    from ..selection import parse

    try:
        return tuple(parse(name) for name in dict.fromkeys(names))
    except InvalidError as error:
        m = error.mistakes[0]
        parts = [m.found, f"allowed: {m.allowed}", m.advice]
        raise click.UsageError("; ".join(part for part in parts if part)) from None


def _tolerance(text: str) -> Tolerance | Auto:
    from ..case import Tolerance

    if text == "auto":
        return "auto"
    try:
        value = float(text)
        if not 0 <= value < float("inf"):
            raise ValueError
    except ValueError:
        raise click.UsageError(
            f"--tolerance {text!r}; allowed: auto, or a number, 0 or more"
        ) from None
    return Tolerance(atol=value)


class Progress:
    """A line on standard error while workers start and cases run; nothing without a terminal."""

    def __enter__(self) -> Progress:
        self._shown = sys.stderr.isatty()
        self._write("starting the frameworks ...")
        return self

    def __call__(self, count: int, result: CaseResult) -> None:
        self._write(f"{count} results; last: {result.implementation} on {result.case.id}")

    def __exit__(self, *_: object) -> None:
        self._write("")

    def _write(self, text: str) -> None:
        if self._shown:
            width = _width(sys.stderr.fileno()) - 1
            sys.stderr.write("\r\x1b[K" + text[:width])
            sys.stderr.flush()


def _terminal(color: bool | None) -> Terminal:
    from ..reporters import Terminal

    is_terminal = sys.stdout.isatty()
    if color is None:
        color = is_terminal and not os.environ.get("NO_COLOR")
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isdigit() else 120
    if is_terminal:
        width = _width(sys.stdout.fileno())
    return Terminal(max(width, 40), bool(color), encoding.startswith("utf"))


def _width(fileno: int) -> int:
    try:
        return os.get_terminal_size(fileno).columns or 80
    except OSError:
        return 80
