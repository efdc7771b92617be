"""A promise to compute 16 bits in a wider dtype is held to: only the result may be rounded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from xent_check.problem.dtypes import rounded, unit_roundoff
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DType
from xent_check.reference.bounds import bounds
from xent_check.reference.bounds_in_parts import bounds_in_parts
from xent_check.reference.bounds_inside import inside_float32
from xent_check.reference.bounds_promised import promised_bounds, promised_terms_at
from xent_check.reference.reference import reference
from xent_check.reference.truth import truth

Array = npt.NDArray[Any]
SIXTEEN_BITS: tuple[DType, ...] = ("float16", "bfloat16")
LARGEST_LOST = {"float16": 2.0**-24, "bfloat16": 2.0**-126}  # IEEE 754: what may become 0


def posed(dtype: DType, n: int = 10, **options: Any) -> Problem:
    stream = np.random.RandomState(n)
    values = rounded(stream.standard_normal((200, n)) * 5, dtype)
    labels = stream.randint(0, n, 200)
    return Problem("sparse_categorical", "logits", values, labels, dtype, **options)


def computed(problem: Problem, inside: Any) -> tuple[Array, Array, Array]:
    """Losses, their mean and the gradient, step by step in the dtype `inside`, rounded at last."""
    x = problem.values.astype(inside)
    n, e = x.shape[1], inside(problem.label_smoothing)
    t = np.eye(n, dtype=inside)[problem.labels] * (1 - e) + e / inside(n)
    shifted = x - x.max(axis=1, keepdims=True)
    exps = np.exp(shifted)
    total = exps.sum(axis=1, keepdims=True)
    losses = (t * (np.log(total) - shifted)).sum(axis=1)
    if problem.sample_weight is not None:
        losses = losses * problem.sample_weight.astype(inside)
        t, exps = (one * problem.sample_weight.astype(inside)[:, None] for one in (t, exps))
    mean = np.add.accumulate(losses)[-1] / inside(len(losses))  # one after another
    dtype = problem.values.dtype
    return losses.astype(dtype), np.asarray(mean).astype(dtype), (exps / total - t).astype(dtype)


OPTIONS: list[dict[str, Any]] = [
    {},
    {"label_smoothing": 0.1},
    {"sample_weight": np.linspace(0.1, 3, 200)},
    {"label_smoothing": 0.3, "sample_weight": np.linspace(3, 0.1, 200)},
]


def exceeded(problem: Problem, promise: DType, inside: Any) -> tuple[int, bool, int]:
    """How many losses, whether the mean, and how many entries of the gradient are beyond it."""
    exact = reference(problem)
    allowed = promised_bounds(problem, exact, promise)
    losses, mean, gradient = (one.astype(np.float64) for one in computed(problem, inside))
    assert exact.gradient is not None
    assert allowed.gradient is not None
    return (
        int((exact.losses.distance(losses) > allowed.losses).sum()),
        bool(exact.totals["mean"].distance(mean) > allowed.totals["mean"]),
        int((exact.gradient.distance(gradient) > allowed.gradient).sum()),
    )


@pytest.mark.parametrize("options", OPTIONS, ids=["plain", "smoothed", "weighted", "both"])
@pytest.mark.parametrize("dtype", SIXTEEN_BITS)
def test_what_keeps_its_promise_is_within_whatever_the_options(
    dtype: DType, options: dict[str, Any]
) -> None:
    arrays: dict[str, Any] = {
        k: rounded(v, dtype) if k == "sample_weight" else v for k, v in options.items()
    }
    problem = posed(dtype, gradient=True, reductions=("mean",), **arrays)
    assert exceeded(problem, "float32", np.float32) == (0, False, 0)
    assert exceeded(problem, "float64", np.float64) == (0, False, 0)


@pytest.mark.parametrize("options", OPTIONS[:2], ids=["plain", "smoothed"])
def test_what_breaks_its_promise_is_beyond_it_in_losses_mean_and_gradient(
    options: dict[str, Any],
) -> None:
    """NumPy computes in float16, step by step; smoothing excuses nothing."""
    problem = posed("float16", n=300, gradient=True, reductions=("mean",), **options)
    losses, mean, gradient = exceeded(problem, "float32", np.float16)
    assert losses >= 10
    assert mean
    assert gradient >= 10


def test_a_promise_of_float64_allows_one_rounding_alone() -> None:
    problem = posed("float16")
    exact = reference(problem)
    single = promised_bounds(problem, exact, "float32").losses
    double = promised_bounds(problem, exact, "float64").losses
    assert (double < single).all()
    rounding = unit_roundoff("float16") * np.abs(exact.losses.high) + LARGEST_LOST["float16"]
    np.testing.assert_allclose(double, rounding, rtol=1e-5)


@pytest.mark.parametrize("dtype", SIXTEEN_BITS)
def test_it_is_the_bound_in_the_promised_dtype_and_one_rounding(dtype: DType) -> None:
    weights = rounded(np.linspace(0.1, 3, 200), dtype)
    problem = posed(dtype, reductions=("sum",), label_smoothing=0.1, sample_weight=weights)
    exact = reference(problem)
    allowed = promised_bounds(problem, exact, "float32")
    wide, u = bounds(replace(problem, dtype="float32"), exact), unit_roundoff(dtype)
    size = np.abs(exact.losses.high)
    lost = allowed.losses - (1 + u) * wide.losses - u * size
    np.testing.assert_allclose(lost, LARGEST_LOST[dtype], atol=1e-15)
    total = abs(float(exact.totals["sum"].high))
    near = (1 + u) * wide.totals["sum"] + u * total + LARGEST_LOST[dtype]
    assert allowed.totals["sum"] == pytest.approx(near, rel=1e-12)
    assert (allowed.losses < bounds(problem, exact).losses).all()
    built_in = inside_float32(problem, exact, bounds(problem, exact))
    assert (allowed.losses <= built_in.losses).all()


def test_the_parts_that_are_shown_of_a_loss_are_those_of_its_bound() -> None:
    problem = posed("bfloat16")
    exact = truth(problem).as_promised(problem, "float32")
    assert exact.bounds.promise == "float32"
    parts = promised_terms_at(problem, exact.reference, (7,), "float32")
    assert parts == {name: pytest.approx(term[7]) for name, term in exact.bounds.terms.items()}
    explained = exact.bounds.u * sum(parts.values())
    assert explained == pytest.approx(exact.bounds.losses[7], rel=0.01)


def test_a_large_problem_has_the_bounds_of_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = posed("float16", reductions=("mean",))
    exact = reference(problem)
    whole = promised_bounds(problem, exact, "float32")
    monkeypatch.setattr(f"{bounds_in_parts.__module__}.VALUES", 100)
    parts = promised_bounds(problem, exact, "float32")
    assert parts.terms == {}
    np.testing.assert_allclose(parts.losses, whole.losses)
    assert parts.totals["mean"] == pytest.approx(whole.totals["mean"])
