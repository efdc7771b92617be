"""A shift is what slicing by hand gives, and megatron's smoothing what its source computes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.support.random_problems import f32
from xent_check.problem.parts import parts
from xent_check.problem.problem import Problem
from xent_check.reference import reference as module
from xent_check.reference.reference import reference
from xent_check.reference.truth import truth
from xent_check.results.behaviour import label_text

RANDOM = np.random.RandomState(0)
X = f32(RANDOM.standard_normal((2, 4, 5)))
LABELS = np.array([[99, 1, 4, -7], [-100, 2, -7, 3]])  # -7 is ignored; the first meet nothing
WEIGHTS = f32([[1, 2, 3, 50], [4, 5, 6, 70]])
SHIFTED = Problem(
    "sparse_categorical", "logits", X, LABELS, "float32", ignore_index=-7, shift=1,
    sample_weight=WEIGHTS, class_weight=f32([1, 2, 3, 4, 5]), label_smoothing=0.2, z_loss=0.01,
    cotangent=f32([[1, -1, 2, 9], [3, 1, 1, 9]]), reductions=("mean", "weighted_mean", "sum"),
    gradient=True,
)  # fmt: skip
# As it is written by hand: logits[:, :-1] meet labels[:, 1:].
SLICED = replace(
    SHIFTED, shift=None, values=X[:, :-1], labels=LABELS[:, 1:], sample_weight=WEIGHTS[:, :-1],
    cotangent=f32([[1, -1, 2], [3, 1, 1]]),
)  # fmt: skip


def assert_sliced(shifted: Problem, sliced: Problem, by: int = 1) -> None:
    """Both have the same values, and the last positions of the shifted one are 0."""
    one, other = truth(shifted), truth(sliced)
    np.testing.assert_array_equal(one.reference.losses.high[..., :-by], other.reference.losses.high)
    assert (one.reference.losses.high[..., -by:] == 0).all()
    np.testing.assert_array_equal(one.bounds.losses[..., :-by], other.bounds.losses)
    for name, total in one.reference.totals.items():
        np.testing.assert_allclose(total.high, other.reference.totals[name].high, 1e-15)
    assert one.reference.divisors == other.reference.divisors
    assert one.reference.gradient is not None
    assert other.reference.gradient is not None
    np.testing.assert_array_equal(
        one.reference.gradient.high[:, :-by], other.reference.gradient.high
    )
    assert (one.reference.gradient.high[:, -by:] == 0).all()


def test_a_shift_is_slicing_by_hand() -> None:
    assert_sliced(SHIFTED, SLICED)


def test_so_it_is_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part has one axis of samples, in which no sequence could be told from the next."""
    monkeypatch.setattr(module, "SMALL", 1)
    plain: dict[str, Any] = {"label_smoothing": 0.0, "z_loss": 0.0}
    assert_sliced(replace(SHIFTED, **plain), replace(SLICED, **plain))


def test_a_report_shows_the_label_that_is_met() -> None:
    assert [label_text(SHIFTED, (0, i)) for i in range(4)] == ["1", "4", "-7", "none"]
    assert label_text(replace(SHIFTED, shift=2), (1, 1)) == "3"


def test_a_part_has_no_shift() -> None:
    labels = [int(part.labels[0]) for _, part in parts(SHIFTED, values=5)]
    assert labels == [1, 4, -7, -7, 2, -7, 3, -7]  # the ignored -7 where none is met
    assert {part.shift for _, part in parts(SHIFTED, values=5)} == {None}


def test_a_shift_of_several_places_drops_as_many() -> None:
    two = replace(SHIFTED, shift=2, labels=np.array([[99, 98, 4, 1], [-100, 77, -7, 3]]))
    by_hand = replace(
        SLICED, values=X[:, :2], labels=np.array([[4, 1], [-7, 3]]), sample_weight=WEIGHTS[:, :2],
        cotangent=f32([[1, -1], [3, 1]]),
    )  # fmt: skip
    assert_sliced(two, by_hand, by=2)


def test_a_shift_goes_along_the_labels_last_axis_wherever_the_classes_are() -> None:
    moved = replace(SHIFTED, values=np.moveaxis(X, -1, 1), class_axis=1)
    np.testing.assert_array_equal(reference(moved).losses.high, reference(SHIFTED).losses.high)


