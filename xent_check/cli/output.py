"""The outputs of reports."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from xent_check.history.whole_file import write_whole
from xent_check.reporters.formats import REPORTERS

from .guarding import as_json, guarded, guarded_report, unguarded

if TYPE_CHECKING:
    from xent_check.reporters.formats import Terminal
    from xent_check.results.report import Report


@dataclass(frozen=True)
class Look:
    """How the table is shown."""

    color: bool | None = None  # None: where standard output is a terminal that takes colours
    verbosity: int = 0  # -1 with -q, else how many -v there are

    @classmethod
    def of(cls, color: bool | None, verbose: int, quiet: bool) -> Look:
        """The look for the values of `look_options`; UsageError for -q beside -v."""
        if quiet and verbose:
            raise click.UsageError("-q and -v: one or the other")
        return cls(color, -1 if quiet else verbose)


@dataclass(frozen=True)
class Output:
    """Where a report is written."""

    format: str  # a name of REPORTERS
    file: Path | None  # None for standard output

    def write(self, report: Report, look: Look) -> str:
        """Write the report; the error in words, or ""."""
        from xent_check.reporters.formats import reporter

        render = reporter(self.format).render
        return self.write_text(lambda terminal: render(report, terminal), look)

    def write_text(self, render: Callable[[Terminal], str], look: Look) -> str:
        """Write a text; the error in words, or "". A file is replaced whole or not at all; to the
        summary of a GitHub step, which its commands share, the text is appended."""
        from xent_check.reporters.formats import Terminal

        try:
            if self.file is None:
                text = guarded_report(render(terminal(look)), self.format)
                click.echo(text, file=unguarded(sys.stdout), nl=False, color=True)
            else:
                write = append if _is_step_summary(self.file) else write_whole
                text = render(Terminal(verbosity=look.verbosity))
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


def outputs_of(reports: Sequence[str], formats: Sequence[str] = REPORTERS) -> list[Output]:
    """The outputs that `--report` names, and the table on standard output where none of them goes
    there. formats: those that there are. UsageError where two reports would replace one file, or a
    text is invalid."""
    outputs = [_output(report, formats) for report in reports]
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


def finish(report: Report, outputs: Sequence[Output], look: Look) -> NoReturn:
    """Write the report everywhere, and end with its exit code: Exit; UsageError for what cannot be
    written, once all else is."""
    end([output.write(report, look) for output in outputs], int(report.exit_code))


def end(errors: Sequence[str], code: int) -> NoReturn:
    """End with an exit code: Exit; UsageError where there are errors of `Output.write`."""
    if unwritten := [error for error in errors if error]:
        raise click.UsageError("; ".join(unwritten))
    raise click.exceptions.Exit(code)


def _output(text: str, formats: Sequence[str]) -> Output:
    from xent_check.errors import Mistake, did_you_mean, mistake_text
    from xent_check.reporters.formats import why_unwritable

    name, equals, file = text.partition("=")
    if name not in formats:
        allowed, hint = ", ".join(formats), did_you_mean(name, formats)
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


def terminal(look: Look) -> Terminal:
    """The properties of standard output as a terminal."""
    from xent_check.reporters.formats import Terminal

    is_terminal, color = sys.stdout.isatty(), look.color
    if color is None:
        color = is_terminal and not os.environ.get("NO_COLOR") and not is_dumb()
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    columns = os.environ.get("COLUMNS", "")
    width, height = int(columns) if columns.isdigit() else 120, Terminal.height
    if is_terminal:
        width, height = _size(sys.stdout.fileno())
    unicode = encoding.startswith("utf")
    return Terminal(max(width, 40), height, bool(color), unicode, look.verbosity)


def is_dumb() -> bool:
    """Whether the terminal takes no escape sequences."""
    return os.environ.get("TERM", "") in ("dumb", "unknown")


def _size(fileno: int) -> tuple[int, int]:
    """The columns and lines of a terminal; 80 and 24 where it does not say."""
    try:
        columns, lines = os.get_terminal_size(fileno)
    except OSError:
        columns = lines = 0
    return columns or 80, lines or 24
