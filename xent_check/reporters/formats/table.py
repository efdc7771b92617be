"""The terminal report: the files or the matrix, then each divergence with its samples."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.text import Text

from xent_check.errors import ExitCode, and_more, visible_lines
from xent_check.results.behaviour import gradient_status, judgement_lines
from xent_check.results.durations import sections
from xent_check.results.number_text import tidy
from xent_check.results.report import STATUSES, CaseResult, Report

from ..alarms import alarms_of
from ..change_sentences import ChangeLine, gate_lines, gate_summary, variant_lines, variant_summary
from ..file_lines import file_lines, folded
from ..level import Level, answered, level_of, noteworthy
from ..matrix import Matrix
from ..outcome import summary
from ..remarks import absences, findings_of_own, remarks, silent, unanswered
from ..sentences import number_tables, sentence, traceback_lines, versions
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
    matrix = Matrix.of(report, gradients=True)
    level = level_of(answered(matrix), terminal)
    for took in findings_of_own(report):
        console.print(Text(took, style="dim"))
    if level == Level.FAILURES:
        _print_failures(console, report, terminal)
    else:
        _print_results(console, report, matrix, level, terminal)
        _print_changes(console, report, terminal)
        silences = silent(report) if level == Level.FILES else []
        _print_remarks(console, [*silences, *remarks(report, terminal.verbosity > 0)])
    _print_durations(console, report)
    for line in _summary(report, level, terminal):
        console.print(line)
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n")).strip("\n") + "\n"


class _AllVisible(RenderHook):
    """The colours of the report are its own: an escape sequence in a text is shown as text."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Each of what is printed, its escape sequences made visible."""
        return [_Visible(renderable) for renderable in renderables]


@dataclass(frozen=True)
class _Visible:
    renderable: ConsoleRenderable  # may hold escape sequences

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self.renderable, options):
            yield Segment(visible_lines(segment.text), segment.style, segment.control)


def _print_results(
    console: Console, report: Report, matrix: Matrix, level: Level, terminal: Terminal
) -> None:
    """The files or the matrix, and each result in detail that is not as it should be, or every
    one."""
    shown, left_out = answered(matrix), 0
    if level == Level.FILES:
        for line in file_lines(report, terminal):
            console.print(line, soft_wrap=True)
        console.print(Text(_how_to_read(report), style="dim"))
        shown, left_out = noteworthy(report, matrix)
        if shown.rows:
            console.print()
    if shown.rows:
        drawing = draw(shown, terminal)
        for line in drawing.lines:
            console.print(line, soft_wrap=True)
        more = and_more(left_out)
        if more:
            console.print(f"{more} cases that the baseline has otherwise: -v shows them")
        console.print(_legend(report, shown, terminal, drawing.numbers))
    everything = level == Level.SAMPLES
    for result in report.results:
        if everything or result.status in ("diverges", "failed"):
            _print_details(console, result, sentence(result), everything, terminal)


def _how_to_read(report: Report) -> str:
    accepted = " or the baseline accepts" if report.gate is not None else ""
    meaning = f"known: diverges as its case declares{accepted}, with the reason\n"
    meaning = meaning if report.counts["known"] else ""
    cases = f"{report.cases} cases" if report.cases > 1 else "the case"
    return f"\n{meaning}-v shows the matrix of {cases}, -vv every sample"


def _print_failures(console: Console, report: Report, terminal: Terminal) -> None:
    """What makes the run fail; where nothing was compared, why."""
    for alarm in alarms_of(report):
        result = alarm.result
        if result is not None and result.status in ("diverges", "failed"):
            _print_details(console, result, alarm.sentence, False, terminal)
        elif result is None or not (result.required and result.status == "missing"):
            console.print(Text(f"\n{alarm.sentence}", style="red"))
    nothing = report.exit_code == ExitCode.NOTHING_COMPARED
    lines = absences(report, required=not nothing)
    if nothing:
        lines += [*unanswered(report), *(report.gate.notes if report.gate is not None else ())]
    _print_remarks(console, lines)


