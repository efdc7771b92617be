"""Divisors and exact sums, held against Python's own fractions."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.problems import problems
from xent_check.problem.parts import parts
from xent_check.problem.problem import Problem
from xent_check.reference.divisors import divisor, nearest
from xent_check.reference.enclosure import Enclosure
from xent_check.reference.exact_sum import exact_sum
from xent_check.reference.float64 import fast_totals
from xent_check.reference.reference import SMALL, reference

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def fractions(array: Any) -> list[Fraction]:
    return [Fraction(float(x)) for x in np.asarray(array).reshape(-1)]


@settings(deadline=None)
@given(st.lists(st.tuples(FINITE, FINITE, FINITE), max_size=30), st.integers(1, 3))
def test_sums_of_products_are_exact(rows: list[tuple[float, float, float]], factors: int) -> None:
    columns = np.array(rows, dtype=np.float64).reshape(-1, 3).T[:factors]
    exact = sum((math.prod(fractions(row)) for row in columns.T), Fraction(0))
    assert exact_sum(*columns) == exact


def test_sums_of_more_numbers_than_are_added_at_once_are_exact() -> None:
    numbers = (
        np.random.RandomState(0).standard_normal(2**18 + 3)
        * 10.0 ** np.arange(-8, 9)[np.random.RandomState(1).randint(0, 17, 2**18 + 3)]
    )
    assert exact_sum(numbers) == sum(fractions(numbers), Fraction(0))


def by_hand(problem: Problem) -> Fraction | None:
    """The contract's sum of weights; None where a target is no number."""
    samples = fractions(
        np.ones(problem.samples_shape) if problem.sample_weight is None else problem.sample_weight
    )
    whole = Fraction(0)
    if problem.loss == "binary":
        return sum(samples, whole)
    n = problem.num_classes
    classes = fractions(np.ones(n) if problem.class_weight is None else problem.class_weight)
    if problem.loss == "sparse_categorical":
        for label, weight in zip(problem.labels.reshape(-1).tolist(), samples, strict=True):
            if label != problem.ignore_index:
                whole += weight * (classes[label] if 0 <= label < n else 1)
        return whole
    rows = np.moveaxis(problem.labels.astype(np.float64), problem.class_axis, -1).reshape(-1, n)
    if not np.isfinite(rows).all():
        return None
    for row, weight in zip(rows, samples, strict=True):
        whole += weight * sum(w * t for w, t in zip(classes, fractions(row), strict=True))
    return whole


WEIGHTED = Problem(  # 3 * 1 + 5 * 0.5 + 1: a label outside the classes weighs one
    "sparse_categorical", "logits", np.zeros((3, 2)), np.array([1, 0, 7]), "float64",
    class_weight=np.array([5.0, 3.0]), sample_weight=np.array([1.0, 0.5, 1.0]),
    reductions=("weighted_mean",),
)  # fmt: skip


@settings(deadline=None, max_examples=200)
@given(problem=problems())
@example(problem=WEIGHTED)
def test_the_weights_of_any_problem_add_up_exactly(problem: Problem) -> None:
    found, exact = divisor(problem, "weighted_mean"), by_hand(problem)
    assert found == exact if exact is not None else isinstance(found, float)


def test_a_soft_label_weighs_what_its_classes_do() -> None:
    """2 * 0.25 + 3 * 0.75, by hand."""
    problem = Problem(
        "categorical", "logits", np.zeros((1, 2)), np.array([[0.25, 0.75]]), "float64",
        class_weight=np.array([2.0, 3.0]), reductions=("weighted_mean",),
    )  # fmt: skip
    assert divisor(problem, "weighted_mean") == Fraction(11, 4)


def test_a_label_outside_the_classes_weighs_one() -> None:
    """Its loss is nan, and no class has a weight for it: 3 + 1, by hand."""
    problem = Problem(
        "sparse_categorical", "logits", np.zeros((2, 2)), np.array([1, 2]), "float64",
        class_weight=np.array([5.0, 3.0]), reductions=("weighted_mean",),
    )  # fmt: skip
    assert divisor(problem, "weighted_mean") == 4


