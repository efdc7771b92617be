"""An atlas as text, as Markdown and as plain data. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from xent_check import __version__
from xent_check.history.machine import Machine
from xent_check.history.saved.parts import json_number
from xent_check.results.columns import aligned
from xent_check.results.number_text import small
from xent_check.search.atlas import Atlas, Coverage, Kind, Line, Worst

from .formats import Terminal
from .markdown_text import inline
from .markdown_text import table as markdown_table
from .terminal_lines import Line as TextLine
from .terminal_lines import drawn

HEADINGS = (
    "", "inputs", "ulps", "at (label)", "share", "at (label)", "> 1 ulp", "diverging", "nan",
    "order",
)  # fmt: skip
LEGEND = (
    "ulps, share: the largest error, in spacings of the dtype and of what rounding explains; "
    "diverging: answers beyond that; nan: where the exact value is none; order: neighbours the "
    "wrong way round; one number in N: what lies between was not asked, and may be worse"
)


def kind_title(kind: Kind) -> str:
    """`binary from logits, float32: loss`."""
    what = "gradient" if kind.check == "gradient" else "loss"
    classes = ", two classes" if kind.loss != "binary" else ""
    return f"{kind.loss}{classes} from {kind.given}, {kind.dtype}: {what}"


def coverage(atlas: Atlas, kind: Kind) -> str:
    """Which inputs were asked, in words; of which label or implementation, where not of all."""
    return "; ".join(_coverage_text(atlas, one) for one in atlas.coverage_of(kind))


def _coverage_text(atlas: Atlas, one: Coverage) -> str:
    record, both = one.record, one.labels == (0, 1)
    whose = ", ".join(map(atlas.name_of, one.of))
    if not both:
        whose = f"label {one.labels[0]}" + (f" of {whose}" if whose else "")
    low, high = (small(end, 9) for end in record.range)
    which = "every number" if record.stride == 1 else f"one number in {record.stride:,}"
    pairs = "" if record.loss == "binary" else ", in all pairs"
    on = ", and on towards the worst" if record.stride > 1 and record.loss == "binary" else ""
    inputs = f"{record.domain:,} inputs{' a label' if both else ''}"
    return f"{f'{whose}: ' if whose else ''}{which} from {low} to {high}{pairs} ({inputs}){on}"


def cells(atlas: Atlas, line: Line) -> tuple[str, ...]:
    """A row under HEADINGS."""
    worst, share = line.worst, line.worst_share
    return (
        atlas.name_of(line.who),
        f"{line.inputs:,}",
        _size(worst),
        place_text(worst),
        _size(share),
        place_text(share),
        _percent(line.over_ulps["1"], line.inputs),
        f"{line.diverging:,}",
        f"{line.nan:,}",
        f"{line.order_broken:,}",
    )


def _size(worst: Worst) -> str:
    return small(worst.record.size) if math.isfinite(worst.record.size) else "inf"


def place_text(worst: Worst) -> str:
    """The scores of an input, and its label."""
    return f"{', '.join(small(score, 6) for score in worst.place)} ({worst.label})"


def _percent(count: int, of: int) -> str:
    if 0 < count < of / 10_000:
        return "< 0.01%"
    return f"{count / of:.2%}"


def machine_lines(machines: Sequence[Machine]) -> list[str]:
    """A line for each machine with its instructions, numbered where there are several."""
    numbered = len(machines) > 1
    return [f"[{n}] " * numbered + machine.whole for n, machine in enumerate(machines, 1)]


def version_line(atlas: Atlas) -> str:
    """The releases, in one line."""
    return ", ".join(f"{name} {version}" for name, version in atlas.versions.items())


def sweep_lines(atlas: Atlas) -> list[str]:
    """A line for each sweep: when, by which xent-check, and its command."""
    return [
        f"{sweep.origin.started[:10]}, xent-check {sweep.xent_check}: {sweep.origin.command}"
        for _, sweep in atlas.sweeps
    ]


def absent_lines(atlas: Atlas) -> list[str]:
    """What was not answered, and what not wholly."""
    lines = [
        f"{name}: {reason} ({len(kinds)} of {len(_asked_kinds(atlas))} tables)"
        for (name, reason), kinds in atlas.absent.items()
    ]
    for line in atlas.lines:
        for reason in line.early:
            lines.append(f"{line.who.implementation}, {kind_title(line.kind)}: {reason}")
    return lines


def _asked_kinds(atlas: Atlas) -> set[Kind]:
    return {*atlas.kinds} | {kind for kinds in atlas.absent.values() for kind in kinds}


def table(atlas: Atlas, terminal: Terminal) -> str:
    """A table for each kind."""
    lines: list[TextLine] = []
    for kind in atlas.kinds:
        lines += [TextLine(kind_title(kind), "bold"), TextLine(coverage(atlas, kind), "dim")]
        rows = [HEADINGS, *(cells(atlas, line) for line in atlas.of(kind))]
        lines += [TextLine(text) for text in aligned(rows)]
        lines.append(TextLine(""))
    last = [LEGEND, *absent_lines(atlas), version_line(atlas), *machine_lines(atlas.machines)]
    lines += [TextLine(text, "dim") for text in last]
    return "\n".join(drawn(lines, terminal)) + "\n"


def markdown(atlas: Atlas, _: Terminal) -> str:
    """The same in Markdown, with the commands that make it again."""
    lines: list[str] = []
    for kind in atlas.kinds:
        lines += [f"### {inline(kind_title(kind))}", "", f"{inline(coverage(atlas, kind))}.", ""]
        rows = (cells(atlas, line) for line in atlas.of(kind))
        lines += [*markdown_table(list(map(inline, HEADINGS)), rows), ""]
    lines += [f"{inline(LEGEND)}.", ""]
    if absent := absent_lines(atlas):
        lines += ["Not answered:", "", *(f"- {inline(text)}" for text in absent), ""]
    lines += ["Measured on:", "", *(f"- {inline(text)}" for text in machine_lines(atlas.machines))]
    lines.append(f"- {inline(version_line(atlas))}")
    lines += ["", "Made by:", "", *(f"- {inline(text)}" for text in sweep_lines(atlas))]
    return "\n".join(lines) + "\n"


def plain(atlas: Atlas) -> dict[str, Any]:
    """The data of `--report json`."""
    return {
        "schema": 1,
        "xent_check": __version__,
        "machines": [machine.plain() for machine in atlas.machines],
        "sweeps": [
            {
                "file": name,
                "xent_check": sweep.xent_check,
                "started": sweep.origin.started,
                "command": sweep.origin.command,
                "seconds": sweep.seconds,
            }
            for name, sweep in atlas.sweeps
        ],
        "lines": [_plain_line(line) for line in atlas.lines],
        "absent": [
            {"implementation": name, "reason": reason, "kinds": list(map(kind_title, kinds))}
            for (name, reason), kinds in atlas.absent.items()
        ],
    }


def _plain_line(line: Line) -> dict[str, Any]:
    return {
        **vars(line.kind),
        **vars(line.who),
        "inputs": line.inputs,
        "domains": [
            {"label": r.label, "range": list(r.range), "stride": r.stride, "inputs": r.inputs}
            for r in line.records
        ],
        "worst": _plain_worst(line.worst),
        "worst_share": _plain_worst(line.worst_share),
        "over_ulps": line.over_ulps,
        "diverging": line.diverging,
        "nan": line.nan,
        "order_broken": line.order_broken,
        "ended_early": list(line.early),
        "curve": [[start, json_number(ulps)] for start, ulps in line.curve()],
    }


def _plain_worst(worst: Worst) -> dict[str, Any]:
    return worst.record.plain() | {"label": worst.label}
