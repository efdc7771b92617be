"""Coefficients of both signs in one sample, and coefficients that cancel to 0."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from xent_check.implementations.adapters import stable
from xent_check.problem.problem import Problem
from xent_check.reference.bounds import bounds
from xent_check.reference.reference import reference

DRAWN = np.random.RandomState(3).standard_normal((20, 4))
QUARTERS = np.full((20, 4), 0.25, np.float32)


def problem(logits: Any, **more: Any) -> Problem:
    scores = np.asarray(logits, np.float32)
    given: dict[str, Any] = {"loss": "categorical", "labels": QUARTERS, **more}
    return Problem(given="logits", values=scores, dtype="float32", gradient=True, **given)


SIGNS = np.array([1, -1, 1, -1], np.float32)
CLOSE = [  # scores that rounding moves by much, and shares that are all but a quarter
    problem(DRAWN * 0.05 + 3000, class_weight=SIGNS, logit_scale=0.7),
    problem(DRAWN * 0.05 + 600, class_weight=SIGNS, softcap=1000.0),
    problem(DRAWN * 0.05 + 3000, labels=QUARTERS * SIGNS, logit_scale=0.7),
    problem(
        DRAWN[:, :2] * 0.005 + 3000 + np.array([0.9902, 0]), logit_scale=0.7,
        labels=np.zeros(20, int), loss="sparse_categorical",
        label_smoothing=1.0, smoothing_formula="megatron",
    ),
]  # fmt: skip


@pytest.mark.parametrize("close", CLOSE, ids=["scaled", "capped", "negative labels", "megatron"])
def test_a_right_loss_is_within_the_bound(close: Problem) -> None:
    answer = stable.evaluate(replace(close, gradient=False), "", "cpu")
    exact = reference(close)
    bound = bounds(close, exact)
    assert (exact.losses.distance(answer.losses) <= bound.losses).all()


@pytest.mark.parametrize("classes", range(2, 9))
@pytest.mark.parametrize("given", ["logits", "probs", "log_probs"])
def test_a_coefficient_of_0_counts_no_infinite_loss(classes: int, given: Any) -> None:
    """megatron with an epsilon of 1: the label's is 1 - n / (n - 1) + 1 / (n - 1) = 0, the others'
    1 / (n - 1) each: the mean of -log p over the other classes."""
    others = np.full(classes - 1, 1 / 2 ** math.ceil(math.log2(classes)))  # exact in float32
    values = {
        "logits": np.array([-np.inf, *np.zeros(classes - 1)]),
        "probs": np.array([0, *others]),
        "log_probs": np.array([-np.inf, *np.full(classes - 1, -1.5)]),
    }[given]
    expected = {
        "logits": math.log(classes - 1), "probs": -math.log(others[0]), "log_probs": 1.5,
    }[given]  # fmt: skip
    one = Problem(
        "sparse_categorical", given, values.astype(np.float32)[None], np.array([0]), "float32",
        label_smoothing=1.0, smoothing_formula="megatron",
        normalize=False if given == "probs" else None,
    )  # fmt: skip
    assert reference(one).losses.high[0] == pytest.approx(expected, rel=1e-15, abs=1e-15)
