"""The nearest other label of narrow logits, found without their differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent_check.problem.dtypes import rounded
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DType
from xent_check.results import other_labels
from xent_check.results.other_labels import other_label_distances

NUMBERS = st.sampled_from([0.0, -0.0, 1.0, 1.5, -2.0, 1e-30, 60000.0, -np.inf, np.inf, np.nan])
ROWS = st.lists(st.lists(NUMBERS, min_size=4, max_size=4), min_size=1, max_size=5)


@given(ROWS, st.sampled_from(["float16", "bfloat16", "float32"]), st.integers(-1, 4))
def test_it_is_the_least_difference_from_another_number(
    rows: list[list[float]], dtype: DType, label: int
) -> None:
    """Of the row, but 0, nan and what is infinite; a label outside the classes is the nearest."""
    values = rounded(np.array(rows), dtype)
    problem = Problem(
        loss="sparse_categorical", given="logits", values=values,
        labels=np.full(len(rows), label), dtype=dtype,
    )  # fmt: skip
    at = min(max(label, 0), 3)
    wide = values.astype(np.float64)
    with np.errstate(invalid="ignore"):
        apart = np.abs(wide - wide[:, at : at + 1])
    least = [min((float(d) for d in row if 0 < d < np.inf), default=np.inf) for row in apart]
    assert other_label_distances(problem).tolist() == least


def test_they_are_computed_once_for_all_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large problem is read once, whoever answers it."""
    problem = Problem(
        loss="sparse_categorical", given="logits", values=np.zeros((2, 3), np.float32),
        labels=np.array([0, 1]), dtype="float32",
    )  # fmt: skip
    first = other_label_distances(problem)
    monkeypatch.setattr(other_labels, "_distances", None)
    assert other_label_distances(problem) is first