def _legend(report: Report, matrix: Matrix, terminal: Terminal, numbers: bool) -> Text:
    results = [result for row in matrix.rows for result in row.cells if result is not None]
    present = {result.status for result in results}
    legend = Text("\n")
    for status in STATUSES:
        if status in present:
            legend.append(f"{mark(status, terminal)} {status}", style=STYLES[status])
            legend.append("   ")
    if numbers:
        subject = "a loss"
        if any(gradient_status(result) for result in results):
            subject += ", or an entry of the gradient,"
        legend.append(
            f"\nnumbers: the largest difference of {subject} from the exact value", style="dim"
        )
    hidden = [name for name in report.scope.chosen or () if name not in matrix.columns]
    if hidden:
        legend.append(f"\nnot shown, since none ran here: {', '.join(hidden)}", style="dim")
    return legend


def _print_details(
    console: Console, result: CaseResult, words: str, everything: bool, terminal: Terminal
) -> None:
    console.print()
    console.print(Text(words, style=STYLES[result.status]))
    call = getattr(result.evaluation, "call", "")
    if call:
        console.print(Padding(Text(f"call: {call}", style="dim"), (0, 0, 0, 2)))
    traceback = traceback_lines(result) if terminal.verbosity >= 0 else []
    if traceback and terminal.verbosity == 0:
        traceback = ["-v shows the traceback"]
    for line in traceback:
        console.print(Padding(Text(line, style="dim"), (0, 0, 0, 2)))
    if result.comparison is not None and result.status != "unsupported":
        tolerance = result.case.fields.tolerance
        allowed = tidy(str(tolerance))
        place = f"case: {result.case.place}   " if result.case.place else ""
        line = f"{place}tolerance: {allowed}"
        console.print(Padding(Text(line, style="dim"), (0, 0, 0, 2)))
    for line in judgement_lines(result, terminal.verbosity > 0):
        console.print(Padding(Text(line, style="dim"), (0, 0, 0, 2)))
    for numbers in number_tables(result, everything):
        table = numbers.within(terminal.width - 2)
        headings, *lines = (f"  {line}" for line in table.lines)
        console.print(Text(headings, style="bold"), soft_wrap=True)
        for row, line in zip(table.rows, lines, strict=True):
            console.print(Text(line, style="" if row.agrees else "red"), soft_wrap=True)
        if table.rest:
            console.print(f"  {table.rest}")


def _print_changes(console: Console, report: Report, terminal: Terminal) -> None:
    everything = terminal.verbosity > 0
    for variants in report.variants:
        console.print(Text(f"\n{variant_summary(variants)}", style="bold"))
        _print_lines(console, variant_lines(variants, everything))
    gate = report.gate
    if gate is not None:
        console.print(Text(f"\n{gate_summary(gate)}", style="bold"))
        _print_lines(console, gate_lines(gate, everything))
        for note in gate.notes:
            console.print(Padding(Text(note, style="yellow"), (0, 0, 0, 2)))


def _print_lines(console: Console, lines: Sequence[ChangeLine]) -> None:
    for line in lines:
        style = "red" if line.fails else ""
        console.print(Padding(Text(line.text, style=style), (0, 0, 0, 2)))


def _print_remarks(console: Console, lines: Sequence[str]) -> None:
    if lines:
        console.print()
    for remark in lines:
        console.print(Text(f"note: {' '.join(remark.split())}", style="yellow"))


def _print_durations(console: Console, report: Report) -> None:
    for section in sections(report):
        console.print(Text(f"\n{section.heading}", style="bold"))
        for line in section.lines:
            console.print(Text(f"  {line}"), soft_wrap=True)


def _summary(report: Report, level: Level, terminal: Terminal) -> Iterator[Text]:
    """The versions, but with -q, and the outcome, a line for as many clauses as fit it."""
    yield Text()
    answered_by = versions(report)
    if answered_by and level != Level.FAILURES:
        yield Text(answered_by, style="dim")
    verdict, colon, clauses = summary(report, timed=True).partition(":")
    first, *others = clauses.split("; ")
    style = "bold green" if report.exit_code == ExitCode.AGREES else "bold red"
    parts = [Text.assemble((verdict, style), colon, first), *map(Text, others)]
    yield from folded(parts, terminal.width, ";")
