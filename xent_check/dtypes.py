"""The four dtypes of a case, their spacing and their unit roundoff.

numpy has no bfloat16; ml_dtypes brings it and is loaded only when it is asked for, so that
a process with numpy alone can answer the other three.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

# (stored significand bits, exponent of the smallest normal number): IEEE 754, and bfloat16
# as float32 with 16 bits fewer.
_FORMAT: dict[str, tuple[int, int]] = {
    "float16": (10, -14),
    "bfloat16": (7, -126),
    "float32": (23, -126),
    "float64": (52, -1022),
}

Float64s = npt.NDArray[np.float64]


def numpy_dtype(name: str) -> np.dtype[Any]:
    """The numpy dtype of a name."""
    if name == "bfloat16":
        import ml_dtypes

        bfloat16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
        return bfloat16
    return np.dtype(name)


def spacing(values: npt.ArrayLike, name: str) -> Float64s:
    """One ulp of dtype `name` at abs(value): the distance to the next number away from zero.

    At 0 and among the subnormals it is the smallest subnormal. Values are float64; a
    non-finite one has nan for its spacing.
    """
    stored_bits, min_exponent = _FORMAT[name]
    magnitude = np.abs(np.asarray(values, dtype=np.float64))
    finite = np.isfinite(magnitude)
    _, exponent = np.frexp(np.where(finite, magnitude, 1.0))  # magnitude = m 2^e, m in [1/2, 1)
    exponent = np.where(magnitude == 0.0, min_exponent + 1, exponent)
    ulp = np.ldexp(1.0, np.maximum(exponent - 1, min_exponent) - stored_bits)
    return np.where(finite, ulp, np.nan)


def unit_roundoff(name: str) -> float:
    """u: half the spacing at 1."""
    return float(2.0 ** -(_FORMAT[name][0] + 1))
