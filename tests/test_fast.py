"""The float64 pass and ball arithmetic enclose the same values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from tests.problems import problems
from xent_check.enclosure import Enclosure, is_narrow
from xent_check.exact import exact_losses, exact_totals
from xent_check.fast import fast_losses, fast_totals
from xent_check.problem import Problem
from xent_check.reference import SMALL, reference


def intersect(a: Enclosure, b: Enclosure) -> bool:
    finite = np.isfinite(a.high) & np.isfinite(b.high)
    same = (a.high == b.high) | (np.isnan(a.high) & np.isnan(b.high))
    with np.errstate(invalid="ignore"):
        apart = np.abs((a.high - b.high) + (a.low - b.low))
    return bool(np.where(finite, apart <= a.radius + b.radius, same).all())


@settings(deadline=None, max_examples=300)
@given(problem=problems())
def test_the_two_enclosures_always_intersect(problem: Problem) -> None:
    fast = fast_losses(problem)
    if fast is not None:
        assert intersect(fast, exact_losses(problem))


def random_problem(**options: Any) -> Problem:
    stream = np.random.RandomState(7)
    values = (stream.standard_normal((40, 6)) * 30).astype(np.float32)
    labels = stream.randint(0, 6, 40)
    return Problem("sparse_categorical", "logits", values, labels, "float32", **options)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"ignore_index": 2},
        {"class_weight": np.array([0, 1, 2, 3, 4, 5], np.float32)},
        {"sample_weight": np.linspace(0, 1, 40, dtype=np.float32)},
    ],
)
def test_totals_of_the_two_intersect(options: dict[str, Any]) -> None:
    problem = random_problem(reductions=("mean", "weighted_mean", "sum"), **options)
    fast = fast_losses(problem)
    assert fast is not None
    exact = reference(problem)
    totals = fast_totals(fast, exact.divisors)
    for reduction, total in exact_totals(problem).items():
        assert intersect(total, totals[reduction])


def test_the_float64_pass_is_narrow_enough_for_float32() -> None:
    fast = fast_losses(random_problem())
    assert fast is not None
    assert is_narrow(fast, "float32")


@pytest.mark.parametrize("weight", ["class_weight", "sample_weight"])
def test_negative_weights_are_left_to_ball_arithmetic(weight: str) -> None:
    size = 6 if weight == "class_weight" else 40
    assert fast_losses(random_problem(**{weight: -np.ones(size, np.float32)})) is None


def test_a_large_binary_problem_agrees_with_ball_arithmetic_row_by_row() -> None:
    values = np.linspace(-800, 800, SMALL + 10, dtype=np.float32)
    labels = (np.arange(values.size) % 3 / 2).astype(np.float32)
    problem = Problem(
        "binary", "logits", values, labels, "float32", pos_weight=np.array(3, np.float32)
    )
    large = reference(problem).losses
    for i in range(0, values.size, 997):
        one = Problem(
            "binary",
            "logits",
            values[i : i + 1],
            labels[i : i + 1],
            "float32",
            pos_weight=np.array(3, np.float32),
        )
        exact = reference(one).losses
        assert abs(large.high[i] - exact.high[0]) <= large.radius[i] + exact.radius[0]
