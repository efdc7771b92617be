"""Numbers of two float64 numbers are as close as their module says: held against mpmath."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from mpmath import mp, mpf

from xent_check.problem.dtypes import Float64s
from xent_check.reference import pairs
from xent_check.reference.pairs import LOWEST, Pairs

STREAM = np.random.RandomState(0)


def random_pairs(least: float, most: float, count: int = 400, signs: bool = True) -> Pairs:
    """Of sizes from 2^least to 2^most, with random low parts."""
    high = 2.0 ** STREAM.uniform(least, most, count)
    if signs:
        high *= STREAM.choice([-1.0, 1.0], count)
    return pairs.sum_of(high, high * 2.0**-54 * STREAM.uniform(-1, 1, count))


def exact(x: Pairs) -> list[mpf]:
    both = zip(x.high.tolist(), x.low.tolist(), strict=True)
    return [mpf(high) + mpf(low) for high, low in both]


def errors(found: Pairs, true: list[mpf], scale: list[mpf]) -> list[mpf]:
    """abs(found - true) / scale, where the scale is not 0; there they must be equal."""
    together = zip(exact(found), true, scale, strict=True)
    return [abs(f - t) / s if s else mpf(f != t) for f, t, s in together]


@pytest.fixture(autouse=True)
def _many_digits() -> Iterator[None]:
    with mp.workprec(400):
        yield


def test_sums_and_products_of_float64_numbers_are_exact() -> None:
    a, b = (random_pairs(-100, 100).high for _ in range(2))
    true_sums = [mpf(x) + mpf(y) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    assert exact(pairs.sum_of(a, b)) == true_sums
    true_products = [mpf(x) * mpf(y) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    assert exact(pairs.product_of(a, b)) == true_products


def test_what_is_added_is_within_its_share_of_both_sizes_even_where_they_cancel() -> None:
    x = random_pairs(-5, 5)
    y = random_pairs(-5, 5)
    y.high[:200], y.low[:200] = -x.high[:200], np.nextafter(-x.low[:200], 1)
    pairs_of = list(zip(exact(x), exact(y), strict=True))
    found = pairs.plus(x, y)
    sizes = [abs(a) + abs(b) for a, b in pairs_of]
    assert max(errors(found, [a + b for a, b in pairs_of], sizes)) <= mpf(2) ** -104


def test_products_and_inverses_are_within_their_share() -> None:
    x, y = random_pairs(-300, 300), random_pairs(-300, 300)
    products = [a * b for a, b in zip(exact(x), exact(y), strict=True)]
    assert max(errors(pairs.times(x, y), products, [abs(p) for p in products])) <= mpf(2) ** -103
    inverses = [1 / a for a in exact(x)]
    assert max(errors(pairs.inverse(x), inverses, [abs(i) for i in inverses])) <= mpf(2) ** -100


@pytest.mark.parametrize("count", [1, 2, 3, 7, 64, 1001])
def test_a_total_is_within_its_levels_share_of_the_sizes(count: int) -> None:
    x = random_pairs(-60, 3, count)
    found, true = pairs.total(x), mp.fsum(exact(x))
    size = mp.fsum([abs(number) for number in exact(x)])
    error = abs(mpf(float(found.high)) + mpf(float(found.low)) - true)
    assert error <= size * (count.bit_length()) * mpf(2) ** -104


def shifts() -> Float64s:
    """Arguments of exp: everywhere in its domain, at the ends of the table's steps, and tiny."""
    steps = np.arange(-3000, 3000, 17) * (np.log(2) / 2048)
    ends = [0.0, LOWEST, -LOWEST, 2.0**-900, -(2.0**-900)]
    everywhere = np.linspace(-LOWEST, LOWEST, 700)
    return np.concatenate([everywhere, steps, -np.logspace(-200, 0, 100), ends])


def test_exp_is_within_its_share() -> None:
    d = pairs.sum_of(shifts(), shifts() * 2.0**-55)
    d = Pairs(np.clip(d.high, -LOWEST, LOWEST), d.low)
    true = [mp.exp(x) for x in exact(d)]
    assert max(errors(pairs.exp(d), true, true)) <= mpf(2) ** -100


def test_log1p_is_within_its_share_also_where_it_is_tiny() -> None:
    steps = np.expm1(np.arange(1, 3000, 17) * (np.log(2) / 2048))
    sums = np.concatenate([2.0 ** np.linspace(-722, 40, 900), steps, [0.0]])
    s = pairs.sum_of(sums, sums * 2.0**-55)
    true = [mp.log1p(x) for x in exact(s)]
    assert max(errors(pairs.log1p(s), true, true)) <= mpf(2) ** -88


def test_a_fraction_is_a_pair_to_106_bits() -> None:
    third = pairs.nearest(Fraction(1, 3))
    error = abs(mpf(float(third.high)) + mpf(float(third.low)) - mpf(1) / 3)
    assert 0 < error <= mpf(2) ** -106 / 3
