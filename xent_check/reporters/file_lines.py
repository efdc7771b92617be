"""A line for each case file: how many cases, and how many answers of each status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from xent_check.results.number_text import count_of
from xent_check.results.report import CaseResult, Report, Status

from .formats import Terminal
from .outcome import status_count
from .terminal_matrix import STYLES

# What is wrong stands first.
_ORDER: tuple[Status, ...] = ("diverges", "failed", "agrees", "known", "unsupported", "missing")
_LEAST_ROOM = 24  # characters for the counts
_LEAST_CASES = len("1 cases")
_GAP = 2


def file_lines(report: Report, terminal: Terminal) -> Iterator[Text]:
    """The files in the report's order. Counts fold within their column; a name that leaves no room
    for them has a line of its own. What was not answered is counted where nothing else is."""
    by_file: dict[str, list[CaseResult]] = {}
    for result in report.results:
        by_file.setdefault(result.case.shown, []).append(result)
    cases = {
        file: f"{count_of(len({r.case.id for r in of}), 'case'):<{_LEAST_CASES}}"
        for file, of in by_file.items()
    }
    of_cases = max(map(len, cases.values()), default=0)
    counts = {file: _counts(results) for file, results in by_file.items()}
    digits = max((_digits(first) for first, *_ in counts.values()), default=0)
    most = terminal.width - of_cases - 2 * _GAP - _LEAST_ROOM
    names = max((cell_len(file) for file in by_file if cell_len(file) <= most), default=0)
    room = terminal.width - names - of_cases - 2 * _GAP
    for file, (first, *others) in counts.items():
        start = Text(file)
        if cell_len(file) > names:
            yield start
            start = Text()
        start.append(" " * (names - cell_len(start.plain)))
        start.append(f"{'':{_GAP}}{cases[file]:>{of_cases}}{'':{_GAP}}", style="dim")
        first.pad_left(digits - _digits(first))
        for line in folded([first, *others], room, ","):
            yield Text.assemble(start, line)
            start = Text(" " * cell_len(start.plain))


def _digits(count: Text) -> int:
    return len(count.plain.partition(" ")[0])


def _counts(results: Sequence[CaseResult]) -> list[Text]:
    count = Counter(result.status for result in results)
    shown = [status for status in _ORDER if count[status]]
    answered = [status for status in shown if status not in ("unsupported", "missing")]
    shown = answered or shown
    return [Text(status_count(status, count[status]), style=STYLES[status]) for status in shown]


def folded(parts: Sequence[Text], room: int, mark: str) -> Iterator[Text]:
    """The parts with a mark between them, on as many lines as they need, none of them cut."""
    line = Text()
    for index, part in enumerate(parts):
        after = mark if index + 1 < len(parts) else ""
        if line and cell_len(line.plain) + 1 + cell_len(part.plain) + len(after) > room:
            yield line
            line = Text()
        line = Text.assemble(line, " " if line else "", part, after)
    yield line
