"""An enclosure's distance is to high + low, to what float64 holds of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from xent_check.reference.enclosure import Enclosure

U = 2.0**-52


@pytest.mark.parametrize(
    ("actual", "high", "low", "distance"),
    [
        # the true value is 1 + 2^-60, or 1 - 2^-60
        (1.0, 1.0, 2.0**-60, 2.0**-60),
        (1.0, 1.0, -(2.0**-60), 2.0**-60),
        (1 + U, 1.0, 2.0**-60, U - 2.0**-60),
        (1 + U, 1.0, -(2.0**-60), U + 2.0**-60),
        (3.0, 1.0, 0.0, 2.0),
        (1.0, 3.0, 0.0, 2.0),
        (math.nan, math.nan, 0.0, 0.0),
        (math.nan, 1.0, 0.0, math.inf),
        (1.0, math.nan, 0.0, math.inf),
        (math.inf, math.inf, 0.0, 0.0),
        (-math.inf, math.inf, 0.0, math.inf),
        (math.inf, math.nan, 0.0, math.inf),
        (1.0, math.inf, 0.0, math.inf),
        (math.inf, 1.0, 0.0, math.inf),
    ],
)
def test_the_distance(actual: float, high: float, low: float, distance: float) -> None:
    enclosure = Enclosure(np.array([high]), np.array([low]), np.zeros(1))
    np.testing.assert_array_equal(enclosure.distance(np.array([actual])), [distance])