def sparse(weights: Any, dtype: Any = "float64") -> Problem:
    """Equal logits of two classes: every loss is its weight times log 2, the mean log 2."""
    made = np.asarray(weights, dtype=dtype)
    return Problem(
        "sparse_categorical", "logits", np.zeros((made.size, 2), dtype), np.zeros(made.size, int),
        dtype, sample_weight=made, reductions=("weighted_mean",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("weights", "whole"),
    [([1e16, 1, -1e16, 1], 2.0), ([1e300, 1e-300, -1e300], 1e-300), ([1, -1], 0.0)],
    ids=["lost at 53 bits", "lost at 1,000 bits", "nothing"],
)
def test_weights_that_cancel_have_their_exact_sum(weights: Any, whole: float) -> None:
    enclosed = reference(sparse(weights))
    assert enclosed.divisors["weighted_mean"] == whole
    mean = enclosed.totals["weighted_mean"]
    assert np.isnan(mean.high) if whole == 0 else abs(mean.high - np.log(2)) < 1e-15


def test_a_divisor_beyond_float64_is_infinite_and_its_mean_is_not() -> None:
    enclosed = reference(sparse([1.7e308, 1.7e308]))
    assert enclosed.divisors["weighted_mean"] == np.inf
    assert abs(enclosed.totals["weighted_mean"].high - np.log(2)) < 1e-15


def test_many_weights_of_a_rounding_each_are_not_lost_beside_a_large_one() -> None:
    # 2^26 + 2^-30 is 2^26 in float64, 20,000 times over.
    weights = np.full(SMALL, 2.0**-30, np.float32)
    weights[0] = 2.0**26
    enclosed = reference(sparse(weights, "float32"))
    assert enclosed.divisors["weighted_mean"] == float(sum(fractions(weights)))


def test_the_radius_of_a_total_holds_what_its_two_numbers_leave_out() -> None:
    losses = Enclosure(np.array([1.0, 2.0**-60]), np.zeros(2), np.array([2.0**-80, 0.0]))
    by = Fraction(3, 2**70)
    (mean,) = fast_totals(losses, {"mean": by}).values()
    held = Fraction(float(mean.high)) + Fraction(float(mean.low))
    exact = (1 + Fraction(2) ** -60) / by
    assert abs(exact - held) + Fraction(2) ** -80 / by <= Fraction(float(mean.radius))
    assert mean.radius <= 2 * float(Fraction(2) ** -80 / by)


@pytest.mark.parametrize("losses", [[np.inf, 1.0], [np.nan, np.inf], [np.inf, -np.inf]])
def test_totals_of_infinite_losses(losses: list[float]) -> None:
    high = np.array(losses)
    totals = fast_totals(
        Enclosure(high, np.zeros(2), np.zeros(2)),
        {"sum": Fraction(1), "mean": Fraction(-2), "weighted_mean": Fraction(0)},
    )
    with np.errstate(invalid="ignore"):
        exact = high.sum()
    np.testing.assert_equal(float(totals["sum"].high), exact)
    np.testing.assert_equal(float(totals["mean"].high), -exact / 2)
    assert np.isnan(totals["weighted_mean"].high)


def test_nearest_is_correctly_rounded() -> None:
    assert nearest(Fraction(1, 3)) == 1 / 3
    assert nearest(Fraction(2) ** 1100) == np.inf
    assert nearest(-(Fraction(2) ** 1100)) == -np.inf


def same(one: Any, other: Any) -> None:
    np.testing.assert_equal(np.asarray(one, np.float64), np.asarray(other, np.float64))


SPLIT = Problem(  # each part here is some of the samples after the class axis
    "sparse_categorical", "logits", np.arange(12, dtype=np.float32).reshape(2, 2, 3),
    np.array([[0, 1, 1], [1, 0, 1]]), "float32", class_axis=1,
)  # fmt: skip


@settings(deadline=None, max_examples=100)
@given(problem=problems(), values=st.integers(1, 12))
@example(problem=SPLIT, values=4)
def test_the_parts_are_the_problem(problem: Problem, values: int) -> None:
    """Each sample's numbers stand in one part, at its place, and every part is small."""
    count = int(np.prod(problem.samples_shape))
    seen = np.zeros(count, dtype=int)
    binary = problem.loss == "binary"
    n = 1 if binary else problem.num_classes
    rows = problem.values if binary else np.moveaxis(problem.values, problem.class_axis, -1)
    soft = problem.loss == "categorical"
    labels = np.moveaxis(problem.labels, problem.class_axis, -1) if soft else problem.labels
    for samples, part in parts(problem, values):
        seen[samples] += 1
        assert part.values.size <= max(values, n)
        same(part.values.reshape(-1, n), rows.reshape(-1, n)[samples])
        width = n if soft else 1
        same(part.labels.reshape(-1, width), labels.reshape(-1, width)[samples])
        same(part.kept, problem.kept.reshape(-1)[samples])
        if problem.sample_weight is not None:
            of_samples = problem.sample_weight.reshape(-1)[samples]
            same(part.sample_weight, of_samples)
        if problem.pos_weight is not None:
            spread = np.broadcast_to(problem.pos_weight, problem.values.shape).reshape(-1)[samples]
            made = np.broadcast_to(np.asarray(part.pos_weight, dtype=np.float64), part.values.shape)
            same(made, spread)
    assert (seen == 1).all()


def test_a_part_has_its_own_pos_weights() -> None:
    """One per column: each part goes on where the one before it ended."""
    z = np.zeros((3, 4), np.float32)
    columns = np.array([1, 2, 3, 4], np.float32)
    problem = Problem("binary", "logits", z, z, "float32", pos_weight=columns)
    found: list[Any] = [part.pos_weight for _, part in parts(problem, 3)]
    np.testing.assert_array_equal(np.concatenate(found), np.tile(columns, 3))


@pytest.mark.parametrize("losses", [[1.0, 2.0], [0.0, 0.0], [math.inf, 1.0]])
@pytest.mark.parametrize("by", [Fraction(0), math.nan])
def test_a_mean_over_nothing_is_nan(losses: list[float], by: Fraction | float) -> None:
    zeros = np.zeros(2)
    totals = fast_totals(Enclosure(np.array(losses), zeros, zeros), {"mean": by})
    assert math.isnan(totals["mean"].high)
    assert totals["mean"].radius == 0
