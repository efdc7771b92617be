"""What the end of a session of pytest says of its items, whose properties tell it: under
pytest-xdist they ran in other processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from xent_check.errors import and_more, visible

from .remarks import MAX_NOTES

if TYPE_CHECKING:
    import pytest

REASON = "xent because"  # a property of an item, and of its test in a JUnit file
NOTE = "xent note"  # likewise; an item has any number of them

Properties = Sequence[tuple[str, object]]


def sections(reporter: pytest.TerminalReporter) -> dict[str, list[str]]:
    """The lines that are to be said, by their title: the notes; and the reasons of known
    divergences, with -v or where passed or expected items are listed."""
    verbose = reporter.config.get_verbosity() > 0
    items = _properties(reporter, *reporter.stats)
    said = {"notes of xent-check": note_lines(items, verbose)}
    if verbose or {*"aAPx"} & {*reporter.config.option.reportchars}:
        said["known divergences"] = known_lines(_properties(reporter, "known"))
    return {title: lines for title, lines in said.items() if lines}


def known_lines(items: Mapping[str, Properties]) -> list[str]:
    """A line with the reason of each known divergence."""
    return [f"KNOWN {name} - {_line(dict(its).get(REASON, ''))}" for name, its in items.items()]


def note_lines(items: Mapping[str, Properties], everything: bool) -> list[str]:
    """The notes of the items, the same note on several in one line; all, or the first of many."""
    noted: dict[str, list[str]] = {}
    for name, its in items.items():
        for note in (_line(value) for key, value in its if key == NOTE):
            noted.setdefault(note, []).append(visible(name))
    lines = [f"{_items_text(names)}: {note}" for note, names in noted.items()]
    if len(lines) > MAX_NOTES and not everything:
        more = and_more(len(lines) - MAX_NOTES + 1)
        lines = [*lines[: MAX_NOTES - 1], f"{more} such notes: -v lists them"]
    return lines


def _properties(reporter: pytest.TerminalReporter, *outcomes: str) -> dict[str, Properties]:
    """The properties of the items that ended so, by their ids."""
    reports = (report for outcome in outcomes for report in reporter.getreports(outcome))
    called = (report for report in reports if getattr(report, "when", "") == "call")
    return {report.nodeid: [*map(tuple, report.user_properties)] for report in called}


def _items_text(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} items, the first {names[0]}"


def _line(value: object) -> str:
    return " ".join(str(value).split())
