"""The bounds are their formulas, written a second time, for every loss, input and option; and they
are no wider than a few roundings of what is computed."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from mpmath import mp

from tests.support.bound_again import bounds_again
from tests.support.random_problems import f32, f64, problem
from xent_check.problem.dtypes import rounded, unit_roundoff
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DType, Given, Loss
from xent_check.reference import bounds_classes
from xent_check.reference.bounds import bounds
from xent_check.reference.reference import Reference, reference
from xent_check.reference.truth import truth

LARGEST = float(np.finfo(np.float64).max)
SEEDS = range(20_000, 20_600)


def departures(subject: Problem, exact: Reference) -> list[str]:
    """Where a bound is not its formula."""
    found = bounds(subject, exact)
    flat = exact.losses.high.reshape(-1)
    # log sum p is 0 but for roundings of float64, which is what the bound is computed in
    coarse = subject.dtype == "float64" and subject.given == "probs"
    within = 0.05 if coarse else 1e-6
    losses, entries = bounds_again(subject, np.where(np.isfinite(flat), flat, 0.0))
    assert found.gradient is not None
    assert exact.gradient is not None
    parts = (
        ("loss", found.losses, exact.losses.high, losses),
        ("entry", found.gradient, exact.gradient.high, entries),
    )
    return [
        f"{name} {i}: {made!r}, by its formula {mp.nstr(wanted, 9)}"
        for name, array, target, formula in parts
        for i, (made, at, wanted) in enumerate(
            zip(array.reshape(-1).tolist(), target.reshape(-1), formula, strict=True)
        )
        # beside a nan or an infinity nothing is allowed whatever the bound
        if math.isfinite(at) and not abs(made - min(wanted, LARGEST)) <= within * made
    ]


@pytest.mark.parametrize("given", ["logits", "probs", "log_probs"])
@pytest.mark.parametrize("loss", ["binary", "categorical", "sparse_categorical"])
def test_every_bound_is_its_formula(loss: Loss, given: Given) -> None:
    mine = [p for p in map(problem, SEEDS) if (p.loss, p.given) == (loss, given)]
    assert len(mine) > 20
    for subject in mine:
        assert departures(subject, reference(subject)) == []


@pytest.mark.parametrize("normalize", [None, False, True])
def test_the_gradient_from_probabilities_has_the_bound_of_what_normalize_says(
    normalize: bool | None,
) -> None:
    values, labels = f32([[0.5, 0.25, 0.25]]), f32([[0, 1, 0]])
    subject = Problem(
        "categorical", "probs", values, labels, "float32", normalize=normalize, gradient=True
    )
    assert departures(subject, reference(subject)) == []
    # -1 / 0.25 takes a few roundings of 4; with the division by the sum, those of 1 more
    allowed = bounds(subject, reference(subject)).gradient
    assert allowed is not None
    shared = 6.0 if normalize else 0.0  # 4 + h(3), of 1 / sum p = 1
    assert allowed[0] == pytest.approx(
        2.0**-24 * np.array([shared, 16 + shared, shared]), abs=1e-30
    )


def tight(subject: Problem, size: Any) -> None:
    """No bound is wider than 40 roundings of `size`."""
    found = bounds(subject, reference(subject))
    for allowed in (found.losses, found.gradient):
        assert allowed is not None
        assert (allowed <= 40 * unit_roundoff(subject.dtype) * size).all()


def binary(given: Given, value: float, label: float, **options: Any) -> Problem:
    return Problem(
        "binary",
        given,
        f64([value]),
        f64([label]),
        "float64",
        gradient=True,
        **options,
    )


@pytest.mark.parametrize("label", [0.0, 1.0, 0.25])
@pytest.mark.parametrize("given", ["logits", "probs", "log_probs"])
def test_a_binary_bound_is_a_few_roundings(given: Given, label: float) -> None:
    value = {"logits": 0.5, "probs": 0.375, "log_probs": -1.0}[given]
    tight(binary(given, value, label), 4.0)
    tight(binary(given, value, label, label_smoothing=0.1), 4.0)
    weighted = binary(given, value, label, sample_weight=f64([1e-3]))
    tight(weighted, 4e-3)


def test_a_probability_near_0_has_a_bound_of_its_own_size() -> None:
    # -log(1 - 1e-9): the rounding of 1 - p and no more; not its quotient by p
    assert bounds_of(binary("probs", 1e-9, 0.0)).losses[0] < 4 * 2.0**-53
    # -1 / 1e-9 takes a few roundings of itself
    entry = bounds_of(binary("probs", 1e-9, 1.0)).gradient
    assert entry is not None
    assert 2.0**-53 * 1e9 < entry[0] < 8 * 2.0**-53 * 1e9


def bounds_of(subject: Problem) -> Any:
    return bounds(subject, reference(subject))


def test_an_improbable_class_has_a_gradient_as_exact_as_it_is_small() -> None:
    """3e-6 would be allowed in float32 without the factor p; its entry is 2e-9."""
    logits, p = f32([[20.0, 0.0, 0.0]]), math.exp(-20)
    for subject in (
        Problem("sparse_categorical", "logits", logits, np.array([0]), "float32", gradient=True),
        Problem("categorical", "logits", logits, f32([[1, 0, 0]]), "float32", gradient=True),
    ):
        allowed = bounds_of(subject).gradient
        assert 2 * 20 * 2.0**-24 * p < allowed[0, 1] < 80 * 2.0**-24 * p


def test_smoothing_of_a_binary_label_moves_half_of_it() -> None:
    """t (1 - e) + e / 2: at e = 1 both labels have the target 1/2, and its bound."""
    one, zero = (binary("logits", 3.0, label, label_smoothing=1.0) for label in (1.0, 0.0))
    assert bounds_of(one).losses == bounds_of(zero).losses
    assert bounds_of(one).gradient == bounds_of(zero).gradient
    half = binary("logits", 3.0, 0.5)
    assert bounds_of(half).terms["targets"] == bounds_of(one).terms["targets"] > 0


@pytest.mark.parametrize("given", ["logits", "probs", "log_probs"])
def test_a_sample_weight_scales_the_bound(given: Given) -> None:
    value = {"logits": -2.0, "probs": 0.25, "log_probs": -0.5}[given]
    ones, thousands = (binary(given, value, 1.0, sample_weight=f64([w])) for w in (1.0, 1024.0))
    assert bounds_of(thousands).losses == pytest.approx(1024 * bounds_of(ones).losses)
    assert bounds_of(thousands).gradient == pytest.approx(1024 * bounds_of(ones).gradient)
    moved = replace(ones, cotangent=f64([-8.0]))
    still = replace(ones, cotangent=f64([1.0]))
    assert bounds_of(moved).gradient == pytest.approx(8 * bounds_of(still).gradient)


def test_beside_an_infinite_logit_nothing_is_rounded() -> None:
    """sigmoid(-inf) is 0: the label 0 has the loss 0 and the gradient 0, exactly."""
    found = bounds_of(binary("logits", -math.inf, 0.0))
    assert found.losses[0] < 1e-300
    assert found.gradient[0] < 1e-300


@pytest.mark.filterwarnings("error")
def test_a_probability_of_1_has_no_log_of_its_complement_to_warn_of() -> None:
    """log p = 0 and the label 1: a loss of 0, exactly, without a RuntimeWarning of NumPy's."""
    assert bounds_of(binary("log_probs", 0.0, 1.0)).losses[0] < 1e-300


