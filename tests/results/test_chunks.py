"""Large arrays are held against the reference a chunk at a time, with the same outcome."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent_check.casefile.memory import ANSWER, COMPARISON, TRUTH
from xent_check.problem import chunks as chunked
from xent_check.problem.chunks import chunks
from xent_check.problem.evaluation import Computed
from xent_check.problem.problem import Problem
from xent_check.problem.tolerance import Auto, Tolerance
from xent_check.reference.bounds_in_parts import bounds_in_parts
from xent_check.reference.enclosure import is_narrow
from xent_check.reference.reference import reference
from xent_check.results import difference
from xent_check.results.comparison import compare
from xent_check.results.difference import Allowance
from xent_check.results.vacuity import vacuity


@given(st.lists(st.integers(0, 7), max_size=3), st.integers(1, 9))
def test_the_chunks_are_the_array(shape: list[int], numbers: int) -> None:
    seen = np.zeros(shape, dtype=int)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunked, "NUMBERS", numbers)
        for place in chunks(shape):
            seen[place] += 1
            longest = max(shape, default=1)
            assert seen[place].size <= max(numbers, seen.size // max(longest, 1))
    assert (seen == 1).all()


def binary(count: int, **options: Any) -> Problem:
    stream = np.random.RandomState(0)
    z = stream.standard_normal(count).astype(np.float32)
    return Problem(
        "binary", "logits", z, (z > 0.3).astype(np.float32), "float32",
        reductions=("mean", "sum"), **options,
    )  # fmt: skip


@pytest.mark.parametrize("tolerance", ["auto", Tolerance(atol=1e-7, rtol=1e-7)])
@pytest.mark.parametrize("part", ["losses", "gradient"])
def test_chunks_are_judged_as_the_whole(
    part: str, tolerance: Auto | Tolerance, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = binary(50, gradient=True)
    exact = reference(problem)
    judge = Allowance(tolerance, bounds_in_parts(problem, exact), "float32")
    target = exact.losses if part == "losses" else exact.gradient
    assert target is not None
    actual = target.high.astype(np.float32) * np.linspace(0.999, 1.001, 50, dtype=np.float32)
    actual[7] = np.nan
    whole = judge.by_reference(part, actual, target)
    for module in (chunked, difference):
        monkeypatch.setattr(module, "NUMBERS", 8)
    some = judge.by_reference(part, actual, target)
    assert whole.diverging == some.diverging > 1
    for name in ("actual", "target", "abs_diff", "ulps", "allowed"):
        np.testing.assert_array_equal(getattr(some, name), getattr(whole, name))
    assert (some.dtype, some.asked, some.unit) == (whole.dtype, whole.asked, whole.unit)


def test_one_wide_radius_among_many_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = reference(binary(50)).losses
    monkeypatch.setattr(chunked, "NUMBERS", 8)
    assert is_narrow(exact, "float32")
    exact.radius[-1] = 1.0
    assert not is_narrow(exact, "float32")


@pytest.mark.parametrize("tolerance", ["auto", Tolerance(atol=2e-6, ulps=1.0)])
def test_a_large_problem_takes_no_more_than_is_counted(tolerance: Auto | Tolerance) -> None:
    """All that NumPy and Python hold at once, from the reference to the words of the verdict."""
    count = 2**21
    problem = binary(count)
    answer = np.zeros(count, np.float32)
    tracemalloc.start()
    try:
        exact = reference(problem)
        bound = bounds_in_parts(problem, exact)
        computed = Computed(answer, {}, "", 0.0)
        comparison = compare(computed, exact, tolerance, None, bound, "float32")
        vacuity(problem, exact, comparison.by_reference).words()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    no_second_number = 8  # the float64 pass has one
    no_ulps = 8  # nobody reads them
    assert peak / count <= TRUTH - no_second_number + ANSWER - no_ulps + COMPARISON
