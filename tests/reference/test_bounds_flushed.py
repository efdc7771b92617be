"""Numbers below the smallest normal one may be flushed to 0 by whoever computes, a weight, a target
or a product: what comes of that in any order of the product is within the bound."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from tests.support.random_problems import f32
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Loss
from xent_check.reference.bounds import bounds
from xent_check.reference.reference import reference

TINY = 2.0**-126  # float32's smallest normal number
# The first class, as its index and as a distribution: their bounds are computed apart.
LABELS: dict[Loss, Any] = {"sparse_categorical": np.array([0]), "categorical": f32([[1.0, 0.0]])}
SMALL = (2.0**-130, 2.0**-127 * 1.5, 2.0**-100, 0.5, 3.0)


def flushed(x: float) -> float:
    return 0.0 if abs(x) < TINY else x


def products(factors: Sequence[float]) -> Iterator[float]:
    """What is left of the product in every order, each factor and each partial product flushed."""
    for order in itertools.permutations(factors):
        made = 1.0
        for factor in order:
            made = flushed(made * flushed(factor))
        yield made


@pytest.mark.parametrize("loss", LABELS)
@pytest.mark.parametrize("sample", SMALL)
@pytest.mark.parametrize("weight", SMALL)
def test_flushed_weights_of_a_class_and_a_sample_are_within_the_bound(
    weight: float, sample: float, loss: Loss
) -> None:
    problem = Problem(
        loss, "logits", f32([[0.0, 60.0]]), LABELS[loss], "float32", gradient=True,
        class_weight=f32([weight, 1.0]), sample_weight=f32([sample]),
        cotangent=f32([-4.0]),
    )  # fmt: skip
    exact = reference(problem)
    allowed = bounds(problem, exact)
    assert allowed.gradient is not None
    for number in products((weight, sample, 60.0)):
        assert abs(number - exact.losses.high[0]) <= allowed.losses[0]
    assert exact.gradient is not None
    for entry in products((weight, sample, 4.0)):
        assert abs(entry - exact.gradient.high[0, 0]) <= allowed.gradient[0, 0]


@pytest.mark.parametrize("loss", LABELS)
@pytest.mark.parametrize("cotangent", SMALL)
def test_a_flushed_cotangent_is_within_the_bound(cotangent: float, loss: Loss) -> None:
    problem = Problem(
        loss, "logits", f32([[0.0, 0.0]]), LABELS[loss], "float32",
        gradient=True, sample_weight=f32([1024.0]), cotangent=f32([cotangent]),
    )  # fmt: skip
    exact = reference(problem)
    allowed = bounds(problem, exact).gradient
    assert allowed is not None
    assert exact.gradient is not None
    for entry in products((cotangent, 1024.0, -0.5)):
        assert abs(entry - exact.gradient.high[0, 0]) <= allowed[0, 0]


@pytest.mark.parametrize("sample", SMALL)
@pytest.mark.parametrize("weight", SMALL)
def test_flushed_weights_of_a_binary_loss_are_within_the_bound(
    weight: float, sample: float
) -> None:
    problem = Problem(
        "binary", "logits", f32([-80.0]), f32([1.0]), "float32", gradient=True,
        pos_weight=f32([weight]), sample_weight=f32([sample]),
    )  # fmt: skip
    exact = reference(problem)
    allowed = bounds(problem, exact)
    for loss in products((weight, sample, 80.0)):
        assert abs(loss - exact.losses.high[0]) <= allowed.losses[0]


def test_flushed_shares_of_smoothing_are_within_the_bound() -> None:
    """Soft labels of 2^-140, smoothed by nothing: their losses of 100 are lost."""
    targets = f32([[2.0**-140, 1.0, 0.0]])
    logits = f32([[-100.0, 0.0, 0.0]])
    problem = Problem(
        "categorical", "logits", logits, targets, "float32", sample_weight=f32([2.0**20])
    )
    without = Problem(
        "categorical", "logits", logits, f32([[0.0, 1.0, 0.0]]), "float32",
        sample_weight=f32([2.0**20]),
    )  # fmt: skip
    exact, lost = reference(problem), reference(without)
    assert abs(lost.losses.high - exact.losses.high) <= bounds(problem, exact).losses


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_may_be_flushed_is_nothing_beside_an_ordinary_loss(dtype: str) -> None:
    values = np.array([[1.0, 3.0]], dtype)
    problem = Problem(
        "sparse_categorical", "logits", values, np.array([0]), dtype,  # type: ignore[arg-type]
        sample_weight=np.array([1e6], dtype),
    )  # fmt: skip
    allowed = bounds(problem, reference(problem))
    of_roundings = allowed.u * sum(float(term[0]) for term in allowed.terms.values())
    assert of_roundings <= allowed.losses[0] <= of_roundings * (1 + 1e-12)