def test_classes_further_apart_than_float64_holds_have_a_bound_of_their_own_size() -> None:
    """The label is all there is: the loss is 0, and so is every entry of its gradient."""
    logits = f64([[LARGEST, -LARGEST, -LARGEST]])
    tight(
        Problem("sparse_categorical", "logits", logits, np.array([0]), "float64", gradient=True),
        1.0,
    )


def test_a_total_may_be_flushed_to_0_like_any_number() -> None:
    """Log-probabilities of 0 have losses of 0, whose sum rounds nothing."""
    values, labels = np.zeros((2, 2), np.float32), np.zeros(2, np.int64)
    subject = Problem(
        "sparse_categorical", "log_probs", values, labels, "float32", reductions=("sum",)
    )
    found = bounds_of(subject)
    assert found.totals["sum"] == found.losses.sum() + 2.0**-126


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("loss", ["categorical", "sparse_categorical"])
@pytest.mark.parametrize(
    ("given", "row"),
    [
        ("probs", [math.inf, math.inf, 1.0]),
        ("probs", [math.nan, math.inf, 1.0]),
        ("probs", [LARGEST, LARGEST, 1.0]),
        ("log_probs", [-math.inf, -math.inf, 0.0]),
        ("log_probs", [-LARGEST, -LARGEST, 0.0]),
    ],
)
@pytest.mark.parametrize("label", [0, 2])
def test_numbers_at_the_end_of_float64_have_finite_bounds(
    loss: Loss, given: Given, row: list[float], label: int
) -> None:
    labels = np.array([label]) if loss == "sparse_categorical" else f64([np.eye(3)[label]])
    if loss == "categorical":
        labels = (labels + f64([[0.5, 0.5, 0.0]])) / 2
    normalize = True if given == "probs" else None
    found = bounds_of(
        Problem(loss, given, f64([row]), labels, "float64", normalize=normalize, gradient=True)
    )
    assert np.isfinite(found.losses).all()
    assert np.isfinite(found.gradient).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scaled", [{"logit_scale": 1.7e308}, {"softcap": 1.7e308}])
