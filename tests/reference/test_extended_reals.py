"""Extended reals: what a nan, an infinity and a ball that is not decided make of each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
from flint import arb, ctx

from xent_check.reference.extended_reals import (
    Extended,
    enclose,
    negative,
    product,
    quotient,
    total,
)

INF, NAN = math.inf, math.nan
UNDECIDED = arb("nan")


def same(found: Extended, expected: Extended) -> bool:
    """Of one kind and equal; a ball that is not decided is none other than such a ball."""
    if isinstance(expected, arb):
        assert isinstance(found, arb)
        return bool(found == expected) if expected.is_finite() else not found.is_finite()
    assert isinstance(found, float)
    return found == expected or (math.isnan(found) and math.isnan(expected))


@pytest.mark.parametrize(
    ("value", "factor", "expected"),
    [
        (arb(3), arb(-2), arb(-6)),
        (INF, arb(2), INF),
        (INF, arb(-2), -INF),
        (-INF, arb(-2), INF),
        (INF, arb(0), arb(0)),  # 0 log 0 is 0
        (-INF, arb(0), arb(0)),
        (NAN, arb(0), NAN),
        (NAN, arb(1), NAN),
        (INF, UNDECIDED, NAN),
        (INF, arb(0, 0.25), UNDECIDED),  # the sign of the factor is not known
    ],
)
def test_a_multiple(value: Extended, factor: arb, expected: Extended) -> None:
    assert same(product(value, factor), expected)


@pytest.mark.parametrize(
    ("value", "by", "expected"),
    [
        (arb(6), arb(-2), arb(-3)),
        (arb(0), arb(0), arb(0)),  # a term that is not there
        (arb(0), arb(2), arb(0)),
        (arb(1), arb(0), INF),
        (arb(-1), arb(0), -INF),
        (arb(0, 0.25), arb(0), UNDECIDED),  # either sign
    ],
)
def test_a_quotient(value: arb, by: arb, expected: Extended) -> None:
    assert same(quotient(value, by), expected)


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ([], arb(0)),
        ([arb(1), arb(2)], arb(3)),
        ([arb(1), INF], INF),
        ([-INF, arb(1), -INF], -INF),
        ([INF, -INF], NAN),
        ([arb(1), NAN], NAN),
        ([INF, NAN], NAN),
        ([INF, UNDECIDED], UNDECIDED),  # it may be the other infinity
        ([UNDECIDED, NAN], NAN),
    ],
)
def test_a_sum(terms: list[Extended], expected: Extended) -> None:
    assert same(total(terms), expected)


def test_a_negative() -> None:
    assert same(negative(arb(2)), arb(-2))
    assert same(negative(INF), -INF)


def test_an_enclosure_holds_the_ball_and_what_two_numbers_leave_out() -> None:
    with ctx.workprec(200):
        third = arb(1) / 3
        found = enclose([third, arb(0.5), INF, NAN, UNDECIDED, arb(10) ** 400], (2, 3))
        assert found.high.shape == found.low.shape == found.radius.shape == (2, 3)
        high, low, radius = (a.reshape(-1) for a in (found.high, found.low, found.radius))
        assert high[0] == 1 / 3  # the nearest float64
        assert low[0] == pytest.approx(2.0**-54 / 3, rel=1e-12)  # 1 / 3 - fl(1 / 3)
        assert bool(abs(third - arb(high[0]) - arb(low[0])) <= arb(radius[0]))
        assert 0 < radius[0] < 2.0**-107
    np.testing.assert_array_equal(high[1:], [0.5, INF, NAN, NAN, INF])
    np.testing.assert_array_equal(low[1:], np.zeros(5))
    np.testing.assert_array_equal(radius[1:], [0, 0, 0, INF, 0])
