"""The four dtypes of a case, their spacing and their unit roundoff.

numpy has no bfloat16; ml_dtypes brings it and is loaded only when it is asked for. A process
with numpy alone computes in the other three, and passes bfloat16 on as BITS.
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

# bfloat16 where ml_dtypes is not installed: a record, so that NumPy refuses to compute with it.
BITS = np.dtype([("bfloat16", np.uint16)])


def numpy_dtype(name: str) -> np.dtype[Any]:
    """The numpy dtype of a name; BITS in place of a bfloat16 that is not there."""
    if name == "bfloat16":
        try:
            import ml_dtypes
        except ImportError:
            return BITS
        bfloat16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
        return bfloat16
    return np.dtype(name)


def dtype_name(dtype: np.dtype[Any]) -> str:
    """The name of a dtype, BITS being bfloat16 too."""
    return "bfloat16" if dtype == BITS else dtype.name


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


def ulp(values: npt.ArrayLike, computed: str, asked: str = "") -> Float64s:
    """One ulp of the dtype that was computed, but never of one narrower than was asked for: the
    smaller of the two spacings at each value."""
    own = spacing(values, computed)
    return np.minimum(own, spacing(values, asked)) if asked else own


def ulp_name(value: float, computed: str, asked: str = "") -> str:
    """The dtype whose ulp that is."""
    return asked if asked and spacing(value, asked) < spacing(value, computed) else computed


def largest(name: str) -> float:
    """The largest finite number of a dtype; what is half an ulp beyond rounds to infinity."""
    stored_bits, min_exponent = _FORMAT[name]
    return float((2.0 - 2.0**-stored_bits) * 2.0 ** (1 - min_exponent))


def unit_roundoff(name: str) -> float:
    """u: half the spacing at 1."""
    return float(2.0 ** -(_FORMAT[name][0] + 1))


def rounded(array: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
    """The array in dtype `name`, each number to the nearest, ties to even; too large is inf.

    ml_dtypes reaches bfloat16 by way of float32, which rounds twice: a number just above a
    midpoint would go down. float32 with its last bit set where it is inexact (rounded to odd)
    keeps what the second rounding needs to know.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if name == "bfloat16" and array.dtype.kind in "if" and array.dtype.itemsize > 4:
            exact = array.astype(np.float64)
            near = exact.astype(np.float32)
            odd = np.where(np.abs(near) > np.abs(exact), np.nextafter(near, np.float32(0)), near)
            inexact = (odd != exact) & np.isfinite(exact)
            array = (odd.view(np.uint32) | inexact).view(np.float32)
        return array.astype(numpy_dtype(name), copy=False)
