"""Rounding: what exp, log and a sum lose, in units of u, and numbers that are not there.

h(n), the summation: n - 1 one after another; n / 8 + 5 in eight lanes, which every CPU's compiled
sum has from a few dozen numbers on. ke, kl: the largest measured errors of the frameworks'
float32 exp and log (numpy's exp 3.39, tensorflow's log1p 4.73), rounded up.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .dtypes import Float64s

KE, KL = 4.0, 5.0
# Results below this may be flushed to 0; float16 keeps its subnormals, whose spacing this is.
FLUSHED = {"float16": 2.0**-24, "bfloat16": 2.0**-126, "float32": 2.0**-126, "float64": 2.0**-1022}


def summation(n: int) -> float:
    """h(n): the relative error of a sum of n numbers of one sign, in units of u."""
    return max(0.0, min(n - 1.0, n / 8 + 5))


def sizes(weight: npt.NDArray[np.generic] | None, count: int) -> Float64s:
    """abs(weight) of each of count numbers in a row; 1 where there is no weight."""
    if weight is None:
        return np.ones(count)
    scale: Float64s = np.abs(weight.astype(np.float64)).reshape(-1)
    return scale
