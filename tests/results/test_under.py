"""A comparison under another tolerance: every part of it is judged again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xent_check.casefile.expectations import published_numbers
from xent_check.problem.evaluation import Computed
from xent_check.problem.expectation import Expectation
from xent_check.problem.tolerance import Tolerance
from xent_check.reference.enclosure import Enclosure
from xent_check.reference.reference import Reference
from xent_check.results.comparison import compare
from xent_check.results.difference import Difference

NOTHING, MUCH = Tolerance(ulps=0.0), Tolerance(atol=10.0, ulps=0.0)


def enclosed(numbers: Any) -> Enclosure:
    high = np.asarray(numbers, dtype=np.float64)
    return Enclosure(high, np.zeros_like(high), np.zeros_like(high))


def parts(tolerance: Tolerance, again: Tolerance | None = None) -> dict[str, Difference]:
    """Numbers that are 1 off what is exact and 3 off what is stated, in every part."""
    one = np.ones(1, np.float32)
    given = Computed(one, {"sum": np.ones((), np.float32)}, "call", 0.0, one[None])
    exact = Reference(enclosed([2.0]), {"sum": enclosed(2.0)}, {"sum": 1.0}, enclosed([[2.0]]))
    stated = Expectation(
        published_numbers([4.0]),
        {"sum": published_numbers(4.0)},
        published_numbers([[4.0]]),
        None,
        "why",
        None,
    )
    found = compare(given, exact, tolerance, stated)
    found = found if again is None else found.under(again)
    made = {
        "losses": found.losses,
        "sum": found.totals["sum"],
        "gradient": found.gradient,
        "stated losses": found.expected_losses,
        "stated sum": found.expected_totals["sum"],
        "stated gradient": found.expected_gradient,
    }
    there = {name: part for name, part in made.items() if part is not None}
    assert len(there) == len(made)
    return there


@pytest.mark.parametrize(("first", "then"), [(NOTHING, MUCH), (MUCH, NOTHING)])
def test_every_part_is_judged_by_the_other_tolerance(first: Tolerance, then: Tolerance) -> None:
    for name, part in parts(first, then).items():
        assert bool(part.agrees.all()) == (then is MUCH), name
        np.testing.assert_array_equal(part.allowed, parts(then)[name].allowed, name)
