"""What several answers to one problem share is computed once, and only what they do share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xent_check.problem.evaluation import Computed
from xent_check.problem.problem import Problem
from xent_check.problem.tolerance import Tolerance
from xent_check.reference.truth import truth
from xent_check.results import vacuity as room
from xent_check.results.comparison import Comparison, compare
from xent_check.results.vacuity import vacuity

PROBLEM = Problem(
    loss="sparse_categorical", given="logits", values=np.array([[0, 1, 0], [0, 0, 3]], np.float16),
    labels=np.array([1, 1]), dtype="float16", reductions=("sum",),
)  # fmt: skip
EXACT = truth(PROBLEM)


def held(dtype: str, tolerance: Any = "auto", inside: bool = False) -> Comparison:
    """The exact losses, rounded to a dtype, against the exact ones."""
    exact = EXACT.inside_float32(PROBLEM) if inside else EXACT
    losses = exact.reference.losses.high.astype(dtype)
    answer = Computed(losses, {"sum": losses.sum()}, "call", 0.0, None)
    return compare(answer, exact.reference, tolerance, None, exact.bounds, "float16")


def test_what_is_allowed_is_computed_once_for_a_dtype() -> None:
    one, other = held("float16"), held("float16")
    assert one.losses.allowed is other.losses.allowed
    assert one.totals["sum"].allowed is other.totals["sum"].allowed


@pytest.mark.parametrize(
    "other",
    [
        {"dtype": "float32"},
        {"dtype": "float16", "tolerance": Tolerance(atol=0.1)},
        {"dtype": "float16", "inside": True},
    ],
    ids=["dtype", "tolerance", "bounds"],
)
def test_another_dtype_tolerance_or_bound_is_allowed_its_own(other: dict[str, Any]) -> None:
    one, two = held("float16", Tolerance(ulps=1)), held(**other)
    assert not np.array_equal(one.losses.allowed, two.losses.allowed)


def test_the_bounds_inside_float32_are_computed_once() -> None:
    assert EXACT.inside_float32(PROBLEM).bounds is EXACT.inside_float32(PROBLEM).bounds


def test_what_a_tolerance_would_accept_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    strict, loose = held("float16", Tolerance(atol=1e-4)), held("float16", Tolerance(atol=9))
    first = vacuity(PROBLEM, EXACT.reference, strict.by_reference)
    assert first.words() is None
    assert vacuity(PROBLEM, EXACT.reference, loose.by_reference).words() is not None
    monkeypatch.setattr(room, "_computed", None)
    again = held("float16", Tolerance(atol=1e-4))
    assert vacuity(PROBLEM, EXACT.reference, again.by_reference) is first
