"""A Matplotlib figure as an SVG element of the page.

Its colours are variables of the page, so that one drawing serves light and dark, and its text is
text, not paths.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matplotlib
import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure


@dataclass(frozen=True)
class Plot:
    """A drawing on the page."""

    id: str  # of the element on the page
    title: str  # above the drawing
    caption: str  # the text alternative, which the page shows too
    svg: str  # the `<svg>` element


# Placeholders of the page's colours: no figure has these colours otherwise.
INK, GRID, GOOD, BAD, LIMIT = "#010101", "#020202", "#030303", "#040404", "#050505"
# Of several lines in one drawing, which differ by their dashes too.
SERIES = ("#060606", "#070707", "#080808", "#090909", "#0a0a0a", "#0b0b0b")
_VARIABLES = {
    INK: "var(--soft)",
    GRID: "var(--line)",
    GOOD: "var(--plot-good)",
    BAD: "var(--plot-bad)",
    LIMIT: "var(--plot-limit)",
    **{color: f"var(--series-{n})" for n, color in enumerate(SERIES, 1)},
}
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "xent-check",
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 11,
    "path.simplify": False,
    "text.parse_math": False,  # a name may hold dollars
}


def svg_of(draw: Callable[[Axes], None], width: float, height: float, prefix: str) -> str:
    """An `<svg>` element with what `draw` puts on the axes.

    width, height: in points (1/72 inch). prefix: of its ids, so that each is unique on the page.
    """
    with matplotlib.style.context(["default", _STYLE]):
        figure = Figure(figsize=(width / 72, height / 72), dpi=72, layout="constrained")
        figure.patch.set_visible(False)
        axes = figure.add_subplot()
        axes.patch.set_visible(False)
        draw(axes)
        file = io.StringIO()
        no_metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(file, format="svg", metadata=no_metadata)
    return _of_the_page(file.getvalue(), prefix)


def _of_the_page(svg: str, prefix: str) -> str:
    """The SVG as an element of the page: without its file header, in the page's colours."""
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(
        r"<style.*?</style>\s*", "", svg, flags=re.DOTALL
    )  # it would apply to the whole page
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    view = re.search(r'viewBox="([^"]*)"', svg)
    box = view[1] if view else ""
    svg = re.sub(r"^<svg[^>]*>", f'<svg viewBox="{box}">', svg)
    used = set(re.findall(r'(?:xlink:href="#|url\(#)([\w.-]+)', svg))
    svg = re.sub(r' id="([\w.-]+)"', lambda m: f' id="{prefix}{m[1]}"' if m[1] in used else "", svg)
    svg = re.sub(r'xlink:href="#', f'href="#{prefix}', svg)
    svg = svg.replace("url(#", f"url(#{prefix}")
    svg = re.sub(r"font-family: [^;\"]*; ?", "", svg)
    svg = re.sub(r' transform="rotate\(-0 [^)]*\)"', "", svg)
    for sentinel, variable in _VARIABLES.items():
        svg = svg.replace(sentinel, variable)
    return re.sub(r"<g/>|(?<=>)\s+(?=<)", "", re.sub(r"\s*\n\s*", " ", svg))
