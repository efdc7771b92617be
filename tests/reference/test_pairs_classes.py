"""Losses and gradients in pairs enclose what ball arithmetic and the oracle say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from mpmath import mp, mpf

from tests.support.oracle import gradient, truth
from tests.support.problems import problems
from xent_check.problem.parts import parts
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DTYPES, DType
from xent_check.reference import reference as room
from xent_check.reference.balls import exact_gradient, exact_losses
from xent_check.reference.enclosure import Enclosure
from xent_check.reference.pairs_classes import in_pairs, pair_gradient, pair_losses
from xent_check.reference.reference import SMALL, reference


def decided_intersect(found: Enclosure, decided: Any, exact: Enclosure) -> bool:
    """Whether the two enclosures of each decided sample have a number in common."""
    finite = np.isfinite(found.high) & np.isfinite(exact.high)
    same = (found.high == exact.high) | (np.isnan(found.high) & np.isnan(exact.high))
    with np.errstate(invalid="ignore"):
        apart = np.abs((found.high - exact.high) + (found.low - exact.low))
    meets = np.where(finite, apart <= found.radius + exact.radius, same)
    return bool(meets[decided].all())


@settings(deadline=None, max_examples=150)
@given(problem=problems(losses=("categorical", "sparse_categorical"), given=("logits",)))
def test_pairs_and_balls_enclose_the_same_losses_and_gradients(problem: Problem) -> None:
    for _, part in parts(problem):
        if in_pairs(part):
            assert decided_intersect(*pair_losses(part), exact_losses(part))
            assert decided_intersect(*pair_gradient(part), exact_gradient(part))


def random_problem(dtype: DType = "float64", scale: float = 10, **options: Any) -> Problem:
    stream = np.random.RandomState(5)
    values = (stream.standard_normal((12, 40)) * scale).astype(np.float64)
    labels: Any = stream.randint(0, 40, 12)
    weights = {name: options.pop(name)(stream) for name in {*options} & WEIGHTS.keys()}
    soft = options.pop("soft", False)
    if soft:
        labels = stream.dirichlet(np.full(40, 0.2), 12)
    loss: Any = "categorical" if soft else "sparse_categorical"
    problem = Problem(loss, "logits", values, labels, dtype, **weights, **options)
    narrow = np.float32 if dtype == "bfloat16" else np.dtype(dtype)  # exact in any of them
    arrays = {name: getattr(problem, name).astype(narrow) for name in {"values", *weights}}
    return replace(problem, **arrays, labels=labels.astype(narrow) if soft else labels)


WEIGHTS = {
    "class_weight": lambda stream: stream.uniform(-1, 3, 40),
    "sample_weight": lambda stream: stream.uniform(-1, 3, 12),
    "cotangent": lambda stream: stream.uniform(-1, 3, 12),
}
OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"soft": True},
    {"label_smoothing": 0.1},
    {"label_smoothing": 0.1, "smoothing_formula": "megatron"},
    {"soft": True, "label_smoothing": 0.3, **WEIGHTS},
    {"ignore_index": 7, **WEIGHTS},
)


def closest(numbers: Enclosure, true: list[mpf]) -> list[bool]:
    """Whether each enclosure has the true number."""
    with mp.workprec(400):
        flat = (array.reshape(-1).tolist() for array in vars(numbers).values())
        return [
            abs(t - mpf(high) - mpf(low)) <= mpf(radius)
            for t, high, low, radius in zip(true, *flat, strict=True)
        ]


def assert_decided(problem: Problem) -> None:
    """Every sample is, and the oracle is within its loss and its gradient."""
    losses, decided = pair_losses(problem)
    assert decided.all()
    assert all(closest(losses, truth(problem).losses))
    entries, decided = pair_gradient(problem)
    assert decided.all()
    assert all(closest(entries, [x for row in gradient(problem) for x in row]))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(options) or "plain")
def test_the_oracle_is_within_them_and_every_sample_is_decided(
    dtype: DType, options: dict[str, Any]
) -> None:
    problem = random_problem(dtype, **options)
    assert_decided(problem)


def test_losses_and_entries_of_sure_predictions_are_decided_though_tiny() -> None:
    """The label leads by 200: the loss is near 1e-87, and so is every entry of the gradient."""
    values = np.zeros((3, 8))
    values[np.arange(3), [1, 2, 3]] = 200
    problem = Problem("sparse_categorical", "logits", values, np.array([1, 2, 3]), "float64")
    assert_decided(problem)


def test_the_radius_has_what_the_sum_of_coefficients_loses() -> None:
    """The label's entry is the small coefficient, which adds 2^-60 to the large one, of 72 bits."""
    values, labels = (np.array([row], np.float32) for row in ([200, 0], [1 / 3, 2.0**-58 / 3]))
    problem = Problem(
        "categorical", "logits", values, labels, "float32",
        class_weight=np.array([0.7, 0.3], np.float32), sample_weight=np.array([0.9], np.float32),
    )  # fmt: skip
    entries, decided = pair_gradient(problem)
    assert decided.all()
    assert all(closest(entries, [x for row in gradient(problem, 200) for x in row]))


