"""One distance: nan, inf and -inf agree only with themselves, whoever compares."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xent_check
from xent_check.problem.distance import distance, in_ulps

PACKAGE = Path(xent_check.__file__).parent
NAN, INF, LARGEST = math.nan, math.inf, 1.7976931348623157e308
STRANGE = {"nan": NAN, "inf": INF, "-inf": -INF}
FINITE = (0.0, -0.0, 1.0, -2.5, 5e-324, LARGEST, -LARGEST)


@pytest.mark.parametrize(("name", "other"), [*product(STRANGE, repeat=2)])
def test_what_is_not_finite_agrees_only_with_itself(name: str, other: str) -> None:
    expected = 0.0 if name == other else INF
    assert distance(np.array([STRANGE[name]]), np.array([STRANGE[other]])).tolist() == [expected]


@pytest.mark.parametrize(("name", "number"), [*product(STRANGE, FINITE)])
def test_what_is_not_finite_is_infinitely_far_from_a_number(name: str, number: float) -> None:
    strange = STRANGE[name]
    assert (float(distance(strange, number)), float(distance(number, strange))) == (INF, INF)


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_numbers_are_as_far_apart_as_their_fractions(first: float, second: float) -> None:
    """To the nearest float64, infinity beyond the largest; with no warning."""
    try:
        expected = float(abs(Fraction(first) - Fraction(second)))
    except OverflowError:
        expected = INF
    with np.errstate(all="raise", under="ignore"):
        assert float(distance(first, second)) == expected


def test_numbers_beyond_float64_of_each_other_are_infinitely_far() -> None:
    with np.errstate(all="raise"):
        assert distance(np.array([LARGEST]), np.array([-LARGEST])).tolist() == [INF]


def test_a_strange_number_hides_nothing_of_those_beside_it() -> None:
    off = distance(np.array([NAN, 1.0, INF, 2.0]), np.array([NAN, 3.0, -INF, 2.0]))
    assert off.tolist() == [0.0, 2.0, INF, 0.0]


def test_the_low_half_of_a_target_counts() -> None:
    """1 is 2^-60 from 1 + 2^-60, and 1 + 2^-52 is 2^-52 - 2^-60."""
    low = np.full(2, 2.0**-60)
    off = distance(np.array([1.0, 1.0 + 2.0**-52]), np.ones(2), low)
    assert off.tolist() == [2.0**-60, 2.0**-52 - 2.0**-60]


def test_a_distance_is_counted_in_ulps_where_there_are_any() -> None:
    """The spacing of what is not finite is nan: 0 stays 0, and inf stays inf."""
    off, ulp = np.array([3.0, 0.0, INF, INF, LARGEST]), np.array([0.5, NAN, NAN, 1.0, 5e-324])
    with np.errstate(all="raise"):
        assert in_ulps(off, ulp).tolist() == [6.0, 0.0, INF, INF, INF]


def test_no_other_module_classifies_for_itself() -> None:
    """Two arrays that are nan at the same places: that is asked in one file."""
    both = re.compile(r"isnan\([^()]*\) (&|and) (np|math)?\.?isnan\(")
    askers = {f.name for f in PACKAGE.rglob("*.py") if both.search(f.read_text(encoding="utf-8"))}
    assert askers == {"distance.py"}
