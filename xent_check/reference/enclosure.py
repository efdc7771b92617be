"""Enclosure: numbers known to within a proven radius."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xent_check.problem.chunks import chunks
from xent_check.problem.distance import distance
from xent_check.problem.dtypes import Float64s, ulp

RADIUS_IN_ULPS = 2.0**-10
_SMALLEST = float(np.finfo(np.float64).smallest_subnormal)


@dataclass(frozen=True, eq=False)
class Enclosure:
    """abs(true - (high + low)) <= radius, elementwise, with the exact sum of high and low.

    Two float64 numbers hold about 106 bits, enough to judge float64 itself. Where the true value
    is nan or infinite, so is `high`, and `low` and `radius` are 0. All three have one shape.
    """

    high: Float64s  # the leading part of the centre
    low: Float64s  # the rest of the centre
    radius: Float64s  # the proven largest distance of the true value from the centre

    def distance(self, actual: Float64s) -> Float64s:
        """abs(actual - true) to within the radius. Where either is not finite: 0 if both are nan or
        the same infinity, else inf."""
        return distance(actual, self.high, self.low)


def narrow(enclosure: Enclosure, dtype: str, asked: str = "") -> npt.NDArray[np.bool_]:
    """Where the radius is at most 1/1024 ulp (of `dtype`, or of `asked` where that is finer), or
    float64's smallest number above 0."""
    limit = ulp(enclosure.high, dtype, asked) * RADIUS_IN_ULPS
    limit = np.where(np.isnan(limit), 0.0, np.maximum(limit, _SMALLEST))
    return np.asarray(enclosure.radius <= limit)


def is_narrow(enclosure: Enclosure, dtype: str, asked: str = "") -> bool:
    """Whether every radius is `narrow`."""
    for place in chunks(enclosure.high.shape):
        high, low, radius = (a[place] for a in (enclosure.high, enclosure.low, enclosure.radius))
        if not narrow(Enclosure(high, low, radius), dtype, asked).all():
            return False
    return True
