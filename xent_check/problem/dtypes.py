"""The four dtypes of a case, their spacing and their unit roundoff.

numpy has no bfloat16; ml_dtypes brings it and is loaded only when it is asked for. A process
with numpy alone computes in the other three, and passes bfloat16 on as BITS.
"""

from __future__ import annotations

from functools import cache
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

_EXPONENT = np.int64(0x7FF << 52)  # the bits of a float64 that hold it

Float64s = npt.NDArray[np.float64]

# bfloat16 without ml_dtypes: a record of its 16 bits, so that NumPy refuses to compute with it.
BITS = np.dtype([("bfloat16", np.uint16)])


def numpy_dtype(name: str) -> np.dtype[Any]:
    """The numpy dtype of a name; BITS for bfloat16 where ml_dtypes is not installed."""
    if name == "bfloat16":
        try:
            import ml_dtypes
        except ImportError:
            return BITS
        bfloat16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
        return bfloat16
    return np.dtype(name)


@cache
def dtype_name(dtype: np.dtype[Any]) -> str:
    """The name of a dtype; that of BITS is bfloat16."""
    return "bfloat16" if dtype == BITS else dtype.name


def spacing(values: npt.ArrayLike, name: str) -> Float64s:
    """One ulp of dtype `name` at abs(value): the distance to the next number away from zero.

    values: float64, any shape; the spacings have the same shape and are float64. At 0 and among
    the subnormals a spacing is the smallest subnormal; that of a non-finite value is nan.
    """
    stored_bits, min_exponent = _FORMAT[name]
    exponent = np.asarray(values, dtype=np.float64).view(np.int64) & _EXPONENT
    power = exponent.view(np.float64)  # the largest power of two up to abs(value); 0; inf
    step = np.maximum(power, 2.0**min_exponent) * 2.0**-stored_bits
    return np.where(np.isinf(power), np.nan, step)


def ulp(values: npt.ArrayLike, computed: str, asked: str = "") -> Float64s:
    """The unit of ulp counts: the spacing of the dtype `computed` at each value, or that of the
    dtype `asked` for where it is smaller."""
    step = spacing(values, computed)
    return step if asked in ("", computed) else np.minimum(step, spacing(values, asked))


def per_ulp(values: Float64s, computed: str, asked: str = "") -> Float64s:
    """1 over `ulp` of each value, a power of two; nan where the value is not finite."""
    stored_bits, min_exponent = _FORMAT[computed]
    least, most = values.min(initial=np.inf), values.max(initial=-np.inf)
    if 0 < least <= most < np.inf and np.frexp(least)[1] == np.frexp(most)[1]:  # as of neighbours
        with np.errstate(over="ignore"):
            return np.broadcast_to(1.0 / ulp(least, computed, asked), values.shape)
    alone = asked in ("", computed) and computed != "float64"
    if alone and np.isfinite(least) and np.isfinite(most):
        # 2^e has 1023 + e in the field of its exponent, and 2^(stored_bits - e) is wanted
        exponents = values.view(np.int64) & _EXPONENT
        np.maximum(exponents, np.int64((1023 + min_exponent) << 52), out=exponents)
        reciprocals = np.uint64((2046 + stored_bits) << 52) - exponents.view(np.uint64)
        return reciprocals.view(np.float64)
    return np.asarray(1.0 / ulp(values, computed, asked))


def ulp_name(value: float, computed: str, asked: str = "") -> str:
    """The name of the dtype whose spacing `ulp` takes at this value."""
    return asked if asked and spacing(value, asked) < spacing(value, computed) else computed


def largest(name: str) -> float:
    """The largest finite number of a dtype; half an ulp more rounds to infinity."""
    stored_bits, min_exponent = _FORMAT[name]
    return float((2.0 - 2.0**-stored_bits) * 2.0 ** (1 - min_exponent))


def unit_roundoff(name: str) -> float:
    """u: half the dtype's spacing at 1, 2^-24 for float32."""
    return float(2.0 ** -(_FORMAT[name][0] + 1))


def rounded(array: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
    """The array in dtype `name`: each number is rounded to the nearest, ties to even, and to inf
    beyond the dtype's range.

    ml_dtypes converts to bfloat16 through float32, and rounding twice can take a number just above
    a midpoint down. So the last bit of the float32 number is set where that is inexact (rounding
    to odd): then the second rounding is right.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if name == "bfloat16" and array.dtype.kind in "if" and array.dtype.itemsize > 4:
            exact = array.astype(np.float64)
            near = exact.astype(np.float32)
            odd = np.where(np.abs(near) > np.abs(exact), np.nextafter(near, np.float32(0)), near)
            inexact = (odd != exact) & np.isfinite(exact)
            array = (odd.view(np.uint32) | inexact).view(np.float32)
        return np.asarray(array.astype(numpy_dtype(name), copy=False))  # one of no axes too
