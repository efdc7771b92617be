"""The page of an atlas: a table for each kind, and curves of the error against the input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from xent_check import __version__
from xent_check.results.number_text import small
from xent_check.search.atlas import Atlas, Kind, Line

from ..atlas import (
    HEADINGS,
    LEGEND,
    absent_lines,
    cells,
    coverage,
    kind_title,
    machine_lines,
    sweep_lines,
    version_line,
)
from .plot_canvas import LIMIT, SERIES, Plot, svg_of
from .template import drawing, page_file, template

_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))
_NEAR, _FAR = -24, 14  # the powers of 2 between which scores are drawn
_PROBS = -40  # the same of probabilities, which end at 1
_LOWEST, _HIGHEST = 0.25, 2.0**40  # ulps


@dataclass(frozen=True)
class Section:
    """A kind on the page."""

    id: str
    title: str
    coverage: str
    rows: tuple[tuple[bool, tuple[str, ...]], ...]
    """whether nothing diverges, and the cells"""
    plot: Plot


def render(atlas: Atlas) -> str:
    """The atlas as a page of HTML 5: styles, script and drawings stand in it."""
    sections = [_section(atlas, kind, n) for n, kind in enumerate(atlas.kinds)]
    wrong = sorted({line.who.implementation for line in atlas.lines if line.diverging})
    return template("atlas.html.j2").render(
        sections=sections,
        headings=HEADINGS,
        answers=sum(line.inputs for line in atlas.lines),
        implementations=len({line.who.implementation for line in atlas.lines}),
        wrong=wrong,
        absent=absent_lines(atlas),
        machines=[version_line(atlas), *machine_lines(atlas.machines)],
        legend=LEGEND,
        sweeps=sweep_lines(atlas),
        version=__version__,
        css=page_file("page.css"),
        js=page_file("page.js"),
        svg=drawing,
    )


def _section(atlas: Atlas, kind: Kind, number: int) -> Section:
    lines = atlas.of(kind)
    name = f"kind-{number}"
    rows = tuple((not line.diverging, cells(atlas, line)) for line in lines)
    return Section(name, kind_title(kind), coverage(atlas, kind), rows, _plot(atlas, kind, name))


def _plot(atlas: Atlas, kind: Kind, name: str) -> Plot:
    """The largest error of each implementation between two powers of 2."""
    lines = atlas.of(kind)
    signed = kind.given == "logits"

    def draw(axes: Axes) -> None:
        axes.axhline(0, color=LIMIT, lw=1)
        for line, color, dash in zip(lines, _cycled(SERIES), _cycled(_DASHES), strict=False):
            x, y = _steps(line, signed)
            label = atlas.name_of(line.who)
            axes.plot(x, y, color=color, ls=dash, lw=1.3, drawstyle="steps-post", label=label)
        ticks, texts = _ticks(signed)
        axes.set_xticks(ticks, texts)
        axes.grid(True, axis="y")
        high = max(4.0, *(y for line in lines for y in _steps(line, signed)[1] if y is not None))
        step = max(1, math.ceil((high + 2) / 8))
        places = list(range(-2, math.ceil(high) + 1, step))
        axes.set_yticks(places, [small(2.0**place) for place in places])
        axes.set_ylim(-2.2, high + 0.3)
        axes.set_xlabel("score" if kind.loss == "binary" else "first score")
        axes.set_ylabel("ulps")
        axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=3, borderpad=0)

    caption = (
        "The largest error between two powers of 2, of all labels and ranges; the line is 1 ulp. "
        f"Errors below {_LOWEST:g} ulps are drawn there, what is not finite at {small(_HIGHEST)}."
    )
    svg = svg_of(draw, 520, 300, name)
    return Plot(f"plot-{name}", f"Error against input, {kind_title(kind)}", caption, svg)


def _cycled(items: Sequence[object]) -> Sequence[object]:
    return [*items] * 8


def _steps(line: Line, signed: bool) -> tuple[list[float], list[float]]:
    """The places of a curve: along the score, and log2 of the ulps."""
    curve = line.curve()
    ends = [end for record in line.records for end in record.range]
    curve.append((max(ends), curve[-1][1] if curve else 0.0))
    x = [_along(start, signed) for start, _ in curve]
    y = [math.log2(min(max(ulps, _LOWEST), _HIGHEST)) for _, ulps in curve]
    return x, y


def _along(score: float, signed: bool) -> float:
    """The place of a score: its power of 2, negative scores mirrored."""
    near, far = (_NEAR, _FAR) if signed else (_PROBS, 0)
    size = near if score == 0 else float(np.clip(math.log2(abs(score)), near, far))
    return math.copysign(size - near, score) if signed else size


def _ticks(signed: bool) -> tuple[list[float], list[str]]:
    if not signed:
        powers = range(_PROBS, 1, 10)
        return [float(power) for power in powers], [small(2.0**power) for power in powers]
    sizes = [power - _NEAR for power in (-14, -4, 4, 14)]
    texts = [small(2.0 ** (size + _NEAR)) for size in sizes]
    places = [*(-float(size) for size in reversed(sizes)), 0.0, *map(float, sizes)]
    return places, [*(f"-{text}" for text in reversed(texts)), "0", *texts]