def test_two_axes_of_scores_are_one_sequence_and_a_row_is_a_sequence_of_one() -> None:
    plain: dict[str, Any] = {"sample_weight": None, "cotangent": None}
    one = replace(SHIFTED, values=X[0], labels=LABELS[0], **plain)
    np.testing.assert_array_equal(
        reference(one).losses.high, reference(replace(SHIFTED, **plain)).losses.high[0]
    )
    row = replace(SHIFTED, values=X[0, 0], labels=np.array(3), reductions=("mean", "sum"), **plain)
    exact = reference(row)
    assert exact.losses.high == 0
    assert exact.totals["sum"].high == 0
    assert math.isnan(exact.totals["mean"].high)


@pytest.mark.parametrize("shift", [4, 5, 2**40])
def test_a_shift_past_the_end_keeps_nothing(shift: int) -> None:
    exact = reference(replace(SHIFTED, shift=shift))
    assert (exact.losses.high == 0).all()
    assert exact.totals["sum"].high == 0
    assert math.isnan(exact.totals["mean"].high)
    assert reference(replace(SHIFTED, shift=shift, num_items=3.0)).totals["mean"].high == 0


def test_without_an_ignore_index_no_label_is_taken_for_one_that_meets_nothing() -> None:
    """-100 is no class here: a label that is met and outside the classes gives nan."""
    stray = replace(SHIFTED, ignore_index=None, labels=np.array([[0, -100, 4, 1], [0, 2, -101, 3]]))
    losses = reference(stray).losses.high
    assert np.isnan(losses).tolist() == [[True, False, False, False], [False, True, False, False]]
    assert stray.kept.tolist() == [[True, True, True, False]] * 2


def test_megatrons_smoothing_is_what_megatron_computes() -> None:
    """Megatron-LM, megatron/core/tensor_parallel/cross_entropy.py: smoothing = label_smoothing *
    vocab_size / (vocab_size - 1); loss = (1 - smoothing) * loss - smoothing * log_probs.mean()."""
    x, epsilon, n = X[0].astype(np.float64), 0.3, 5
    log_probs = x - np.log(np.exp(x).sum(axis=-1, keepdims=True))
    labels = np.array([0, 3, 4, 1])
    smoothing = epsilon * n / (n - 1)
    expected = (1 - smoothing) * -log_probs[np.arange(4), labels] - smoothing * log_probs.mean(-1)
    problem = Problem(
        "sparse_categorical", "logits", X[0], labels, "float32", label_smoothing=epsilon,
        smoothing_formula="megatron",
    )  # fmt: skip
    np.testing.assert_allclose(reference(problem).losses.high, expected, 1e-14)


def test_megatrons_smoothing_gives_its_epsilon_to_the_other_classes_evenly() -> None:
    spread = np.full((4, 5), 0.3 / 4)
    spread[np.arange(4), [0, 3, 4, 1]] = 0.7
    problem = Problem(
        "sparse_categorical", "logits", X[0], np.array([0, 3, 4, 1]), "float64",
        label_smoothing=0.3, smoothing_formula="megatron",
    )  # fmt: skip
    soft = replace(
        problem, loss="categorical", labels=spread, label_smoothing=0.0,
        smoothing_formula="standard",
    )  # fmt: skip
    np.testing.assert_allclose(reference(problem).losses.high, reference(soft).losses.high, 1e-15)


def test_an_epsilon_of_1_leaves_nothing_to_the_label_and_the_bound_knows_what_cancels() -> None:
    problem = Problem(
        "sparse_categorical", "logits", f32([[2, 0]]), np.array([0]), "float32",
        label_smoothing=1.0, smoothing_formula="megatron",
    )  # fmt: skip
    exact = truth(problem)
    np.testing.assert_allclose(exact.reference.losses.high, [math.log1p(math.exp(2))], 1e-15)
    # (1 - 2) l_0 + (l_0 + l_1): l_0 is gone, and its rounding is not
    only = replace(problem, labels=np.array([1]), label_smoothing=0.0, smoothing_formula="standard")
    assert (exact.bounds.losses > truth(only).bounds.losses).all()


def test_a_formula_without_smoothing_is_not_there() -> None:
    plain = replace(SHIFTED, label_smoothing=0.0)
    formula = replace(plain, smoothing_formula="megatron")
    np.testing.assert_array_equal(reference(formula).losses.high, reference(plain).losses.high)
    assert formula.options == plain.options
