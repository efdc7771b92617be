"""The float64 pass and ball arithmetic enclose the same values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from tests.support.problems import problems
from xent_check.problem.parts import parts, samples_at
from xent_check.problem.problem import Problem
from xent_check.reference.balls import exact_gradient, exact_losses, exact_totals
from xent_check.reference.divisors import divisor
from xent_check.reference.enclosure import Enclosure, is_narrow
from xent_check.reference.float64 import fast_losses, fast_totals
from xent_check.reference.float64_gradient import fast_gradient
from xent_check.reference.reference import SMALL, reference


def intersect(a: Enclosure, b: Enclosure) -> bool:
    finite = np.isfinite(a.high) & np.isfinite(b.high)
    same = (a.high == b.high) | (np.isnan(a.high) & np.isnan(b.high))
    with np.errstate(invalid="ignore"):
        apart = np.abs((a.high - b.high) + (a.low - b.low))
    return bool(np.where(finite, apart <= a.radius + b.radius, same).all())


@settings(deadline=None, max_examples=300)
@given(problem=problems())
def test_the_two_enclosures_always_intersect(problem: Problem) -> None:
    for _, part in parts(problem):
        fast = fast_losses(part)
        if fast is not None:
            assert intersect(fast, exact_losses(part))


@settings(deadline=None, max_examples=300)
@given(problem=problems())
def test_the_two_gradients_always_intersect(problem: Problem) -> None:
    for _, part in parts(problem):
        fast = fast_gradient(part)
        if fast is not None:
            assert intersect(fast, exact_gradient(part))


HARD = [("binary", "logits"), ("binary", "probs"), ("sparse_categorical", "logits"),
        ("sparse_categorical", "probs")]  # fmt: skip


@pytest.mark.parametrize(("loss", "given"), HARD, ids="-".join)
def test_a_large_gradient_of_hard_labels_is_taken_in_float64_and_narrow(
    loss: Any, given: Any
) -> None:
    ends = (-120, 120) if given == "logits" else (0, 1)
    values = np.linspace(*ends, 2 * SMALL, dtype=np.float32)
    labels = np.arange(SMALL) % 2
    if loss == "binary":
        values, labels = values[:SMALL], labels.astype(np.float32)
    else:
        values = values.reshape(2, SMALL).T
    weight = np.linspace(-1, 2, SMALL, dtype=np.float32)
    problem = Problem(
        loss, given, values, labels, "float32",
        normalize=False if given == "probs" and loss != "binary" else None,
        sample_weight=weight, gradient=True,
    )  # fmt: skip
    fast = fast_gradient(problem)
    assert fast is not None
    assert is_narrow(fast, "float32")
    some = samples_at(problem, np.arange(0, SMALL, 997))
    of_some = Enclosure(*(array[::997] for array in (fast.high, fast.low, fast.radius)))
    assert intersect(of_some, exact_gradient(some))


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
    divisors = {r: divisor(problem, r) for r in problem.reductions}
    totals = fast_totals(fast, divisors)
    for reduction, total in exact_totals(problem, divisors).items():
        assert intersect(total, totals[reduction])


def test_the_float64_pass_is_narrow_enough_for_float32() -> None:
    fast = fast_losses(random_problem())
    assert fast is not None
    assert is_narrow(fast, "float32")


AROUND: tuple[dict[str, Any], ...] = (
    {"logit_scale": 0.7}, {"softcap": 30.0}, {"z_loss": 1e-3}, {"softcap": 2.0, "logit_scale": 3.0},
    {"softcap": 30.0, "logit_scale": 0.7, "z_loss": 1e-2},
)  # fmt: skip


@pytest.mark.parametrize("options", AROUND)
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"ignore_index": 2},
        {"class_weight": np.array([0, 1, 2, 3, 4, 5], np.float32)},
        {"sample_weight": np.linspace(0, 1, 40, dtype=np.float32)},
    ],
)
def test_what_stands_around_the_loss_is_in_both(
    options: dict[str, Any], more: dict[str, Any]
) -> None:
    problem = random_problem(**options, **more)
    values = problem.values.copy()
    values[3], values[4], values[5], values[6] = -np.inf, np.nan, np.float32(1e3), 1e-40
    values[7, 2], values[8, 1] = np.inf, -np.inf
    for asked in (problem, replace(problem, values=values, labels=problem.labels % 6)):
        fast = fast_losses(asked)
        assert fast is not None
        assert intersect(fast, exact_losses(asked))


@pytest.mark.parametrize("options", [one for one in AROUND if "z_loss" not in one])
def test_binary_scores_are_scaled_and_capped_in_both(options: dict[str, Any]) -> None:
    values = (np.random.RandomState(8).standard_normal(200) * 30).astype(np.float32)
    values[:4] = -np.inf, np.inf, np.nan, 1e3
    labels = (np.arange(200) % 3 / 2).astype(np.float32)
    weights: dict[str, Any] = {
        "pos_weight": np.array(3, np.float32),
        "sample_weight": np.ones(200, np.float32) / 3,
    }
    problem = Problem("binary", "logits", values, labels, "float32", **weights, **options)
    fast = fast_losses(problem)
    assert fast is not None
    assert intersect(fast, exact_losses(problem))


@pytest.mark.parametrize("options", [{"logit_scale": 0.9}, {"softcap": 5000.0}])
def test_the_rounding_of_a_score_is_in_the_radius(options: dict[str, Any]) -> None:
    """A score near 5,000 is rounded to 2^-40: far more than 800 u of a loss near 1."""
    values = (6000 + np.random.RandomState(9).standard_normal((200, 3))).astype(np.float32)
    labels = np.arange(200) % 3
    problem = Problem("sparse_categorical", "logits", values, labels, "float32", **options)
    fast, exact = fast_losses(problem), exact_losses(problem)
    assert fast is not None
    off = np.abs((fast.high - exact.high) - exact.low)
    assert (off <= fast.radius).all()
    assert off.max() > 2.0**-44


def test_a_scale_that_makes_a_score_overflow_is_left_to_ball_arithmetic() -> None:
    assert fast_losses(random_problem(logit_scale=1e307)) is None
    assert fast_losses(random_problem(logit_scale=1e13)) is None, "scores err by more than losses"


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


@pytest.mark.parametrize("classes", [2, 16, 17, 40], ids="{} classes".format)
def test_rows_of_every_kind_are_enclosed(classes: int) -> None:
    """Few classes stand apart in memory, many together; and rows are taken many at once."""
    rows = np.linspace(-3, 3, 9 * classes, dtype=np.float32).reshape(9, classes)
    rows[0] = 5  # all equal
    rows[1, :2] = np.inf, 0
    rows[2, 1] = np.nan
    rows[3] = -np.inf
    rows[4, 0] = -np.inf
    rows[5, 1] = 300  # exps of the others vanish
    labels = np.array([0, 0, 0, 0, 0, 0, -1, classes, 1])
    problem = Problem("sparse_categorical", "logits", rows, labels, "float32")
    fast = fast_losses(problem)
    assert fast is not None
    assert intersect(fast, exact_losses(problem))
    nan = [False, True, True, True, False, False, True, True, False]
    np.testing.assert_array_equal(np.isnan(fast.high), nan)
    assert fast.high[4] == np.inf


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_large_problem_is_that_of_its_parts(axis: int) -> None:
    """Losses, whichever axis has the classes, are those of the last."""
    stream = np.random.RandomState(3)
    last = stream.standard_normal((3, 5000, 4)).astype(np.float32)
    labels = stream.randint(0, 4, (3, 5000))
    moved = Problem(
        "sparse_categorical", "logits", np.moveaxis(last, -1, axis), labels, "float32", axis
    )
    plain = fast_losses(
        Problem("sparse_categorical", "logits", last.reshape(-1, 4), labels.reshape(-1), "float32")
    )
    assert moved.values.size > SMALL
    assert plain is not None
    np.testing.assert_array_equal(reference(moved).losses.high.reshape(-1), plain.high)


def test_a_binary_loss_that_underflows_may_be_off_by_the_least_number_of_each_class() -> None:
    """log(1 + exp(-1000)) is above 0, and 0 in float64."""
    logits, labels = np.array([-1000.0], np.float32), np.array([0.0], np.float32)
    found = fast_losses(Problem("binary", "logits", logits, labels, "float32"))
    assert found is not None
    assert (found.high.tolist(), found.radius.tolist()) == ([0.0], [2 * 2.0**-1074])
