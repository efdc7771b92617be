"""The outputs of reports, and the progress on standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from xent_check.history.whole_file import write_whole

from .guarding import as_json, guarded, guarded_report, unguarded

if TYPE_CHECKING:
    from xent_check.reporters.formats import Terminal
    from xent_check.results.report import CaseResult, Report


@dataclass(frozen=True)
class Output:
    """Where a report is written."""

    format: str
    file: Path | None  # None for standard output

    def write(self, report: Report, color: bool | None) -> str:
        """Write the report; the error in words, or "". A file is replaced whole or not at all; to
        the summary of a GitHub step, which its commands share, the report is appended."""
        from xent_check.reporters.formats import Terminal, reporter

        render = reporter(self.format).render
        try:
            if self.file is None:
                text = guarded_report(render(report, terminal(color)), self.format)
                click.echo(text, file=unguarded(sys.stdout), nl=False, color=True)
            else:
                write = append if _is_step_summary(self.file) else write_whole
                text = render(report, Terminal())
                is_stream = self.file.exists() and not self.file.is_file()
                write(self.file, guarded_report(text, self.format) if is_stream else text)
        except BrokenPipeError:
            raise
        except OSError as error:
            return f"{self.file or 'standard output'}: {error.strerror}"
        return ""


def append(file: Path, text: str) -> None:
    """Write the text at the end of the file."""
    with file.open("a", encoding="utf-8") as out:
        out.write(text)


def _is_step_summary(file: Path) -> bool:
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    return bool(summary) and file == Path(str(summary))


def outputs_of(reports: Sequence[str]) -> list[Output]:
    """The outputs that `--report` names, and the table on standard output where none of them goes
    there. UsageError where two reports would replace one file, or a text is invalid."""
    outputs = [_output(report) for report in reports]
    files = [o.file for o in outputs if o.file is not None]
    whole = [os.path.realpath(file) for file in files if _is_replaced(file)]
    twice = next((file for file in whole if whole.count(file) > 1), None)
    if twice is not None:
        raise click.UsageError(f"--report: two reports for {twice}; give each a file of its own")
    on_stdout = any(o.file is None or _is_stdout(o.file) for o in outputs)
    return outputs if on_stdout else [Output("table", None), *outputs]


def _is_stdout(file: Path) -> bool:
    """Whether the file is where standard output goes, as /dev/stdout is."""
    try:
        return os.path.samestat(os.stat(file), os.fstat(sys.stdout.fileno()))
    except (OSError, ValueError):  # no such file; a standard output that is none
        return False


def _is_replaced(file: Path) -> bool:
    """Whether writing replaces the file's content. A name that no file can have is reported when it
    is written."""
    return not _is_step_summary(file) and (os.path.isfile(file) or not os.path.exists(file))


def finish(report: Report, outputs: Sequence[Output], color: bool | None) -> NoReturn:
    """Write the report everywhere, and end with its exit code."""
    unwritten = [problem for output in outputs if (problem := output.write(report, color))]
    if unwritten:
        raise click.UsageError("; ".join(unwritten))
    raise click.exceptions.Exit(int(report.exit_code))


def _output(text: str) -> Output:
    from xent_check.errors import Mistake, did_you_mean, mistake_text
    from xent_check.reporters.formats import REPORTERS, why_unwritable

    name, equals, file = text.partition("=")
    if name not in REPORTERS:
        allowed, hint = ", ".join(REPORTERS), did_you_mean(name, REPORTERS)
        raise click.UsageError(mistake_text(Mistake((), f"--report {name!r}", allowed, hint)))
    if why := why_unwritable(name):
        raise click.UsageError(f"--report {name} {why}")
    if equals and not file:
        raise click.UsageError(f"--report {text!r}: no file after '='")
    if file and not os.path.isdir(Path(file).parent):
        raise click.UsageError(f"--report {text}: no folder {Path(file).parent}")
    if os.path.isdir(file):
        raise click.UsageError(f"--report {text}: {file} is a folder")
    return Output(name, Path(file) if file else None)


def echo_json(data: object) -> None:
    """Print a JSON document on standard output."""
    text = json.dumps(data, indent=1)
    click.echo(guarded(text, as_json))


class Progress:
    """A line on standard error while workers start and cases run; nothing without a terminal that
    takes escape sequences."""

    def __enter__(self) -> Progress:
        self._shown = sys.stderr.isatty() and not _is_dumb()
        self._write("starting the frameworks ...")
        return self

    def __call__(self, count: int, result: CaseResult) -> None:
        self._write(f"{count} results; last: {result.implementation} on {result.case.id}")

    def __exit__(self, *_: object) -> None:
        self._write("")

    def _write(self, text: str) -> None:
        if self._shown:
            width = _width(sys.stderr.fileno()) - 1
            stream = unguarded(sys.stderr)
            stream.write("\r\x1b[K" + guarded(text)[:width])
            stream.flush()


def terminal(color: bool | None) -> Terminal:
    """The properties of standard output as a terminal."""
    from xent_check.reporters.formats import Terminal

    is_terminal = sys.stdout.isatty()
    if color is None:
        color = is_terminal and not os.environ.get("NO_COLOR") and not _is_dumb()
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isdigit() else 120
    if is_terminal:
        width = _width(sys.stdout.fileno())
    return Terminal(max(width, 40), bool(color), encoding.startswith("utf"))


def _is_dumb() -> bool:
    """Whether the terminal takes no escape sequences."""
    return os.environ.get("TERM", "") in ("dumb", "unknown")


def _width(fileno: int) -> int:
    try:
        return os.get_terminal_size(fileno).columns or 80
    except OSError:
        return 80