def test_what_is_too_far_or_too_large_is_left_to_ball_arithmetic() -> None:
    values = np.zeros((6, 3))
    values[0] = 600, 0, 0  # exp(-600) is taken for 0, and is all of the loss
    values[1] = 1e300, 0, 0
    values[2] = np.nan, 0, 0
    values[3] = np.inf, 0, 0
    values[4] = -np.inf, 0, 0  # the label's: the loss is infinite
    values[5] = 0, -np.inf, 0  # another's: it is 0 of the sum
    problem = Problem("sparse_categorical", "logits", values, np.zeros(6, int), "float64")
    assert pair_losses(problem)[1].tolist() == [False] * 5 + [True]
    weighted = replace(problem, sample_weight=np.array([1.0] * 5 + [1e-30]))
    assert not pair_losses(weighted)[1].any()


def test_a_label_that_is_no_class_has_nan_and_an_ignored_one_zeros() -> None:
    labels = np.array([-1, 5, 3, 2])
    problem = Problem(
        "sparse_categorical", "logits", np.ones((4, 3)), labels, "float64", ignore_index=5
    )
    losses, decided = pair_losses(problem)
    assert decided.all()
    np.testing.assert_array_equal(np.isnan(losses.high), [True, False, True, False])
    assert losses.high[1] == losses.radius[1] == 0.0
    entries, decided = pair_gradient(problem)
    assert decided.all()
    assert not entries.high[1].any()
    assert np.isnan(entries.high[[0, 2]]).all()


@pytest.mark.parametrize("options", [{"logit_scale": 0.5}, {"softcap": 3.0}, {"z_loss": 0.1}])
def test_what_stands_around_the_loss_is_left_to_ball_arithmetic(options: dict[str, Any]) -> None:
    assert not in_pairs(random_problem(**options))


def test_a_large_float64_problem_with_soft_labels_needs_no_ball_arithmetic(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = np.random.RandomState(6).standard_normal((SMALL // 10, 30)) * 5
    labels = np.full(values.shape, 1 / 32)
    problem = Problem(
        "categorical", "logits", values, labels, "float64", reductions=("mean",), gradient=True
    )
    some = [replace(problem, values=values[:3], labels=labels[:3], reductions=())]
    exact = reference(some[0])
    for name in ("exact_losses", "exact_gradient", "exact_totals", "SmallProblem"):
        monkeypatch.delattr(room, name)
    found = reference(problem)
    assert exact.gradient is not None
    assert found.gradient is not None
    np.testing.assert_array_equal(found.losses.high[:3], exact.losses.high)
    np.testing.assert_array_equal(found.gradient.high[:3], exact.gradient.high)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_samples_that_are_left_to_balls_stand_where_they_were(axis: int) -> None:
    last = np.random.RandomState(3).standard_normal((4, 20, 5))
    last[1, 3, 0], last[3, 19, 2] = 2000, np.nan
    labels = np.arange(80).reshape(4, 20) % 5
    moved = Problem(
        "sparse_categorical", "logits", np.moveaxis(last, -1, axis), labels, "float64", axis,
        gradient=True,
    )  # fmt: skip
    assert moved.num_scores > 200
    found = reference(moved)
    plain = replace(moved, values=last, class_axis=-1)
    losses = exact_losses(plain)
    np.testing.assert_array_equal(found.losses.high, losses.high)
    assert found.gradient is not None
    entries = np.moveaxis(found.gradient.high, axis, -1)
    np.testing.assert_array_equal(entries, exact_gradient(plain).high)
    assert np.isnan(entries[3, 19]).all()
