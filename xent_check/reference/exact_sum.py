"""Exact sums of floating-point numbers and of their products, as fractions.

A product of numbers a and b is exactly p + e, p = a b rounded and e = ((a' b' - p) + a' b'' + a''
b') + a'' b'', where a = a' + a'' and b = b' + b'' are split in halves of 26 bits (Dekker, A
floating-point technique for extending the available precision, Numer. Math. 18, 1971): taken of
the significands alone, in [1/2, 1), nothing overflows or underflows. The sum of numbers of one
exponent is that of their significands, whole numbers of 53 bits: halves of them add up exactly in
float64, 2^26 at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s

_AT_ONCE = 2**18
_HALF = 2**26
_SPLITTER = 2.0**27 + 1
Exponents = npt.NDArray[Any]


def exact_sum(numbers: Float64s, *factors: Float64s) -> Fraction:
    """The sum of finite numbers, or of their products with factors of the same shape."""
    whole = Fraction(0)
    flat = [np.reshape(array, -1) for array in (numbers, *factors)]
    for start in range(0, flat[0].size, _AT_ONCE):
        some = [array[start : start + _AT_ONCE] for array in flat]
        whole += sum((_binned(m, e) for m, e in _products(some)), Fraction(0))
    return whole


def _products(arrays: list[Float64s]) -> Iterator[tuple[Float64s, Exponents]]:
    """Significands and exponents whose sum is the products' own."""
    first, *rest = (np.frexp(array) for array in arrays)
    terms = [first]
    for m, e in rest:
        terms = [(part, exponent + e) for n, exponent in terms for part in _two_products(n, m)]
    yield from terms


def _two_products(a: Float64s, b: Float64s) -> tuple[Float64s, Float64s]:
    p = a * b
    (a1, a2), (b1, b2) = _halves(a), _halves(b)
    return p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2


def _halves(a: Float64s) -> tuple[Float64s, Float64s]:
    c = _SPLITTER * a
    high = c - (c - a)
    return high, a - high


def _binned(significands: Float64s, exponents: Exponents) -> Fraction:
    """The sum of significand 2^exponent."""
    m, more = np.frexp(significands)
    exponents = exponents.astype(np.int64) + more
    least = int(exponents.min(initial=0))
    whole = m * 2.0**53
    high = np.floor(whole / _HALF)
    sums = [np.bincount(exponents - least, weights=half) for half in (high, whole - high * _HALF)]
    total = 0
    for place in np.flatnonzero((sums[0] != 0) | (sums[1] != 0)).tolist():
        total += (int(sums[0][place]) * _HALF + int(sums[1][place])) << place
    return Fraction(total) * Fraction(2) ** (least - 53)
