"""A user's loss that takes what is hidden and the weight of a last layer, by its signature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from xent_check.implementations.declaration import Declaration
from xent_check.implementations.own.asking import ask, user_loss
from xent_check.implementations.own.finding import found
from xent_check.implementations.own.introducing import answer
from xent_check.implementations.own.taken import sentence
from xent_check.problem.evaluation import Computed, Unsupported, UnsupportedError
from xent_check.problem.problem import Problem
from xent_check.reference.reference import reference

HIDDEN = np.array([[0.5, -1.0], [1.5, 0.25], [0.0, 2.0]], dtype=np.float32)
WEIGHT = np.array([[1.0, 0.5], [-0.5, 2.0], [0.25, 0.0], [3.0, 1.0]], dtype=np.float32)
BIAS = np.array([0.5, 0.0, -1.0, 0.25], dtype=np.float32)
PROBLEM = Problem(
    "sparse_categorical", "hidden", HIDDEN, np.array([0, 3, 1]), "float32", weight=WEIGHT, bias=BIAS
)


def assert_near(actual: Any, exact: Any) -> None:
    """To within a few roundings of scores up to 6, in float32."""
    np.testing.assert_allclose(actual, exact, rtol=0.0, atol=2e-6)


def losses(hidden: Any, weight: Any, labels: Any, bias: Any = None) -> Any:
    """The right ones."""
    x = hidden @ weight.T + (0.0 if bias is None else bias)
    picked = np.take_along_axis(x, labels[..., None], axis=-1)[..., 0]
    return np.log(np.exp(x).sum(axis=-1)) - picked


def plain(hidden: Any, weight: Any, labels: Any, bias: Any = None) -> Any:
    return losses(hidden, weight, labels, bias)


def like_torch(input: Any, linear_weight: Any, target: Any, *, linear_bias: Any = None) -> Any:
    return losses(input, linear_weight, target, linear_bias)


def like_liger(lin_weight: Any, _input: Any, target: Any, bias: Any = None) -> Any:
    return losses(_input, lin_weight, target, bias)


def like_apple(e: Any, c: Any, targets: Any, bias: Any = None) -> Any:
    return losses(e, c, targets, bias)


def beside_a_class_weight(
    x: Any, classifier: Any, y: Any, bias: Any = None, weight: Any = None
) -> Any:
    by_label = 1.0 if weight is None else weight[y]
    return losses(x, classifier, y, bias) * by_label


def a_bias_is_needed(hidden_states: Any, weight: Any, bias: Any, labels: Any) -> Any:
    return losses(hidden_states, weight, labels, bias)


def flat_alone(hidden: Any, weight: Any, labels: Any, bias: Any = None) -> Any:
    if hidden.ndim != 2:
        raise ValueError("two axes")
    return losses(hidden, weight, labels, bias)


RIGHT = [
    plain, like_torch, like_liger, like_apple, beside_a_class_weight, a_bias_is_needed, flat_alone,
]  # fmt: skip


def asked(function: Callable[..., Any], problem: Problem, **declared: Any) -> Computed:
    loss = user_loss(function, "f", "numpy", declared=Declaration(**declared))
    return answer(problem, loss, found(loss))


@pytest.mark.parametrize("function", RIGHT)
def test_a_loss_of_what_is_hidden_is_called_by_the_names_that_its_user_writes(
    function: Callable[..., Any],
) -> None:
    for problem in (PROBLEM, replace(PROBLEM, bias=None)):
        expected = reference(problem).losses.high
        if function is a_bias_is_needed and problem.bias is None:
            continue
        assert_near(asked(function, problem).losses, expected)


@pytest.mark.parametrize("function", RIGHT)
def test_it_is_found_to_compute_from_hidden_and_from_nothing_else(
    function: Callable[..., Any],
) -> None:
    taken = found(user_loss(function, "f", "numpy"))
    assert [(kind.loss, kind.given, kind.returns) for kind in taken.kinds] == [
        ("sparse_categorical", "hidden", "losses")
    ]
    assert {refused.given for refused in taken.refused} == {"hidden"}
    line = sentence("f", "numpy", "", taken)
    assert "computes sparse_categorical from hidden" in line
    assert "logits" not in line


def test_several_axes_of_samples_go_to_it_flat() -> None:
    two = replace(
        PROBLEM, values=np.stack([HIDDEN, HIDDEN]), labels=np.array([[0, 3, 1], [1, 1, 2]])
    )
    computed = asked(flat_alone, two)
    assert computed.losses.shape == (2, 3)
    assert_near(computed.losses, reference(two).losses.high)


def test_weight_is_the_matrix_where_hidden_is_named_and_of_the_classes_beside_another() -> None:
    weighted = replace(PROBLEM, class_weight=np.array([1, 2, 3, 4], dtype=np.float32))
    expected = reference(weighted).losses.high
    assert_near(asked(beside_a_class_weight, weighted).losses, expected)
    with pytest.raises(UnsupportedError, match="f takes no class_weight"):
        ask(weighted, user_loss(plain, "f", "numpy"))


def test_a_loss_of_logits_takes_no_layer_and_the_other_way_round() -> None:
    def of_logits(logits: Any, labels: Any, weight: Any = None) -> Any:
        raise AssertionError("it is not called")

    with pytest.raises(UnsupportedError, match="f takes no hidden and the weight of a last layer"):
        ask(PROBLEM, user_loss(of_logits, "f", "numpy"))
    logits = replace(PROBLEM, given="logits", values=HIDDEN @ WEIGHT.T, weight=None, bias=None)
    with pytest.raises(UnsupportedError, match="f takes hidden and the weight of a last layer"):
        ask(logits, user_loss(plain, "f", "numpy"))


def test_other_names_are_declared() -> None:
    def named(a: Any, b: Any, c_: Any) -> Any:
        return losses(a, b, c_)

    problem = replace(PROBLEM, bias=None)
    computed = asked(named, problem, map=(("a", "hidden"), ("b", "weight"), ("c_", "labels")))
    assert_near(computed.losses, reference(problem).losses.high)


def test_a_bias_that_it_does_not_name_is_unsupported() -> None:
    def without(hidden: Any, weight: Any, labels: Any) -> Any:
        return losses(hidden, weight, labels)

    with pytest.raises(UnsupportedError, match="f takes no bias"):
        ask(PROBLEM, user_loss(without, "f", "numpy"))


def test_gradients_that_it_does_not_give_are_unsupported_one_by_one() -> None:
    computed = asked(plain, replace(PROBLEM, gradient=True))
    assert isinstance(computed.gradient, Unsupported)
    assert {*computed.by_parameters} == {"weight", "bias"}
    assert all(isinstance(part, Unsupported) for part in computed.by_parameters.values())


def test_a_gradient_beside_the_losses_is_that_of_what_is_hidden() -> None:
    def with_gradient(hidden: Any, weight: Any, labels: Any, bias: Any = None) -> Any:
        x = hidden @ weight.T + (0.0 if bias is None else bias)
        p = np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)
        slopes = p - np.eye(len(weight), dtype=np.float32)[labels]
        return losses(hidden, weight, labels, bias), slopes @ weight

    problem = replace(PROBLEM, gradient=True)
    computed = asked(with_gradient, problem)
    exact = reference(problem).gradient
    assert exact is not None
    assert isinstance(computed.gradient, np.ndarray)
    assert_near(computed.gradient, exact.high)
    weight = computed.by_parameters["weight"]
    assert isinstance(weight, Unsupported)


@pytest.mark.parametrize("default", [30.0, 4, False, "mean"])
def test_a_parameter_that_is_a_number_by_default_is_no_matrix(default: Any) -> None:
    def loss(x: Any, y: Any, c: Any = default) -> Any:
        picked = np.take_along_axis(x, y[..., None], axis=-1)[..., 0]
        return np.log(np.exp(x).sum(axis=-1)) - picked

    logits = Problem("sparse_categorical", "logits", HIDDEN, np.array([0, 1, 0]), "float32")
    answered = ask(logits, user_loss(loss, "loss", "numpy"))
    assert isinstance(answered, Computed)
    assert_near(answered.losses, reference(logits).losses.high)
