"""Exact sums of floating-point numbers and of their products, as fractions.

A product is exactly a pair of numbers (pairs.py). It is computed from the significands alone, in
[1/2, 1), so that nothing overflows or underflows. Numbers of one exponent are added by their
significands, integers of 53 bits, in halves: up to 2^26 halves add up exactly in float64.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s

from .pairs import product_of

_AT_ONCE = 2**18
_HALF = 2**26
Exponents = npt.NDArray[Any]


def exact_sum(numbers: Float64s, *factors: Float64s) -> Fraction:
    """The sum of finite numbers, or of their products with factors of the same shape."""
    total = Fraction(0)
    flat = [np.reshape(array, -1) for array in (numbers, *factors)]
    for start in range(0, flat[0].size, _AT_ONCE):
        chunk = [array[start : start + _AT_ONCE] for array in flat]
        total += sum((_sum_by_exponent(m, e) for m, e in _products(chunk)), Fraction(0))
    return total


def _products(arrays: list[Float64s]) -> Iterator[tuple[Float64s, Exponents]]:
    """Significands and exponents of numbers whose sum is that of the arrays' products."""
    first, *rest = (np.frexp(array) for array in arrays)
    terms = [first]
    for m, e in rest:
        products = ((product_of(n, m), exponent + e) for n, exponent in terms)
        terms = [(part, both) for p, both in products for part in (p.high, p.low)]
    yield from terms


def _sum_by_exponent(significands: Float64s, exponents: Exponents) -> Fraction:
    """The sum of significand x 2^exponent."""
    m, shift = np.frexp(significands)
    exponents = exponents.astype(np.int64) + shift
    least = int(exponents.min(initial=0))
    integers = m * 2.0**53
    high = np.floor(integers / _HALF)
    sums = [
        np.bincount(exponents - least, weights=half) for half in (high, integers - high * _HALF)
    ]
    total = 0
    for place in np.flatnonzero((sums[0] != 0) | (sums[1] != 0)).tolist():
        total += (int(sums[0][place]) * _HALF + int(sums[1][place])) << place
    return Fraction(total) * Fraction(2) ** (least - 53)
