"""How far numbers are from each other: what is not finite is classified before it is subtracted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .dtypes import Float64s


def distance(actual: npt.ArrayLike, target: npt.ArrayLike, low: Float64s | float = 0.0) -> Float64s:
    """abs(actual - (target + low)), elementwise, of float64 numbers.

    nan, inf and -inf agree only with themselves: 0 for the same, inf where one of the two is not
    finite and the other is not the same, or where the difference is beyond float64. low: what the
    target has beyond a float64.
    """
    actual, target = np.asarray(actual, np.float64), np.asarray(target, np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        difference = np.abs((actual - target) - low)
    if np.isfinite(difference).all():
        return np.asarray(difference)  # then all numbers are finite
    both_finite = np.isfinite(actual) & np.isfinite(target)
    same = (actual == target) | (np.isnan(actual) & np.isnan(target))
    return np.where(both_finite, difference, np.where(same, 0.0, np.inf))


def in_ulps(distance: Float64s, ulp: Float64s) -> Float64s:
    """A distance in spacings; as it is where the spacing is nan."""
    unknown = np.isnan(ulp)
    with np.errstate(over="ignore"):
        if not unknown.any():
            return np.asarray(distance / ulp)
        return np.where(unknown, distance, distance / np.where(unknown, 1.0, ulp))
