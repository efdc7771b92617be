"""The bounds: what they grow with, what they must not explain, and that `stable` stays within."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent_check.implementations.adapters import manual, stable
from xent_check.problem.dtypes import numpy_dtype, unit_roundoff
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DType, Loss
from xent_check.reference.bounds import Bounds, bounds
from xent_check.reference.reference import reference
from xent_check.reference.rounding import KE, KL, summation


def sparse(logits: np.ndarray, labels: np.ndarray, dtype: DType = "float32") -> Problem:
    values = logits.astype(numpy_dtype(dtype))
    return Problem(
        "sparse_categorical", "logits", values, labels, dtype, reductions=("mean", "sum")
    )


def bounds_of(problem: Problem) -> Bounds:
    return bounds(problem, reference(problem))


@pytest.mark.parametrize(
    ("n", "h"),
    [(0, 0), (1, 0), (2, 1), (5, 4), (1000, 999), (1024, 1023), (2000, 1023), (80_000, 10_005)],
)
def test_a_float32_sum_is_one_by_one_for_few_and_in_eight_lanes_for_many(n: int, h: float) -> None:
    assert summation(n, "float32") == h


@pytest.mark.parametrize("n", [0, 1, 2, 1000, 128_256])
def test_a_float64_sum_may_always_be_one_by_one(n: int) -> None:
    assert summation(n, "float64") == max(n - 1, 0)


def loop(numbers: np.ndarray) -> np.ndarray:
    """The sum of each row, one number after another, in their own dtype."""
    return np.asarray(np.add.accumulate(numbers, axis=1)[:, -1])


@pytest.mark.parametrize(("dtype", "u"), [("float32", 2.0**-24), ("float64", 2.0**-53)])
def test_a_loss_that_adds_up_in_a_plain_loop_is_within_it(dtype: DType, u: float) -> None:
    """The label, and 999 classes whose exp is just below half the spacing of 1: a loop loses them
    all, 999 u of the sum. And 1,000 equal exps below 1, whose sum rounds the same way each time."""
    lost, equal = np.full(1000, math.log(u) - 1e-3), np.full(1000, math.log(0.6667))
    lost[0] = equal[0] = 0.0
    problem = sparse(np.stack([lost, equal]), np.array([0, 0]), dtype)
    exact = reference(problem)
    losses = np.log(loop(np.exp(problem.values))).astype(np.float64)
    assert losses[0] == 0.0
    off = np.abs(losses - exact.losses.high)
    assert (off <= bounds(problem, exact).losses).all()
    assert off[0] > 990 * u


def test_the_bound_of_one_sample_is_the_published_sum_of_terms() -> None:
    # x = [3, 1, 0], t = 1: a - x_t = 2; L, H, l from their definitions
    e1, e3 = math.exp(-2), math.exp(-3)
    log_sum = math.log(1 + e1 + e3)
    entropy = (2 * e1 + 3 * e3) / (1 + e1 + e3)
    loss = 2 + log_sum
    expected = 2 + entropy + KE + 2 + KL * log_sum + 2 * loss  # + targets: (gap + L)
    expected += 2 + log_sum
    got = bounds_of(sparse(np.array([[3.0, 1.0, 0.0]]), np.array([1])))
    assert got.losses[0] == pytest.approx(2.0**-24 * expected, rel=1e-12)
    assert got.u == 2.0**-24


def test_an_offset_common_to_all_logits_does_not_widen_the_bound() -> None:
    logits, labels = np.array([[3.0, 1.0, 0.0]]), np.array([1])
    near, far = bounds_of(sparse(logits, labels)), bounds_of(sparse(logits + 4096, labels))
    assert far.losses[0] == near.losses[0]


@pytest.mark.parametrize("offset", [1e4, 1e6])
def test_subtracting_from_the_log_sum_exp_exceeds_the_bound_at_common_offsets(
    offset: float,
) -> None:
    logits = (np.random.RandomState(0).standard_normal((200, 10)) * 5 + offset).astype(np.float32)
    labels = np.random.RandomState(1).randint(0, 10, 200)
    problem = sparse(logits, labels)
    top = logits.max(axis=1)
    log_sum_exp = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    off = np.abs(log_sum_exp - logits[np.arange(200), labels] - reference(problem).losses.high)
    assert (off > 10 * bounds_of(problem).losses).any()


def shares(problem: Problem) -> np.ndarray:
    """Of the textbook formula's losses, the error over the bound."""
    exact = reference(problem)
    answer = manual.evaluate(problem, "", "cpu").losses.astype(np.float64)
    share: np.ndarray = exact.losses.distance(answer) / bounds(problem, exact).losses
    return share


