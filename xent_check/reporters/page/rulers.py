"""Positions of numbers along an axis; nan, infinities and, on a log axis, 0 have places too."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import MaxNLocator

from xent_check.problem.dtypes import Float64s
from xent_check.results.number_text import tidy

_STRIP = 0.13  # of the axis: the distance between the places of special numbers
_MARGIN = 0.05  # of the range, added at each end
_HUGE = 1e300  # larger numbers are divided by it, so that no span overflows
_WIDE = 1e4  # a wider range of positive numbers goes on a logarithmic axis


@dataclass(frozen=True, eq=False)
class Ruler:
    """An axis, and the place of each number on it."""

    low: float  # the start of the axis
    high: float  # its end
    ticks: tuple[tuple[float, str], ...]  # places and their texts
    special: dict[str, float]  # the places of nan, the infinities and 0 (log axis) that occur
    logarithmic: bool  # whether the places are log10 of the numbers
    unit: float = 1.0  # the number at 1 on a linear axis

    def at(self, values: Float64s) -> Float64s:
        """The places of these numbers; the same shape."""
        with np.errstate(divide="ignore", invalid="ignore"):
            places = np.log10(values) if self.logarithmic else values / self.unit
        for name, mask in _masks(values, self.logarithmic).items():
            places = np.where(mask, self.special.get(name, 0.0), places)
        return np.asarray(places)


def _masks(values: Float64s, logarithmic: bool) -> dict[str, np.typing.NDArray[np.bool_]]:
    masks = {
        "inf": values == np.inf,
        "nan": np.isnan(values),
        "-inf": values == -np.inf,
    }
    return {"0": values == 0, **masks} if logarithmic else masks


def linear(values: Float64s) -> Ruler:
    """A linear axis for these numbers."""
    finite = values[np.isfinite(values)]
    unit = _HUGE if (np.abs(finite) > _HUGE).any() else 1.0  # or the span may overflow
    low, high = 0.0, 1.0
    if finite.size:
        low, high = float(finite.min()) / unit, float(finite.max()) / unit
    if high - low <= 1e-12 * max(abs(high), 1e-300):
        margin = 0.05 * abs(high) or 0.5
        low, high = low - margin, high + margin
    low, high = low - _MARGIN * (high - low), high + _MARGIN * (high - low)
    last = float(np.finfo(np.float64).max) / unit  # no tick beyond what a number may be
    inside = (max(low, -last), min(high, last))
    places = [t for t in MaxNLocator(4).tick_values(low, high) if inside[0] <= t <= inside[1]]
    ticks = [(float(t), tidy(f"{t * unit:.6g}")) for t in places] if finite.size else []
    return _with_special(values, low, high, ticks, False, unit)


def logarithmic(values: Float64s) -> Ruler:
    """A logarithmic axis for these numbers, none of them negative."""
    positive = values[np.isfinite(values) & (values > 0)]
    low, high = 0, 1
    if positive.size:
        low = math.floor(math.log10(float(positive.min())))
        high = max(math.ceil(math.log10(float(positive.max()))), low + 1)
    step = max(1, math.ceil((high - low) / 5))
    ticks = [
        (float(k), f"{10.0**k:g}" if abs(k) < 4 else f"1e{k}") for k in range(low, high + 1, step)
    ]
    return _with_special(values, float(low), float(high), ticks if positive.size else [], True)


def fitting(values: Float64s) -> Ruler:
    """A linear axis, or a logarithmic one where positive numbers span more than a factor _WIDE."""
    finite = values[np.isfinite(values)]
    positive = finite[finite > 0]
    wide = positive.size and float(positive.max()) / float(positive.min()) > _WIDE
    choose: Callable[[Float64s], Ruler] = logarithmic if wide and finite.min() >= 0 else linear
    return choose(values)


def _with_special(
    values: Float64s,
    low: float,
    high: float,
    ticks: list[tuple[float, str]],
    is_log: bool,
    unit: float = 1.0,
) -> Ruler:
    step = _STRIP * (high - low)
    present = [name for name, mask in _masks(values, is_log).items() if mask.any()]
    special: dict[str, float] = {}
    below, above = low, high
    for name in present:
        if name in ("0", "-inf"):
            below -= step
            special[name] = below
        else:
            above += step
            special[name] = above
    all_ticks = [*ticks, *((place, name) for name, place in special.items())]
    return Ruler(below - step / 2, above + step / 2, tuple(all_ticks), special, is_log, unit)
