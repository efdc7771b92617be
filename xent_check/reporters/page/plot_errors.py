"""The histogram of the HTML page: the errors of each implementation as shares of their bounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from xent_check.errors import visible

from .errors import Errors
from .plot_canvas import BAD, GOOD, GRID, INK, LIMIT, Plot, svg_of

_ROW = 26  # points: the height of a row
_VISIBLE = 0.07  # of a row: the least height of a bar
_EDGES = np.arange(-4.0, 3.01, 1 / 3)  # log10 of a share


def histogram(all_errors: Sequence[Errors]) -> Plot | None:
    """How often each share of what rounding explains occurs, a row for each implementation.

    None where no implementation has a share to count.
    """
    rows = [e for e in all_errors if e.shares.size]
    if not rows:
        return None
    zero_left, zero_right = _EDGES[0] - 1.0, _EDGES[0] - 0.4

    def draw(axes: Axes) -> None:
        for row, errors in enumerate(reversed(rows)):
            positive = errors.shares[errors.shares > 0]
            logs = np.clip(np.log10(positive), _EDGES[0], _EDGES[-1] - 1e-9)
            counts, _ = np.histogram(logs, _EDGES)
            tallest = max(int(counts.max(initial=0)), errors.exact, 1)
            heights = np.where(counts, np.maximum(0.82 * counts / tallest, _VISIBLE), 0)
            exact = max(0.82 * errors.exact / tallest, _VISIBLE) if errors.exact else 0
            within = _EDGES[:-1] < -1e-9
            axes.stairs(
                row + np.where(within, heights, 0), _EDGES, baseline=row, fill=True, color=GOOD
            )
            axes.stairs(
                row + np.where(within, 0, heights), _EDGES, baseline=row, fill=True, color=BAD
            )
            axes.fill_between([zero_left, zero_right], row, row + exact, color=GOOD, lw=0)
            axes.axhline(row, color=GRID, lw=0.7)
        axes.axvline(0, color=LIMIT, lw=1.2)
        axes.set_yticks(
            [row + 0.35 for row in range(len(rows))],
            [visible(e.implementation) for e in reversed(rows)],
        )
        ticks = range(-4, 4)
        labels = ["≤1e-4", "", "0.01", "", "1", "", "100", "≥1000"]
        axes.set_xticks([(zero_left + zero_right) / 2, *ticks], ["0", *labels])
        axes.set_xlim(zero_left - 0.2, _EDGES[-1] + 0.1)
        axes.set_ylim(-0.05, len(rows) + 0.05)
        axes.spines["left"].set_visible(False)
        axes.spines["bottom"].set_visible(False)
        axes.set_xlabel("largest error of a case / what rounding explains", color=INK)

    caption = (
        "The number of cases by their error, as a share of what rounding explains. Each row is "
        "scaled to its tallest bar. Errors right of the line are larger than rounding explains. "
        "The table has the numbers."
    )
    svg = svg_of(draw, 480, 52 + _ROW * len(rows), "errors")
    return Plot("plot-errors", "Shares of what rounding explains", caption, svg)
