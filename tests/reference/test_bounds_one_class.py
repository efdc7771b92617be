"""The bound of one class per sample is that of any coefficients, in another order of sums."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from xent_check.problem.dtypes import rounded
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DTYPES, DType
from xent_check.reference import bounds_classes
from xent_check.reference.bounds import bounds
from xent_check.reference.reference import reference

INF = np.inf
ROWS = [
    [1.0, -2.0, 0.5, 3.0], [0.0, 0.0, 0.0, 0.0], [-INF, 1.0, 2.0, -INF], [-INF, -INF, -INF, -INF],
    [INF, 1.0, 2.0, 3.0], [np.nan, 1.0, 2.0, 3.0], [1e30, -1e30, 0.0, 1.0],
    [-700.0, 800.0, 0.0, 1.0], [1.7e308, -1.7e308, 0.0, 1.0],
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"class_weight": np.array([2.0, 0.0, -1.5, 1e-30])},
        {
            "sample_weight": np.array([1.0, -2.0, 0.0, 3.0, 1.0, 1.0, 1e4, 5.0, 2.0]),
            "ignore_index": 1,
        },
        {
            "cotangent": np.array([1.0, -2.0, 0.0, 3.0, 1.0, 1e-30, 1e4, 5.0, 2.0]),
            "ignore_index": 1,
        },
    ],
    ids=["plain", "class weights", "sample weights", "cotangents"],
)
@pytest.mark.parametrize("label", [0, 1, 3, -7, 4])
@pytest.mark.filterwarnings("error")
def test_it_is_the_bound_of_any_coefficients(
    dtype: DType, options: dict[str, Any], label: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays: Any = {
        k: rounded(v, dtype) if isinstance(v, np.ndarray) else v for k, v in options.items()
    }
    problem = Problem(
        loss="sparse_categorical", given="logits", values=rounded(np.array(ROWS), dtype),
        labels=np.full(len(ROWS), label), dtype=dtype, reductions=("mean", "sum"), gradient=True,
        **arrays,
    )  # fmt: skip
    exact = reference(problem)
    fast = bounds(problem, exact)
    monkeypatch.setattr(bounds_classes, "has_one_class", lambda _: False)
    slow = bounds(problem, exact)
    np.testing.assert_allclose(fast.losses, slow.losses, rtol=1e-14)
    assert fast.terms.keys() == slow.terms.keys()
    for name, term in fast.terms.items():
        np.testing.assert_allclose(term, slow.terms[name], rtol=1e-14, err_msg=name)
    assert fast.gradient is not None
    assert slow.gradient is not None
    np.testing.assert_allclose(fast.gradient, slow.gradient, rtol=1e-14)
    assert fast.totals == pytest.approx(slow.totals, rel=1e-14)


@pytest.mark.parametrize("at_once", [12, 3])
def test_classes_along_another_axis_and_many_rows_at_a_time(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are taken a few at a time, the last fewer; of rows of more classes, some of these."""
    monkeypatch.setattr("xent_check.reference.bounds_one_class._IN_CACHE", at_once)
    values = np.random.RandomState(0).standard_normal((2, 5, 7)).astype(np.float32)
    labels = np.arange(14).reshape(2, 7) % 5
    problem = Problem(
        loss="sparse_categorical", given="logits", values=values, labels=labels, dtype="float32",
        class_axis=1, gradient=True,
    )  # fmt: skip
    fast = bounds(problem, reference(problem))
    assert fast.gradient is not None
    values = np.moveaxis(values, 1, -1)
    last = bounds(replaced := replace(problem, values=values, class_axis=-1), reference(replaced))
    np.testing.assert_array_equal(last.losses, fast.losses)
    np.testing.assert_array_equal(last.gradient, np.moveaxis(fast.gradient, 1, -1))
    monkeypatch.setattr(bounds_classes, "has_one_class", lambda _: False)
    slow = bounds(problem, reference(problem))
    assert slow.gradient is not None
    np.testing.assert_allclose(fast.losses, slow.losses, rtol=1e-14)
    np.testing.assert_allclose(fast.gradient, slow.gradient, rtol=1e-14)
