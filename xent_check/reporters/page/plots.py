"""The plots of a divergence on the HTML page, each with a caption that says what it shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import MaxNLocator

from xent_check.problem.dtypes import Float64s
from xent_check.problem.vocabulary import GRADIENTS
from xent_check.results.difference import Difference
from xent_check.results.number_text import index_text, number, small
from xent_check.results.ranking import largest_first
from xent_check.results.report import CaseResult

from ..sentences import Finding, findings
from .plot_canvas import BAD, GOOD, LIMIT, Plot, svg_of
from .rulers import Ruler, fitting, logarithmic
from .text import plural

MAX_POINTS = 120  # of one plot: half of them the worst, half evenly spaced
WIDTH, HEIGHT = 320, 235  # points
_LEAST_MARK, _WIDEST_MARK = 5.0, 40.0  # points: the width of the mark for what is allowed


@dataclass(frozen=True, eq=False)
class Points:
    """The numbers of a difference that are drawn, each array of shape (points,)."""

    actual: Float64s  # the numbers of the implementation
    target: Float64s  # those that they are compared with
    error: Float64s  # abs(actual - target)
    allowed: Float64s  # the largest error that agrees
    order: Float64s  # the flat index of each number in the whole array
    bad: np.typing.NDArray[np.bool_]  # whether the number diverges
    left_out: str  # how many are drawn, in words; "" where all are

    @staticmethod
    def of(difference: Difference) -> Points:
        """All numbers of a difference; of more than MAX_POINTS, the worst and some others."""
        flat = np.arange(difference.actual.size)
        if flat.size > MAX_POINTS:
            by_error = largest_first(difference.abs_diff, MAX_POINTS // 2)
            even = np.linspace(0, flat.size - 1, MAX_POINTS // 2).round().astype(np.intp)
            flat = np.unique(np.concatenate([by_error, even]))
        order = flat.astype(np.float64)
        if difference.excerpt is not None:
            places = [difference.excerpt.indices[i] for i in flat]
            shape = difference.excerpt.shape
            order = np.array([np.ravel_multi_index(p, shape) for p in places], dtype=np.float64)
        left_out = ""
        if flat.size < difference.size:
            left_out = f"Drawn: {flat.size} of {difference.size:,}, the worst among them."
        return Points(
            difference.actual.reshape(-1)[flat],
            difference.target.reshape(-1)[flat],
            difference.abs_diff.reshape(-1)[flat],
            np.broadcast_to(difference.allowed, difference.actual.shape).reshape(-1)[flat],
            order,
            ~difference.agrees.reshape(-1)[flat],
            left_out,
        )


def part_to_plot(result: CaseResult) -> Finding | None:
    """The part of a result that is drawn: the first of losses and gradients that diverges, the
    losses where only a total does. None where the result has no numbers."""
    parts = [part for part in findings(result) if part.difference.actual.size]
    arrays = [part for part in parts if part.name in {"losses"} | GRADIENTS]
    return next((part for part in arrays if part.difference.diverging), next(iter(arrays), None))


def plots_of(result: CaseResult, prefix: str) -> tuple[Plot, ...]:
    """The plots of a result: actual against target, and the error against what is allowed.

    prefix: of their ids. Empty where the result has no numbers.
    """
    part = part_to_plot(result)
    if part is None:
        return ()
    points = Points.of(part.difference)
    noun = "sample" if part.name == "losses" else "derivative"
    return (
        _scatter(part, points, f"{prefix}-a", noun),
        _errors(part, points, f"{prefix}-e", noun),
    )


def _scatter(part: Finding, points: Points, name: str, noun: str) -> Plot:
    ruler = fitting(np.concatenate([points.actual, points.target]))

    def draw(axes: Axes) -> None:
        _rule(axes.xaxis, ruler)
        _rule(axes.yaxis, ruler)
        axes.set(xlim=(ruler.low, ruler.high), ylim=(ruler.low, ruler.high))
        axes.grid(True)
        axes.plot(
            [ruler.low, ruler.high], [ruler.low, ruler.high], color=LIMIT, lw=1, label="equal"
        )
        x, y = ruler.at(points.target), ruler.at(points.actual)
        _mark_points(axes, x, y, points.bad)
        axes.set_xlabel(part.against)
        axes.set_ylabel("actual")
        _legend(axes)

    d = part.difference
    caption = (
        f"{_count_text(d, noun)}: {part.against} {_range(d.target, d.dtype)}, "
        f"actual {_range(d.actual, d.dtype)}; {_least(d)}{d.diverging:,} off the line by more than "
        "is allowed."
    )
    title = f"Actual against {part.against}"
    return Plot(name, title, _with_count(caption, points), svg_of(draw, WIDTH, HEIGHT, name))


def _errors(part: Finding, points: Points, name: str, noun: str) -> Plot:
    ruler = logarithmic(np.concatenate([points.error, points.allowed]))

    def draw(axes: Axes) -> None:
        _rule(axes.yaxis, ruler)
        axes.set_ylim(ruler.low, ruler.high)
        axes.grid(True, axis="y")
        size = max(_LEAST_MARK, min(_WIDEST_MARK, 0.6 * WIDTH / (1 + float(np.ptp(points.order)))))
        allowed = ruler.at(points.allowed)
        axes.plot(points.order, allowed, "_", ms=size, mew=1.6, color=LIMIT, ls="none")
        axes.plot([], [], lw=1.6, color=LIMIT, label="allowed")
        _mark_points(axes, points.order, ruler.at(points.error), points.bad)
        margin = max(0.6, 0.03 * float(np.ptp(points.order)))
        axes.set_xlim(float(points.order.min()) - margin, float(points.order.max()) + margin)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.set_xlabel(noun if part.difference.actual.ndim < 2 else f"{noun}, by flat index")
        axes.set_ylabel("error")
        _legend(axes)

    d = part.difference
    worst = d.worst
    off = f"off by {small(d.abs_diff[worst])}"
    if not np.isfinite(d.abs_diff[worst]):
        target = number(d.target[worst], d.dtype)
        off = f"{number(d.actual[worst], d.dtype)}, {part.against} {target}"
    caption = (
        f"Error of {_count_text(d, noun)}: {_least(d)}{d.diverging:,} over what is allowed "
        f"({_limits(d.allowed)}); the worst, at {index_text(d.place(worst))}, is {off}"
        f"{_special(d.abs_diff)}."
    )
    return Plot(
        name,
        "Error against the bound",
        _with_count(caption, points),
        svg_of(draw, WIDTH, HEIGHT, name),
    )


def _mark_points(axes: Axes, x: Float64s, y: Float64s, bad: np.typing.NDArray[np.bool_]) -> None:
    """Agreeing points as rings, others as crosses: they differ without colour too."""
    if (~bad).any():
        axes.plot(
            x[~bad], y[~bad], "o", ms=4, mfc="none", mec=GOOD, mew=1.1, ls="none", label="agrees"
        )
    if bad.any():
        axes.plot(x[bad], y[bad], "x", ms=5.5, mec=BAD, mew=1.5, ls="none", label="diverges")


def _rule(axis: Axis, ruler: Ruler) -> None:
    axis.set_ticks([place for place, _ in ruler.ticks], [text for _, text in ruler.ticks])


def _legend(axes: Axes) -> None:
    axes.legend(
        loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=3, borderpad=0, handlelength=1.4,
        columnspacing=1.2, handletextpad=0.5,
    )  # fmt: skip


def _least(d: Difference) -> str:
    return "at least " if d.at_least else ""


def _count_text(difference: Difference, noun: str) -> str:
    """`3 samples`, or how many of them a saved report has."""
    count = plural(difference.size, noun)
    if difference.excerpt is None:
        return count
    return f"the {difference.actual.size} of {count} that the saved report has"


def _with_count(caption: str, points: Points) -> str:
    return f"{caption} {points.left_out}".strip()


def _range(values: Float64s, dtype: str) -> str:
    """`0.1 to 2`, and how many are not finite."""
    finite = values[np.isfinite(values)]
    parts = []
    if finite.size:
        low, high = number(finite.min(), dtype), number(finite.max(), dtype)
        parts.append(low if low == high else f"{low} to {high}")
    counts = {
        "nan": int(np.isnan(values).sum()),
        "inf": int((values == np.inf).sum()),
        "-inf": int((values == -np.inf).sum()),
    }
    parts += [f"{count:,} {name}" for name, count in counts.items() if count]
    return " and ".join(parts)


def _limits(allowed: Float64s) -> str:
    low, high = small(allowed.min()), small(allowed.max())
    return low if low == high else f"{low} to {high}"


def _special(errors: Float64s) -> str:
    zeros, infinite = int((errors == 0).sum()), int((~np.isfinite(errors)).sum())
    words = [f"{zeros:,} exact"] if zeros else []
    words += [f"{infinite:,} not finite"] if infinite else []
    return f"; {', '.join(words)}" if words else ""