@pytest.mark.parametrize("n", [2, 10, 100])
@pytest.mark.parametrize("scale", [1, 3, 10])
def test_the_log_of_a_rounded_softmax_is_within_the_bound_on_ordinary_logits(
    n: int, scale: int
) -> None:
    stream = np.random.RandomState(n)
    problem = sparse(stream.standard_normal((200, n)) * scale, stream.randint(0, n, 200))
    assert 0.02 < shares(problem).max() < 0.5


def test_it_exceeds_the_bound_where_the_probability_became_0() -> None:
    assert np.isinf(shares(sparse(np.array([[0.0, -110.0]]), np.array([1])))).all()


@pytest.mark.parametrize(
    ("logit", "label", "caught"), [(12, 0, True), (12, 1, False), (1, 0, False)]
)
def test_the_log_of_the_rest_of_a_rounded_sigmoid_exceeds_the_bound(
    logit: float, label: float, caught: bool
) -> None:
    z, t = np.array([logit], np.float32), np.array([label], np.float32)
    problem = Problem("binary", "logits", z, t, "float32")
    assert (shares(problem)[0] > (10 if caught else 1)) == caught


def test_a_clip_to_1e_7_exceeds_the_bound() -> None:
    problem = Problem(
        "sparse_categorical",
        "probs",
        np.array([[1 - 1e-9, 1e-9]], np.float32),
        np.array([1]),
        "float32",
    )
    clipped = -math.log(1e-7)
    off = abs(clipped - float(reference(problem).losses.high[0]))
    assert off > 1e5 * bounds_of(problem).losses[0]


def test_ignored_samples_and_infinite_losses_have_finite_bounds() -> None:
    problem = Problem(
        "sparse_categorical",
        "logits",
        np.array([[0.0, -np.inf], [np.nan, 1.0], [0.0, 1.0]], np.float32),
        np.array([1, 0, -1]),
        "float32",
        ignore_index=-1,
    )
    got = bounds_of(problem)
    assert np.isfinite(got.losses).all()
    assert got.losses[2] == pytest.approx(2.0**-126)


SCALES = {"float64": 100.0, "float32": 100.0, "float16": 30.0, "bfloat16": 100.0}


@settings(deadline=None, max_examples=60)
@given(
    dtype=st.sampled_from(["float64", "float32", "float16", "bfloat16"]),
    n=st.sampled_from([2, 3, 5, 10, 100]),
    scale=st.floats(0.1, 1.0),
    seed=st.integers(0, 2**20),
)
def test_the_shifted_formula_stays_within_the_bound(
    dtype: DType, n: int, scale: float, seed: int
) -> None:
    stream = np.random.RandomState(seed)
    logits = stream.standard_normal((20, n)) * scale * SCALES[dtype]
    problem = sparse(logits, stream.randint(0, n, 20), dtype)
    exact = reference(problem)
    answer = stable.evaluate(problem, "", "cpu")
    allowed = bounds(problem, exact)
    off = exact.losses.distance(answer.losses.astype(np.float64))
    assert (off <= allowed.losses).all()
    total = answer.totals["sum"]
    assert isinstance(total, np.ndarray)
    off_sum = exact.totals["sum"].distance(total.astype(np.float64))
    assert off_sum <= allowed.totals["sum"]


def test_the_unit_is_the_dtypes_own() -> None:
    logits, labels = np.array([[1.0, 0.0]]), np.array([0])
    for dtype in ("float64", "float32", "float16", "bfloat16"):
        assert bounds_of(sparse(logits, labels, dtype)).u == unit_roundoff(dtype)


@pytest.mark.parametrize("loss", ["binary", "categorical", "sparse_categorical"])
def test_an_empty_batch_has_empty_bounds(loss: Loss) -> None:
    values = np.zeros((0,) if loss == "binary" else (0, 3), np.float32)
    labels = np.zeros(0, np.int64) if loss == "sparse_categorical" else values
    problem = Problem(loss, "logits", values, labels, "float32", gradient=True)
    got = bounds_of(problem)
    assert got.losses.shape == (0,)
    assert got.gradient is not None
    assert got.gradient.shape == values.shape
