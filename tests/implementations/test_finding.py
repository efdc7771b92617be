"""What a user's loss is found to compute and to return, and its cases in that light."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import mpmath
import numpy as np
import pytest

from tests.support.fake import PROBLEM
from tests.support.fakes import own
from xent_check.implementations.own.asking import UserLoss, user_loss
from xent_check.implementations.own.finding import found
from xent_check.implementations.own.gentle import Gentle, gentle_problems
from xent_check.implementations.own.introducing import answer, introduction
from xent_check.implementations.own.raised import place_of
from xent_check.implementations.own.taken import Taken
from xent_check.problem.evaluation import Computed, Unsupported, UnsupportedError
from xent_check.problem.problem import Problem
from xent_check.reference.reference import reference


def loss(function: Callable[..., Any]) -> UserLoss:
    return user_loss(function, "f", "numpy")


def answered(function: Callable[..., Any], problem: Problem) -> Computed:
    return answer(problem, loss(function), found(loss(function)))


GENTLE = list(gentle_problems())


@pytest.mark.parametrize(
    "one", GENTLE, ids=lambda g: f"{g.problem.loss}-{g.problem.given}-{g.axes}"
)
def test_gentle_problems_come_to_what_the_reference_says(one: Gentle) -> None:
    exact = reference(one.problem)
    np.testing.assert_allclose(one.losses, exact.losses.high, rtol=1e-6)
    assert exact.gradient is not None
    np.testing.assert_allclose(one.gradient, exact.gradient.high, rtol=2e-6, atol=1e-7)


def kinds(function: Callable[..., Any]) -> list[tuple[str, str, str, tuple[int, ...]]]:
    return [(k.loss, k.given, k.returns, k.axes) for k in found(loss(function)).kinds]


SPARSE = "sparse_categorical"


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (own.any_axes, [(SPARSE, "logits", "losses", (1, 2, 0))]),
        (own.two_axes, [(SPARSE, "logits", "losses", (1,))]),
        (own.wrong_beyond_two_axes, [(SPARSE, "logits", "losses", (1, 2, 0))]),
        (own.mean_over_the_first_axis, [(SPARSE, "logits", "mean", (1, 2))]),
        (own.the_mean, [(SPARSE, "logits", "mean", (1, 2))]),
        (own.the_sum, [(SPARSE, "logits", "sum", (1, 2))]),
        (own.soft, [("categorical", "logits", "losses", (1, 2, 0))]),
        (own.of_probs, [(SPARSE, "probs", "losses", (1, 2, 0))]),
        (own.binary, [("binary", "logits", "losses", (1, 2, 0))]),
        (own.with_gradient, [(SPARSE, "logits", "losses, gradient", (1, 2, 0))]),
        (own.in_bits, []),
        (own.none_although_asked, []),
    ],
)
def test_what_it_computes_is_found_out(
    function: Callable[..., Any], expected: list[tuple[str, str, str, tuple[int, ...]]]
) -> None:
    assert kinds(function) == expected


def test_a_mean_over_the_weights_is_told_from_one_over_the_samples() -> None:
    (kind,) = found(loss(own.weighted_mean)).kinds
    assert (kind.returns, kind.weighted) == ("mean", "weighted_mean")
    weights = np.array([1, 2, 4], dtype=np.float32)
    weighted = answered(own.weighted_mean, replace(PROBLEM, class_weight=weights))
    assert isinstance(weighted.totals["weighted_mean"], np.ndarray)
    assert isinstance(weighted.totals["mean"], Unsupported)


def test_a_mean_over_the_weights_of_samples_is_told_too() -> None:
    (kind,) = found(loss(own.averaged)).kinds
    assert (kind.returns, kind.weighted, kind.by_sample) == ("mean", "mean", "weighted_mean")
    weights = np.array([1, 2, 4], dtype=np.float32)
    weighted = answered(own.averaged, replace(PROBLEM, sample_weight=weights))
    assert isinstance(weighted.totals["weighted_mean"], np.ndarray)
    assert isinstance(weighted.totals["mean"], Unsupported)


def test_what_it_takes_goes_to_another_process_and_back() -> None:
    taken = found(loss(own.two_axes))
    assert Taken.of(asdict(taken)) == taken


def test_another_kind_is_unsupported_with_the_reason() -> None:
    probs = np.array([[0.5, 0.25, 0.25]] * 3, dtype=np.float32)
    with pytest.raises(UnsupportedError, match=r"sparse_categorical from probs: it is off by \d"):
        answered(own.any_axes, replace(PROBLEM, given="probs", values=probs))
    with pytest.raises(UnsupportedError, match="binary from logits: it raises IndexError: "):
        answered(own.any_axes, replace(PROBLEM, loss="binary", labels=PROBLEM.values * 0))


def test_what_computes_nothing_is_asked_what_it_does_not_raise_on() -> None:
    assert answered(own.in_bits, PROBLEM).losses.shape == (3,)
    with pytest.raises(UnsupportedError, match="raises"):
        answered(own.in_bits, replace(PROBLEM, loss="binary", labels=PROBLEM.values * 0))


def test_what_raises_on_everything_is_asked_everything() -> None:
    def raises(logits: Any, labels: Any) -> Any:
        raise RuntimeError("always")

    with pytest.raises(RuntimeError, match="always"):
        answered(raises, PROBLEM)


# Two sequences of two positions; classes on axis 1.
DEEP = replace(
    PROBLEM,
    values=np.array(
        [[[2.0, 0.5], [1.0, 2.5], [0.1, 0.3]], [[-1.0, 3.0], [0.0, 0.0], [4.0, 1.0]]], np.float32
    ),
    labels=np.array([[0, 1], [1, 2]]),
    class_axis=1,
    gradient=True,
    reductions=(),
)


def test_two_axes_alone_get_samples_and_classes_and_the_answer_comes_back() -> None:
    flat = answered(own.two_axes, replace(DEEP, gradient=False))
    assert flat.losses.shape == (2, 2)
    for place in np.ndindex(2, 2):
        row = [mpmath.mpf(float(x)) for x in DEEP.values[place[0], :, place[1]]]
        exact = mpmath.log(sum(map(mpmath.exp, row))) - row[DEEP.labels[place]]
        assert abs(flat.losses[place] - float(exact)) < 1e-6


def test_an_explicit_gradient_comes_back_in_the_shape_of_the_scores() -> None:
    def two_axes_with_gradient(logits: Any, labels: Any) -> Any:
        assert logits.ndim == 2
        return own.with_gradient(logits, labels)

    computed = answered(two_axes_with_gradient, DEEP)
    exact = reference(DEEP).gradient
    assert exact is not None
    assert isinstance(computed.gradient, np.ndarray)
    np.testing.assert_allclose(computed.gradient, exact.high, atol=1e-6)


def test_one_number_for_every_sample_is_that_total() -> None:
    computed = answered(own.the_mean, replace(PROBLEM, reductions=("sum",), gradient=True))
    assert computed.losses.size == 0
    assert computed.only_totals == "your function gives the mean alone"
    total = computed.totals["mean"]
    assert isinstance(total, np.ndarray)
    np.testing.assert_allclose(total, (0.417030016 + 0.220049524 + 4.024744890) / 3, rtol=1e-6)
    assert isinstance(computed.totals["sum"], Unsupported)
    assert isinstance(computed.gradient, Unsupported)


def test_an_error_is_placed_in_the_users_own_code_and_not_in_a_library() -> None:
    def two(logits: Any) -> Any:
        return np.linalg.inv(logits[0, 0, 0, 0])

    def one(logits: Any, labels: Any) -> Any:
        return two(logits)

    with pytest.raises(IndexError) as caught:
        answer(PROBLEM, loss(one), Taken())
    line = two.__code__.co_firstlineno + 1
    assert place_of(caught.value) == f"test_finding.py:{line}, in two"

    def three(logits: Any, labels: Any) -> Any:
        return np.linalg.inv(logits[:, 0])

    with pytest.raises(np.linalg.LinAlgError) as raised:
        answer(PROBLEM, loss(three), Taken())
    line = three.__code__.co_firstlineno + 1
    assert place_of(raised.value) == f"test_finding.py:{line}, in three"


def test_an_error_that_no_line_below_the_call_raised_has_no_place() -> None:
    with pytest.raises(TypeError) as caught:
        answer(PROBLEM, loss(lambda logits, labels: None), Taken())
    assert place_of(caught.value) == ""


def test_the_line_says_what_it_takes_and_what_not_with_how_far_off_it_was() -> None:
    assert introduction(loss(own.two_axes)).sentence == (
        "f gets numpy arrays; computes sparse_categorical from logits, flattened to (samples, "
        "classes); not binary (raises AssertionError); categorical (raises IndexError); "
        "sparse_categorical from probs or log_probs (off by 0.4 or more)"
    )


@pytest.mark.parametrize("total", ["mean", "sum"])
@pytest.mark.parametrize("scale", [0.5, 0.7, 1.5, 2.0, 5.0])
def test_a_single_number_that_comes_near_by_chance_is_no_total(scale: float, total: str) -> None:
    """Of scores that are divided by 0.7 the mean comes within a hundredth of that from
    log-probabilities, for one small problem."""

    def loss(x: Any, y: Any) -> Any:
        scores = x / scale
        picked = np.take_along_axis(scores, y[..., None], axis=-1)[..., 0]
        losses = np.log(np.exp(scores).sum(axis=-1)) - picked
        return losses.mean() if total == "mean" else losses.sum()

    assert found(user_loss(loss, "loss", "numpy")).kinds == ()
