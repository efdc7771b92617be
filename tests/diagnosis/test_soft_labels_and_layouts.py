"""Reasons about soft labels and layouts, two of them at once, and numbers of which some are nan.

Every expected number is made here from the definition, in NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from tests.observed import bounds_of, observed, problem_of
from xent_check.diagnosis.diagnosis import Diagnosis, diagnose

X = np.array([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75], [-0.5, 0.0, 1.0]])
SOFT = np.array([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1], [0.25, 0.25, 0.5]])
WEIGHT = np.array([0.5, 2.0, 3.0])
CATEGORICAL = {"loss": "categorical", "logits": X.tolist(), "labels": SOFT.tolist()}
GRID = np.array([[[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]], [[-0.5, 0.0, 1.0], [2.5, -0.25, 0.75]]])
GRID_LABELS = np.array([[0, 1], [2, 2]])
SPARSE = {"loss": "sparse_categorical", "logits": GRID.tolist(), "labels": GRID_LABELS.tolist()}


def minus_log_softmax(x: Any) -> Any:
    return np.log(np.exp(x).sum(axis=-1, keepdims=True)) - x


def picked(x: Any, labels: Any) -> Any:
    """-log softmax at the labels."""
    return np.take_along_axis(minus_log_softmax(x), labels[..., None], -1)[..., 0]


def said(fields: Mapping[str, Any], numbers: Any, kind: str = "losses") -> Diagnosis:
    problem = problem_of(fields)
    shown = np.vectorize(lambda number: f"{number:#.8g}")(numbers).tolist()
    seen = observed(problem, kind, str(shown).replace("'", ""))
    return diagnose(problem, seen, bounds_of(problem))


def first(diagnosis: Diagnosis) -> set[str]:
    return set(diagnosis.explanations[0].ids) if diagnosis.explanations else set()


LOSSES = (SOFT * minus_log_softmax(X)).sum(axis=1)
ENTROPY = -(SOFT * np.log(SOFT)).sum(axis=1)


def test_the_mean_over_the_classes_is_no_unknown_factor() -> None:
    assert first(said(CATEGORICAL, LOSSES / 3)) == {"divided-by-classes"}


def test_the_divergence_of_soft_labels_is_the_loss_less_their_entropy() -> None:
    assert first(said(CATEGORICAL, LOSSES - ENTROPY)) == {"kl-divergence"}
    total = np.array((LOSSES - ENTROPY).mean() / 3)  # torch's kl_div by default
    assert first(said(CATEGORICAL, total, "mean")) == {"kl-divergence", "divided-by-classes"}


def test_the_divergence_of_smoothed_labels_is_too() -> None:
    """Targets of 0.9 and 0.05 twice over three classes are those of a smoothing of 0.15."""
    sparse = {"loss": "sparse_categorical", "logits": X.tolist(), "labels": [0, 2, 1]}
    smoothed = np.eye(3)[[0, 2, 1]] * 0.85 + 0.05
    numbers = (smoothed * (minus_log_softmax(X) + np.log(smoothed))).sum(axis=1)
    assert first(said({**sparse, "label_smoothing": 0.15}, numbers)) == {"kl-divergence"}


def test_the_divergence_of_hard_labels_is_their_loss() -> None:
    hard = {**CATEGORICAL, "labels": np.eye(3)[[0, 2, 1]].tolist()}
    assert first(said(hard, picked(X, np.array([0, 2, 1])))) == {"rounding"}


def test_the_divergence_of_a_binary_loss_is_less_the_entropy_of_both() -> None:
    z, t = np.array([0.5, -1.25, 2.0]), np.array([0.3, 0.0, 0.75])
    other = 1 - t
    losses = t * np.log1p(np.exp(-z)) + other * np.log1p(np.exp(z))
    shares = [np.where(s > 0, s * np.log(np.where(s > 0, s, 1)), 0) for s in (t, other)]
    fields = {"loss": "binary", "logits": z.tolist(), "labels": t.tolist()}
    assert first(said(fields, losses + sum(shares))) == {"kl-divergence"}


def test_a_class_weight_may_be_that_of_the_largest_target() -> None:
    numbers = LOSSES * WEIGHT[SOFT.argmax(axis=1)]
    found = said({**CATEGORICAL, "class_weight": WEIGHT.tolist()}, numbers)
    assert first(found) == {"class-weight-as-sample-weight"}
    assert found.explanations[0].parameters == {"of": "the class with the largest target"}


def test_labels_of_swapped_axes_are_seen() -> None:
    found = said(SPARSE, picked(GRID, GRID_LABELS.T))
    assert first(found) == {"labels-transposed"}
    assert found.explanations[0].parameters == {"how": "the labels' axes are swapped"}
    numbers = (SOFT.T * minus_log_softmax(X)).sum(axis=1)
    assert first(said(CATEGORICAL, numbers)) == {"labels-transposed"}


def test_labels_flattened_the_other_way_round_are_seen() -> None:
    x = np.concatenate([GRID, GRID + np.array([0.25, 0.0, -0.5])], axis=1)  # 2 x 4 samples
    labels = np.array([[0, 1, 2, 2], [1, 0, 0, 1]])
    fields = {"loss": "sparse_categorical", "logits": x.tolist(), "labels": labels.tolist()}
    numbers = picked(x.reshape(8, 3), labels.T.reshape(-1)).reshape(2, 4)
    assert first(said(fields, numbers)) == {"labels-transposed"}


@pytest.mark.parametrize(
    ("factor", "ids"),
    [
        (1 / np.log(2), {"labels-transposed", "log2"}),
        (1.7, {"labels-transposed", "scaled"}),
        (np.array([[1.7, 1.7], [1.7, 1.6]]), set()),
    ],
)
def test_a_layout_and_another_change_are_found_together(factor: Any, ids: set[str]) -> None:
    assert first(said(SPARSE, picked(GRID, GRID_LABELS.T) * factor)) == ids


@pytest.mark.parametrize("epsilon", [1e-6, 1e-7])
def test_a_constant_in_the_log_may_be_rounded_to_float32(epsilon: float) -> None:
    p = [[0.7, 0.2, 0.1], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]]
    fields = {"loss": "sparse_categorical", "probs": p, "labels": [0, 0, 2], "dtype": "float64"}
    of_label = np.array([0.7, 0.0, 1.0])
    for constant in (epsilon, float(np.float32(epsilon))):
        numbers = -np.log(of_label + constant)
        problem = problem_of(fields)
        seen = observed(problem, "losses", " ".join(f"{number:.15g}" for number in numbers))
        found = diagnose(problem, seen, bounds_of(problem))
        assert first(found) == {"epsilon-in-log"}
        assert found.explanations[0].parameters == {"epsilon": epsilon}


WITH_ZERO = {
    "loss": "sparse_categorical",
    "probs": [[0.0, 0.4, 0.6], [0.3, 0.3, 0.4], [0.9, 0.1, 0.0], [0.2, 0.5, 0.3]],
    "labels": [0, 1, 2, 0],
}


def test_what_is_not_finite_is_held_to_its_reason_as_well() -> None:
    """Of p = 0 the loss is inf in bits too: nan in its place is another answer."""
    bits = np.array([np.inf, -np.log2(0.3), np.inf, -np.log2(0.2)])
    assert first(said(WITH_ZERO, bits)) == {"log2"}
    for at in (0, 1, 2, 3):
        spoilt = bits.copy()
        spoilt[at] = np.nan
        assert first(said(WITH_ZERO, spoilt)) == set()


def test_nan_where_infinities_cancel_is_found_beside_another_change() -> None:
    """0 times -inf is nan in a one-hot row with a -inf logit; the other rows are in bits."""
    x = [[1.2, -0.4, 0.3], [2.0, -np.inf, 0.5], [0.1, 1.7, -0.9], [-np.inf, 0.6, -0.2]]
    labels = np.array([0, 0, 2, 1])
    fields = {"loss": "sparse_categorical", "logits": x, "labels": labels.tolist()}
    bits = picked(np.array(x), labels) / np.log(2)
    bits[[1, 3]] = np.nan
    assert first(said(fields, bits)) == {"log2", "inf-minus-inf"}
    bits[1] = np.inf
    assert first(said(fields, bits)) == set()


def test_smoothing_may_go_on_top_of_an_empty_row() -> None:
    """A label of no class: each class has e / n of the smoothing, and nothing else."""
    fields = {"loss": "sparse_categorical", "logits": X.tolist(), "labels": [0, 5, 1]}
    numbers = 0.75 * np.array([picked(X, np.array([0, 0, 1]))[0], 0.0, minus_log_softmax(X)[2, 1]])
    numbers += 0.25 * minus_log_softmax(X).mean(axis=1)
    found = said({**fields, "label_smoothing": 0.25}, numbers)
    assert first(found) == {"label-gives-zero"}
    assert found.explanations[0].parameters == {"then": "that smoothing gives it"}


def test_losses_that_are_0_for_a_reason_of_their_own_are_not_just_nothing() -> None:
    outside = {"loss": "sparse_categorical", "logits": X.tolist(), "labels": [7, 7, 8]}
    assert first(said(outside, np.zeros(3))) == {"label-gives-zero"}
    assert first(said({**outside, "labels": [0, 1, 2]}, np.zeros(3))) == {"loss-zero"}
