"""Extended reals: arb balls, and nan, inf and -inf as floats."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from flint import arb

from .enclosure import Enclosure

Extended = arb | float  # a float is nan, inf or -inf
UNKNOWN = arb("nan")  # undecided at this precision: its radius is infinite, that of a true nan is 0


def product(value: Extended, factor: arb) -> Extended:
    """value * factor, where 0 times an infinity is 0 (0 log 0 is 0), but 0 times nan is nan."""
    if isinstance(value, arb):
        return value * factor
    if math.isnan(value) or not factor.is_finite():
        return math.nan
    if factor.is_zero():
        return arb(0)
    return value if factor > 0 else -value if factor < 0 else UNKNOWN


def quotient(value: arb, divisor: arb) -> Extended:
    """value / divisor, where 0 / 0 is 0 (its term has no coefficient) and x / 0 is an infinity."""
    if value.is_zero():
        return arb(0)
    if divisor.is_zero():
        return math.inf if value > 0 else -math.inf if value < 0 else UNKNOWN
    return value / divisor


def total(terms: Iterable[Extended]) -> Extended:
    """The sum; nan where a term is nan or there are infinities of both signs."""
    finite, infinite = arb(0), 0.0
    for term in terms:
        if isinstance(term, arb):
            finite += term
        else:
            infinite += term  # inf + -inf and nan + anything are nan
    if not finite.is_finite() and not math.isnan(infinite):
        return UNKNOWN  # an undecided term may be infinite too
    return finite if infinite == 0.0 else infinite


def negative(value: Extended) -> Extended:
    """-value."""
    return -value


def enclose(values: Iterable[Extended], shape: tuple[int, ...]) -> Enclosure:
    """The values as float64 pairs and radii, of the given shape."""
    parts = [_split(value) for value in values]
    high, low, radius = (
        np.array([part[i] for part in parts], dtype=np.float64).reshape(shape) for i in range(3)
    )
    return Enclosure(high, low, radius)


def _split(value: Extended) -> tuple[float, float, float]:
    """high, low, and a radius of at least abs(value - high - low)."""
    if not isinstance(value, arb):
        return value, 0.0, 0.0
    if not value.is_finite():
        return math.nan, 0.0, math.inf
    middle = value.mid()
    high = float(middle)
    if not math.isfinite(high):  # beyond float64, the nearest float64 is an infinity
        return high, 0.0, 0.0
    low = float(middle - high)
    remainder = (value - high - low).abs_upper()
    if not remainder:
        return high, low, 0.0
    radius = float(remainder)
    return high, low, radius if radius >= remainder else math.nextafter(radius, math.inf)
