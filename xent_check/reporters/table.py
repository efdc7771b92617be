"""The terminal report: a matrix of verdicts, then each divergence with its samples."""

from __future__ import annotations

import io
from collections.abc import Iterable

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..report import STATUSES, CaseResult, Report, Status
from ..wording import Samples, samples, sentence, small
from . import Terminal
from .matrix import Matrix, MatrixRow

_STYLES: dict[Status, str] = {
    "agrees": "green",
    "known": "cyan",
    "diverges": "bold red",
    "failed": "bold magenta",
    "unsupported": "dim",
    "missing": "yellow",
}
_MARKS: dict[Status, tuple[str, str]] = {  # with Unicode, and without
    "agrees": ("✓", "ok"),
    "known": ("≈", "~"),
    "diverges": ("✗", "X"),
    "failed": ("!", "!"),
    "unsupported": ("·", "."),
    "missing": ("?", "?"),
}


def render(report: Report, terminal: Terminal) -> str:
    """The report for a terminal of the given width."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=terminal.width,
        force_terminal=terminal.color,
        color_system="standard" if terminal.color else None,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    if report.results:
        matrix = Matrix.of(report)
        numbers = _room_for_numbers(matrix, terminal.width)
        console.print(_matrix(matrix, terminal, numbers))
        console.print(_legend(report, terminal, numbers))
    for result in report.results:
        if report.verbose or result.status in ("diverges", "failed"):
            _print_details(console, result, report.verbose)
    _print_notes(console, report)
    console.print(_summary(report))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _room_for_numbers(matrix: Matrix, width: int) -> bool:
    return _names_width(matrix) + sum(max(len(c), 9) + 2 for c in matrix.columns) <= width


def _names_width(matrix: Matrix) -> int:
    return max(len(row.case.name) for row in matrix.rows) + 2


def _matrix(matrix: Matrix, terminal: Terminal, numbers: bool) -> Table:
    table = Table(
        box=SIMPLE_HEAD if terminal.unicode else None, pad_edge=False, padding=(0, 1, 0, 0)
    )
    table.add_column("case", overflow="fold", min_width=min(_names_width(matrix), 16))
    for column in matrix.columns:
        table.add_column(_heading(column), justify="left", no_wrap=False)
    shown = ""
    for row in matrix.rows:
        if row.case.shown != shown:
            shown = row.case.shown
            table.add_row(Text(shown, style="bold"))
        table.add_row(f"  {row.case.name}", *_cells(row, terminal, numbers))
    return table


def _heading(name: str) -> str:
    return name.replace(":", ":\n").replace("@", "\n@")


def _cells(row: MatrixRow, terminal: Terminal, numbers: bool) -> Iterable[Text]:
    for result in row.cells:
        if result is None:
            yield Text("")
            continue
        text = _mark(result.status, terminal)
        if numbers and result.comparison is not None and result.comparison.losses.actual.size:
            losses = result.comparison.losses
            worst = losses.abs_diff[losses.worst]
            text += f" {worst:.0e}" if np.isfinite(worst) else " nan/inf"
        yield Text(text, style=_STYLES[result.status])


def _mark(status: Status, terminal: Terminal) -> str:
    return _MARKS[status][0 if terminal.unicode else 1]


def _legend(report: Report, terminal: Terminal, numbers: bool) -> Text:
    legend = Text()
    for status in STATUSES:
        if report.counts[status]:
            legend.append(f"{_mark(status, terminal)} {status}", style=_STYLES[status])
            legend.append("   ")
    if numbers:
        legend.append("numbers: the largest difference of a loss from the exact value", style="dim")
    return legend


def _print_details(console: Console, result: CaseResult, verbose: bool) -> None:
    console.print()
    console.print(Text(sentence(result), style=_STYLES[result.status]))
    call = getattr(result.evaluation, "call", "")
    if call:
        console.print(Padding(Text(f"call: {call}", style="dim"), (0, 0, 0, 2)))
    if result.comparison is not None and result.status != "unsupported":
        tolerance = result.case.fields.tolerance
        line = f"case: {result.case.shown}:{result.case.line}   tolerance: {tolerance}"
        console.print(Padding(Text(line, style="dim"), (0, 0, 0, 2)))
    table = samples(result, verbose)
    if table is not None and table.rows:
        console.print(Padding(_samples(table), (0, 0, 0, 2)))
    if table is not None and table.left_out:
        console.print(f"  and {table.left_out} more samples")


def _samples(samples: Samples) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in samples.headings:
        table.add_column(heading, justify="left" if heading == "sample" else "right")
    for row in samples.rows:
        table.add_row(*row.cells, style="" if row.agrees else "red")
    return table


def _print_notes(console: Console, report: Report) -> None:
    notes = [
        f"{result.implementation} on {result.case.id}: {note}"
        for result in report.results
        for note in result.notes
    ]
    absent = {
        result.implementation: result.reason
        for result in report.results
        if result.status == "missing"
    }
    notes += [f"{name} is missing: {reason}" for name, reason in absent.items()]
    if notes or report.warnings:
        console.print()
    for note in (*notes, *report.warnings):
        console.print(Text(f"note: {note}", style="yellow"))


def _summary(report: Report) -> Text:
    counts = ", ".join(f"{s} {report.counts[s]}" for s in STATUSES if report.counts[s])
    style = "bold green" if report.exit_code == 0 else "bold red"
    text = Text()
    text.append(f"\n{report.verdict}", style=style)
    text.append(f": {report.cases} case{'' if report.cases == 1 else 's'}; ")
    text.append(counts or "nothing compared")
    text.append(f" in {small(report.seconds)} s")
    if report.stopped:
        text.append(f" ({report.stopped})")
    return text
