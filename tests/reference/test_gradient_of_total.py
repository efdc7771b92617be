"""The gradient of a mean: exact, by mpmath; and its bound, a sum's with what dividing adds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Reduction
from xent_check.reference.reference import gradients_of_total, reference
from xent_check.reference.truth import truth

LOGITS = np.array([[1.0, 2.0, 3.0], [4.0, 2.0, 1.0], [0.5, 0.0, -7.0]], dtype=np.float32)
PLAIN = Problem(
    "sparse_categorical", "logits", LOGITS, np.array([0, 1, 2]), "float32", gradient=True,
    reductions=("mean", "weighted_mean"),
)  # fmt: skip
IGNORED = replace(PLAIN, labels=np.array([0, -100, 2]), ignore_index=-100)
WEIGHTED = replace(PLAIN, class_weight=np.array([1.0, 2.5, 3.0], dtype=np.float32))


def by_mpmath(problem: Problem, weights: list[float], divisor: float) -> Any:
    """(p - t) w_y / divisor, of each sample; 50 digits."""
    rows = []
    with mpmath.workdps(50):
        for logits, label, weight in zip(problem.values, problem.labels, weights, strict=True):
            exps = [mpmath.exp(mpmath.mpf(float(x))) for x in logits]
            total = mpmath.fsum(exps)
            rows.append([
                (e / total - (c == label)) * mpmath.mpf(weight) / mpmath.mpf(divisor)
                for c, e in enumerate(exps)
            ])  # fmt: skip
        return mpmath.matrix(rows)


@pytest.mark.parametrize(
    ("problem", "reduction", "weights", "divisor"),
    [
        (PLAIN, "mean", [1, 1, 1], 3),
        (PLAIN, "sum", [1, 1, 1], 1),
        (IGNORED, "mean", [1, 0, 1], 2),
        (WEIGHTED, "mean", [1, 2.5, 3], 3),
        (WEIGHTED, "weighted_mean", [1, 2.5, 3], 6.5),
    ],
)
def test_it_is_that_of_the_sum_over_the_divisor(
    problem: Problem, reduction: Reduction, weights: list[float], divisor: float
) -> None:
    exact, _ = gradients_of_total(replace(problem, reductions=(reduction,)), reduction)
    expected = by_mpmath(problem, weights, divisor)
    for at in np.ndindex(3, 3):
        with mpmath.workdps(50):
            centre = mpmath.mpf(float(exact.high[at])) + mpmath.mpf(float(exact.low[at]))
            assert abs(centre - expected[at]) <= float(exact.radius[at]) + 1e-40
        assert exact.radius[at] <= 1e-10 * 2.0**-23


def test_the_mean_of_nothing_has_none() -> None:
    nothing = replace(IGNORED, labels=np.full(3, -100), reductions=("mean",))
    assert np.isnan(gradients_of_total(nothing, "mean")[0].high).all()


ROW = st.lists(st.floats(-20, 20, width=32), min_size=3, max_size=3)


@given(rows=st.lists(ROW, min_size=1, max_size=6), weight=st.floats(0.25, 4, width=16))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_a_mean_that_is_computed_well_is_within_the_bound(
    rows: list[list[float]], weight: float
) -> None:
    """In float32, softmax first: 1 / count is rounded, and so is each product with it."""
    values = np.array(rows, dtype=np.float32)
    labels = np.arange(len(rows)) % 3
    weights = np.array([1.0, weight, 2.0], dtype=np.float32)
    problem = replace(PLAIN, values=values, labels=labels, class_weight=weights)
    exact = truth(problem)
    exps = np.exp(values - values.max(axis=1, keepdims=True))
    p = exps / exps.sum(axis=1, keepdims=True, dtype=np.float32)
    p[np.arange(len(rows)), labels] -= 1
    of_samples = p * weights[labels][:, None]
    divisors: dict[Reduction, Any] = {
        "mean": np.float32(len(rows)),
        "weighted_mean": weights[labels].sum(),
    }
    for reduction, divisor in divisors.items():
        held = exact.of_total(problem, reduction)
        gradient, bound = held.reference.gradient, held.bounds.gradient
        assert gradient is not None
        assert bound is not None
        actual = (of_samples * (np.float32(1) / divisor)).astype(np.float64)
        assert (gradient.distance(actual) <= bound).all()
        # It is no wider than what the sum is allowed, but for the roundings of dividing.
        of_sum = reference(problem).gradient
        assert of_sum is not None
        assert exact.bounds.gradient is not None
        more = 2.0**-24 * (3 + 3 + 20) * np.abs(of_sum.high) + 1e-37
        assert (bound * divisor <= exact.bounds.gradient + more).all()
