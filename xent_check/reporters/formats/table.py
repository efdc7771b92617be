"""The terminal report: a matrix of verdicts, then each divergence with its samples."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.text import Text

from xent_check.errors import visible_lines
from xent_check.results.behaviour import gradient_status, judgement_lines
from xent_check.results.durations import sections
from xent_check.results.number_text import tidy
from xent_check.results.report import STATUSES, CaseResult, Report

from ..change_sentences import ChangeLine, gate_lines, gate_summary, variant_lines, variant_summary
from ..matrix import Matrix
from ..outcome import summary
from ..sentences import absences, notes, number_tables, sentence, versions
from ..terminal_matrix import STYLES, draw, mark
from . import Terminal


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
    console.push_render_hook(_AllVisible())
    if report.results:
        drawing = draw(Matrix.of(report, gradients=True), terminal)
        for line in drawing.lines:
            console.print(line, soft_wrap=True)
        console.print(_legend(report, terminal, drawing.numbers))
    for result in report.results:
        if report.verbose or result.status in ("diverges", "failed"):
            _print_details(console, result, report.verbose)
    _print_changes(console, report)
    _print_notes(console, report)
    _print_durations(console, report)
    console.print(_summary(report))
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n")).rstrip("\n") + "\n"


class _AllVisible(RenderHook):
    """The colours of the report are its own: an escape sequence in a text is shown as text."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Visible(renderable) for renderable in renderables]


@dataclass(frozen=True)
class _Visible:
    of: ConsoleRenderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self.of, options):
            yield Segment(visible_lines(segment.text), segment.style, segment.control)


def _legend(report: Report, terminal: Terminal, numbers: bool) -> Text:
    legend = Text("\n")
    for status in STATUSES:
        if report.counts[status]:
            legend.append(f"{mark(status, terminal)} {status}", style=STYLES[status])
            legend.append("   ")
    if numbers:
        what = "a loss"
        if any(gradient_status(result) for result in report.results):
            what += ", or an entry of the gradient,"
        legend.append(
            f"\nnumbers: the largest difference of {what} from the exact value", style="dim"
        )
    return legend


def _print_details(console: Console, result: CaseResult, verbose: bool) -> None:
    console.print()
    console.print(Text(sentence(result), style=STYLES[result.status]))
    call = getattr(result.evaluation, "call", "")
    if call:
        console.print(Padding(Text(f"call: {call}", style="dim"), (0, 0, 0, 2)))
    if result.comparison is not None and result.status != "unsupported":
        tolerance = result.case.fields.tolerance
        allowed = tidy(str(tolerance))
        line = f"case: {result.case.shown}:{result.case.line}   tolerance: {allowed}"
        console.print(Padding(Text(line, style="dim"), (0, 0, 0, 2)))
    for line in judgement_lines(result, verbose):
        console.print(Padding(Text(line, style="dim"), (0, 0, 0, 2)))
    for table in number_tables(result, verbose):
        headings, *lines = (f"  {line}" for line in table.lines)
        console.print(Text(headings, style="bold"), soft_wrap=True)
        for row, line in zip(table.rows, lines, strict=True):
            console.print(Text(line, style="" if row.agrees else "red"), soft_wrap=True)
        if table.rest:
            console.print(f"  {table.rest}")


def _print_changes(console: Console, report: Report) -> None:
    for variants in report.variants:
        console.print(Text(f"\n{variant_summary(variants)}", style="bold"))
        _print_lines(console, variant_lines(variants, report.verbose))
    gate = report.gate
    if gate is not None:
        console.print(Text(f"\n{gate_summary(gate)}", style="bold"))
        _print_lines(console, gate_lines(gate, report.verbose))
        for note in gate.notes:
            console.print(Padding(Text(note, style="yellow"), (0, 0, 0, 2)))


def _print_lines(console: Console, lines: Sequence[ChangeLine]) -> None:
    for line in lines:
        style = "red" if line.fails else ""
        console.print(Padding(Text(line.text, style=style), (0, 0, 0, 2)))


def _print_notes(console: Console, report: Report) -> None:
    said = [*notes(report), *absences(report), *report.warnings]
    if said:
        console.print()
    for note in said:
        console.print(Text(f"note: {' '.join(note.split())}", style="yellow"))


def _print_durations(console: Console, report: Report) -> None:
    for section in sections(report):
        console.print(Text(f"\n{section.heading}", style="bold"))
        for line in section.lines:
            console.print(Text(f"  {line}"), soft_wrap=True)


def _summary(report: Report) -> Text:
    answered = versions(report)
    text = Text(f"\n{answered}\n" if answered else "\n", style="dim")
    style = "bold green" if report.exit_code == 0 else "bold red"
    verdict, colon, counts = summary(report, timed=True).partition(":")
    return Text.assemble(text, (verdict, style), colon, counts)
