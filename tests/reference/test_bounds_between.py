"""No bound of a run of neighbours is below what is said of the run, and little above it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent_check.problem.dtypes import numpy_dtype
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DType
from xent_check.reference.bounds_between import (
    has_least_bound,
    least_bounds,
    some_bounds,
    sparing_truth,
)
from xent_check.reference.truth import Truth

NARROW: tuple[DType, ...] = ("float16", "bfloat16", "float32")
BINARY = Problem("binary", "logits", np.ones(3), np.broadcast_to(1.0, 3), "float64")


def losses_of(z: Any, label: int) -> Any:
    z = z.astype(np.float64)
    return np.log1p(np.exp(-np.abs(z))) + np.maximum(-z if label else z, 0)


@settings(deadline=None, max_examples=300)
@given(
    dtype=st.sampled_from(NARROW),
    label=st.sampled_from([0, 1]),
    size=st.floats(1e-30, 1e30) | st.floats(1e-3, 200),
    negative=st.booleans(),
    wide=st.sampled_from([1e-4, 1e-2, 0.5, 10.0]),
    runs=st.integers(1, 5),
)
def test_no_bound_of_a_run_is_below_the_least(
    dtype: DType, label: int, size: float, negative: bool, wide: float, runs: int
) -> None:
    """And in narrow runs none is far above it."""
    sizes = np.geomspace(size, size * (1 + wide), 60)
    with np.errstate(over="ignore"):
        z = np.sort((-sizes if negative else sizes).astype(numpy_dtype(dtype)))
    z = z[np.isfinite(z.astype(np.float64))]
    if not z.size:
        return
    kind = numpy_dtype(dtype)
    problem = Problem(
        "binary", "logits", z, np.broadcast_to(np.asarray(label, kind), z.shape), dtype
    )
    assert has_least_bound(problem)
    exact = losses_of(z, label)
    bounds = some_bounds(problem, exact).losses
    starts = np.unique(np.linspace(0, z.size - 1, runs).astype(np.intp))
    starts[0] = 0
    least = least_bounds(problem, exact, starts)
    for first, last, low in zip(starts, [*starts[1:], z.size], least, strict=True):
        of_run, ends = bounds[first:last], np.abs(z[[first, last - 1]].astype(np.float64))
        assert (of_run >= low).all()
        if ends.min() > 0:
            apart = 1 - ends.min() / ends.max()
            assert low >= of_run.min() * (1 - 5 * apart) * (1 - 1e-6)


@pytest.mark.parametrize("label", [0, 1])
def test_a_run_with_both_signs_has_no_bound_below_0(label: int) -> None:
    z = np.array([-1.0, 0.5, 1.0, -1.0, -0.0, 0.0, 1.0], np.float32)
    problem = Problem("binary", "logits", z, np.broadcast_to(np.float32(label), 7), "float32")
    least = least_bounds(problem, losses_of(z, label), np.array([0, 3]))
    assert least.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("change", "known"),
    [
        ({}, True),
        ({"labels": np.broadcast_to(0.0, 3)}, True),
        ({"labels": np.array([0.0, 1.0, 0.0])}, False),
        ({"labels": np.broadcast_to(0.5, 3)}, False),
        ({"given": "probs"}, False),
        ({"gradient": True}, False),
        ({"label_smoothing": 0.1}, False),
        ({"pos_weight": np.array([2.0])}, False),
        ({"sample_weight": np.array([2.0, 2.0, 2.0])}, False),
        ({"logit_scale": 2.0}, False),
        ({"softcap": 30.0}, False),
    ],
    ids=str,
)
def test_it_is_known_of_losses_from_logits_without_options(
    change: dict[str, Any], known: bool
) -> None:
    problem = replace(BINARY, **change)
    assert has_least_bound(problem) is known
    assert isinstance(sparing_truth(problem), Truth) is not known