@pytest.mark.parametrize("dtype", ["bfloat16", "float64"])
def test_what_is_scaled_to_the_end_of_float64_has_finite_bounds(
    scaled: dict[str, float], dtype: DType
) -> None:
    """Of the scores, of a z-loss of them, through a last layer and inside float32."""
    rows = rounded(np.array([[1.0, 0.0, 0.5], [-2.0, -2.0, 0.5], [0.0, 1.0, 0.5]]), dtype)
    labels = np.array([0, 1, 2])
    weight = rounded(np.array([[1.0, 0.5, 0.0], [0.0, 0.0, 0.0], [3.0, -0.125, 1.0]]), dtype)
    for subject in (
        Problem("binary", "logits", rows, rounded(np.eye(3), dtype), dtype, gradient=True),
        Problem("sparse_categorical", "logits", rows, labels, dtype, z_loss=1.0, gradient=True),
        Problem("sparse_categorical", "hidden", rows, labels, dtype, weight=weight, gradient=True),
    ):
        found = truth(replace(subject, **scaled))  # type: ignore[arg-type]
        short = dtype == "bfloat16" and subject.given == "logits"
        for one in (found, found.inside_float32(subject) if short else found):
            for name, part in one.bounds.parts.items():
                assert part is None or np.isfinite(part).all(), (subject.loss, name)


def test_classes_are_bounded_a_few_rows_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a bound is made of takes dozens of arrays of the size of what is bounded at once."""
    taken: list[int] = []

    def from_logits(rows: Any) -> Any:
        taken.append(rows.x.size)
        return made(rows)

    made = bounds_classes._from_logits
    values, labels = f32(np.zeros((10, 4))), np.zeros(10, np.int64)
    subject = Problem(
        "sparse_categorical", "logits", values, labels, "float32", label_smoothing=0.1,
        gradient=True,
    )  # fmt: skip
    whole = bounds_of(subject)
    monkeypatch.setattr(bounds_classes, "_CHUNK", 12)
    monkeypatch.setattr(bounds_classes, "_from_logits", from_logits)
    few = bounds_of(subject)
    assert taken == [12, 12, 12, 4]
    np.testing.assert_array_equal(few.losses, whole.losses)
    np.testing.assert_array_equal(few.gradient, whole.gradient)
