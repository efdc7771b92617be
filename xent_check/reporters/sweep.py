"""What a sweep counted, as text and as Markdown. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np

from xent_check.results.columns import aligned
from xent_check.results.number_text import small
from xent_check.search.sweeping.domain import Domain
from xent_check.search.sweeping.sweep import Swept
from xent_check.search.sweeping.tally import ULPS, Worst

from .formats import Terminal
from .markdown_text import inline
from .markdown_text import table as markdown_table
from .terminal_lines import Line, drawn

_HEAD = (
    "", "version", "diverging", "nan", *(f"> {limit:g}" for limit in ULPS),
    "ulps", "at", "share", "at", "order",
)  # fmt: skip


def table(swept: Sequence[Swept], seconds: float, terminal: Terminal) -> str:
    """A table for each domain, then the outcome in one line."""
    lines: list[Line] = []
    for domain, group in groupby(swept, lambda one: one.domain):
        lines.append(Line(heading(domain), "bold"))
        of_domain = list(group)
        if rows := list(_rows(of_domain)):
            lines += [Line(text) for text in aligned([_HEAD, *rows])]
        lines += [*map(Line, _not_answered(of_domain)), Line("")]
    lines += [Line(_LEGEND, "dim"), Line(summary(swept, seconds), "bold", 2)]
    return "\n".join(drawn(lines, terminal)) + "\n"


_LEGEND = (
    "> 0.5 to > 4, ulps: answers off by more, and the worst; share: of what rounding explains; "
    "order: two neighbours the wrong way round"
)


def markdown(swept: Sequence[Swept], seconds: float, _: Terminal) -> str:
    """The same as tables of Markdown."""
    lines: list[str] = [inline(summary(swept, seconds)), ""]
    for domain, group in groupby(swept, lambda one: one.domain):
        of_domain = list(group)
        lines += [f"### {inline(heading(domain))}", ""]
        if rows := list(_rows(of_domain)):
            lines += [*markdown_table(list(map(inline, _HEAD)), rows), ""]
        lines += [f"{inline(text)}\n" for text in _not_answered(of_domain)]
    return "\n".join(lines)


def _not_answered(group: Sequence[Swept]) -> list[str]:
    """A line for each that did not answer all."""
    lines = []
    for one in group:
        if one.absent:
            inputs = one.tally.inputs
            further = f"not further than {inputs:,} inputs: " if inputs else ""
            lines.append(f"{one.implementation.name}: {further}{one.absent}")
    return lines


def heading(domain: Domain) -> str:
    """What is swept, in words."""
    what = "gradient" if domain.gradient else "loss"
    kind = "label" if domain.loss == "binary" else "class"
    of = "" if domain.loss == "binary" else ", all pairs"
    if domain.stride > 1:
        of += f", one in {domain.stride:,} of {domain.numbers:,} numbers"
    ends = f"{small(domain.low, 9)} to {small(domain.high, 9)}"
    return (
        f"{domain.loss} from {domain.given}, {domain.dtype}, {kind} {domain.label}, {what}: "
        f"{domain.count:,} inputs{of}, {ends}"
    )


def _rows(group: Sequence[Swept]) -> Iterator[tuple[str, ...]]:
    """A row for each that answered some inputs."""
    for one in group:
        tally = one.tally
        if not tally.inputs:
            continue
        yield (
            one.implementation.name,
            one.implementation.version,
            f"{tally.diverging:,}",
            f"{tally.nan:,}",
            *(f"{count:,}" for count in tally.over),
            _size(tally.by_ulps),
            _input(one.domain, tally.by_ulps),
            _size(tally.by_share),
            _input(one.domain, tally.by_share),
            f"{tally.breaks:,}",
        )


def _size(worst: Worst) -> str:
    return "inf" if math.isinf(worst.size) else small(worst.size)


def _input(domain: Domain, worst: Worst) -> str:
    scores = np.atleast_1d(domain.scores_at(worst.place)[0]).astype(np.float64)
    return ", ".join(small(float(score), 6) for score in scores)


def summary(swept: Sequence[Swept], seconds: float) -> str:
    """The outcome in one line."""
    wrong = [one for one in swept if one.tally.diverging]
    asked = sum(one.tally.inputs for one in swept)
    count = sum(one.tally.diverging for one in swept)
    names = ", ".join(dict.fromkeys(one.implementation.name for one in wrong))
    outcome = f"{count:,} of {asked:,} answers diverge ({names})"
    if not wrong:
        outcome = f"nothing diverges: {asked:,} answers" if asked else "nothing was compared"
    if asked and any(one.domain.stride > 1 for one in swept):
        outcome += "; what lies between these inputs was not asked"
    failed = ", ".join(dict.fromkeys(one.implementation.name for one in swept if one.failed))
    return f"{outcome}{f'; {failed} failed' * bool(failed)}; {small(seconds)} s"
