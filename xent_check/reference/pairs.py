"""Pairs: arrays of numbers that are the exact sum of two float64 numbers, about 106 bits.

With u = 2^-53, and no overflow or underflow (numbers are 0 or from 2^-900 to 2^900 in size, so that
what two numbers leave out is normal too):

- a sum of two float64 numbers is exactly a pair (Knuth), and so is a product: it is p + e, p = a b
  rounded, e = ((a' b' - p) + a' b'' + a'' b') + a'' b'', where a = a' + a'' and b = b' + b'' are
  halves of 26 bits (Dekker, A floating-point technique for extending the available precision,
  Numer. Math. 18, 1971);
- `plus` errs by at most 3 u^2 (abs(x) + abs(y)), below 2^-104 of that: u^2 for adding the low
  parts, 2 u^2 for adding the error of the high ones to them;
- `times` errs by at most 8 u^2 abs(x y), 2^-103 of it: 2 u^2 for the two cross products, 2 u^2 for
  their sum, 3 u^2 for adding the error of the high product, u^2 for the product of the low parts;
- `inverse` errs by 2^-100 of itself: with q = 1 / x to u and r = 1 - x q, below 3 u and known to
  2^-102, 1 / x is q (1 + r + r^2 + ...), of which r^2 and the rounding of q r are left out;
- `total` errs by 2^-104 of the sum of the sizes at each of its log2 n levels.

exp(d) for d from -LOWEST to LOWEST: d = k ln 2 / 1024 + r with abs(r) below 2^-11.5, and exp(d) =
2^(k / 1024) (1 + p), p = expm1(r). ln 2 / 1024 is three numbers, of which two have so few bits that
their products with k are exact; the third leaves r an error below 2^-108. p is its Taylor series to
r^8, which leaves out less than 2^-110 of it; the terms from r^5 on, 2^-53 of p, are computed in
float64. The table of 2^(j / 1024) comes from ball arithmetic and is within 2^-106. So `exp` errs by
less than 2^-100 of itself, and where k is 0, p by less than 2^-100 of itself.

log1p(s) for s from 0 to 2^40: y = log1p(s) in float64 is within K u of it (NumPy's, measured below
2), and log1p(s) = y + c - c^2 / 2 + ..., c = (s - expm1(y)) / exp(y). expm1(y) errs by less than
2^-101 exp(y) where k is not 0, and y is then above 2^-11.5: `log1p` errs by less than 2^-88 of
itself, beside what s errs by.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np
import numpy.typing as npt
from flint import arb, ctx

from xent_check.problem.dtypes import Float64s

LOWEST = 500.0  # exp(-LOWEST) is below 2^-721
_STEPS = 1024  # of the table, in each power of two
_SPLITTER = 2.0**27 + 1


@dataclass(frozen=True, eq=False)
class Pairs:
    """high + low exactly, elementwise, with abs(low) at most half an ulp of high. One shape."""

    high: Float64s
    low: Float64s

    def columns(self, start: int, stop: int | None = None) -> Pairs:
        """Those from `start` to `stop` along the last axis."""
        return Pairs(self.high[..., start:stop], self.low[..., start:stop])


def of(numbers: npt.ArrayLike) -> Pairs:
    """float64 numbers."""
    high = np.asarray(numbers, np.float64)
    return Pairs(high, np.zeros(high.shape))


def nearest(number: Fraction) -> Pairs:
    """A number, to 2^-106 of it. Shape: ()."""
    high = float(number)
    return Pairs(np.asarray(high), np.asarray(float(number - Fraction(high))))


def sum_of(a: Float64s, b: Float64s) -> Pairs:
    """a + b of float64 numbers, exactly."""
    high = a + b
    of_b = high - a
    return Pairs(high, (a - (high - of_b)) + (b - of_b))


def product_of(a: Float64s, b: Float64s) -> Pairs:
    """a * b of float64 numbers, exactly."""
    high = a * b
    (a1, a2), (b1, b2) = _halves(a), _halves(b)
    return Pairs(high, ((a1 * b1 - high) + a1 * b2 + a2 * b1) + a2 * b2)


def _halves(a: Float64s) -> tuple[Float64s, Float64s]:
    c = _SPLITTER * a
    high = c - (c - a)
    return high, a - high


def minus(x: Pairs) -> Pairs:
    """-x."""
    return Pairs(-x.high, -x.low)


def plus(x: Pairs, y: Pairs) -> Pairs:
    """x + y."""
    first = sum_of(x.high, y.high)
    return sum_of(first.high, first.low + (x.low + y.low))


def times(x: Pairs, y: Pairs) -> Pairs:
    """x * y."""
    exact = product_of(x.high, y.high)
    rest = exact.low + (x.high * y.low + x.low * y.high)
    high = exact.high + rest  # rest is below 4 u of it: the sum is exact so
    return Pairs(high, rest - (high - exact.high))


def inverse(x: Pairs) -> Pairs:
    """1 / x, x not 0."""
    q = 1.0 / x.high
    rest = plus(of(np.ones(q.shape)), minus(times(x, of(q))))
    return sum_of(q, q * rest.high)


def total(x: Pairs) -> Pairs:
    """The sums along the last axis, which is not empty."""
    while (n := x.high.shape[-1]) > 1:
        half = n // 2
        added, odd = plus(x.columns(0, half), x.columns(half, 2 * half)), x.columns(2 * half)
        x = Pairs(
            np.concatenate([added.high, odd.high], axis=-1),
            np.concatenate([added.low, odd.low], axis=-1),
        )
    return Pairs(x.high[..., 0], x.low[..., 0])


def exp(d: Pairs) -> Pairs:
    """exp(d), d from -LOWEST to LOWEST."""
    scale, p = _exp_parts(d)
    return plus(scale, times(scale, p))


def log1p(s: Pairs) -> Pairs:
    """log(1 + s), s from 0 to 2^40, and 0 or from 2^-800."""
    y = np.log1p(s.high)
    scale, p = _exp_parts(of(y))
    minus_1 = plus(plus(scale, of(-np.ones(y.shape))), times(scale, p))
    c = plus(s, minus(minus_1)).high / (1.0 + minus_1.high)
    return sum_of(y, c - c * c / 2)


def _exp_parts(d: Pairs) -> tuple[Pairs, Pairs]:
    """2^(k / 1024), and expm1 of what is left of d."""
    of_ln2, high, low = _constants()
    k = np.rint(d.high * (_STEPS / float(np.log(2.0))))
    r = sum_of(d.high, -k * of_ln2[0])
    r = plus(plus(plus(r, of(d.low)), of(-k * of_ln2[1])), of(-k * of_ln2[2]))
    power, place = np.divmod(k.astype(np.int64), _STEPS)
    scale = Pairs(np.ldexp(high[place], power), np.ldexp(low[place], power))
    x = r.high
    rest = x * (1 / 120 + x * (1 / 720 + x * (1 / 5040 + x / 40320)))
    series = plus(nearest(Fraction(1, 24)), of(rest))
    for n in (6, 2, 1):
        series = plus(nearest(Fraction(1, n)), times(r, series))
    return scale, times(r, series)


@cache
def _constants() -> tuple[tuple[float, float, float], Float64s, Float64s]:
    """ln 2 / 1024 as three numbers, the first two of 32 bits; and the table of 2^(j / 1024)."""
    precision, ctx.prec = ctx.prec, 256
    try:
        rest, of_ln2 = arb(2).log() / _STEPS, list[float]()
        for bits in (32, 32, 53):
            exponent = int(np.frexp(float(rest))[1])
            unit = 2.0 ** (exponent - bits)
            number = float(np.rint(float(rest) / unit)) * unit
            of_ln2.append(number)
            rest -= arb(number)
        powers = [(arb(j) / _STEPS * arb(2).log()).exp() for j in range(_STEPS)]
        high = [float(power.mid()) for power in powers]
        low = [float((power - arb(h)).mid()) for power, h in zip(powers, high, strict=True)]
    finally:
        ctx.prec = precision
    return (of_ln2[0], of_ln2[1], of_ln2[2]), np.array(high), np.array(low)
