"""What `calibrate` measured, as text and as Markdown. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from xent_check.results.columns import aligned
from xent_check.results.number_text import small
from xent_check.search.calibrate import Calibration, CalibrationRecord, rows

from .formats import Terminal
from .markdown_text import inline
from .markdown_text import table as markdown_table
from .terminal_lines import Line, drawn

_LEGEND = (
    "largest error in units of u, half the spacing at 1: of exp of 0 and less and log1p of 0 and "
    "more, as losses call them, of all arguments in parentheses; subnormals, of exp, and as "
    "arguments, of log: kept, or flushed to 0"
)


def table(record: CalibrationRecord, news: Sequence[str], terminal: Terminal) -> str:
    """A row for each framework, mode and dtype. news: what differs from the shipped table."""
    lines = [Line(text) for text in aligned([*_cells(record)])]
    lines += [Line(""), Line(_LEGEND, "dim"), *(Line(text, "bold") for text in news)]
    return "\n".join(drawn(lines, terminal)) + "\n"


def markdown(record: CalibrationRecord, news: Sequence[str], _: Terminal) -> str:
    """The same in Markdown."""
    head, *body = _cells(record)
    lines = [*markdown_table(list(map(inline, head)), body), "", f"{inline(_LEGEND)}."]
    lines += ["", f"Measured on {inline(record.machine.line)}.", *(f"\n{inline(n)}." for n in news)]
    return "\n".join(lines) + "\n"


def _cells(record: CalibrationRecord) -> Iterator[Sequence[str]]:
    names = [one.function for one in next(rows(record))[1]]
    yield ("", "version", "dtype", "arguments", *names, "subnormals", "as arguments")
    for first, group in rows(record):
        by_name = {one.function: one for one in group}
        arguments = f"{first.arguments:,}"
        yield (
            first.framework + f":{first.mode}" * bool(first.mode),
            first.version,
            first.dtype,
            arguments,
            *(_error(by_name[name]) for name in names),
            by_name["exp"].subnormal,
            by_name["log"].subnormal,
        )


def _error(one: Calibration) -> str:
    if one.failed:
        return "failed"
    if one.error_of_all <= one.error:
        return _number(one.error, one.at)
    return f"{_number(one.error, one.at)} ({_number(one.error_of_all, one.at_of_all)})"


def _number(error: float, at: float) -> str:
    return small(error) if math.isfinite(error) else f"{error} at {small(at)}"
