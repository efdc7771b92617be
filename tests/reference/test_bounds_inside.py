"""What computes 16 bits in float32 is held to that: a rounding on the way is seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.support import reports
from xent_check.casefile.case import Case, CaseFields
from xent_check.implementations.names import parse
from xent_check.implementations.table import IMPLEMENTATIONS
from xent_check.problem.dtypes import numpy_dtype, rounded, unit_roundoff
from xent_check.problem.evaluation import Computed
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DType
from xent_check.reference.bounds import Bounds, bounds
from xent_check.reference.bounds_inside import inside_float32, terms_inside_at
from xent_check.reference.reference import Reference, reference
from xent_check.reference.truth import Truth
from xent_check.results.verdict import judge

Array = npt.NDArray[Any]
SIXTEEN_BITS: tuple[DType, ...] = ("float16", "bfloat16")


def posed(dtype: DType, n: int = 10, **options: Any) -> Problem:
    stream = np.random.RandomState(n)
    values = rounded(stream.standard_normal((200, n)) * 5, dtype)
    labels = stream.randint(0, n, 200)
    return Problem("sparse_categorical", "logits", values, labels, dtype, **options)


def held(problem: Problem) -> tuple[Reference, Bounds]:
    exact = reference(problem)
    return exact, inside_float32(problem, exact, bounds(problem, exact))


def in_float32(problem: Problem) -> tuple[Array, Array]:
    """The losses and the gradient, computed in float32 and rounded once."""
    x = problem.values.astype(np.float32)
    at = np.arange(len(x))
    shifted = x - x.max(axis=1, keepdims=True)
    exps = np.exp(shifted)
    total = exps.sum(axis=1, keepdims=True)
    losses = np.log(total[:, 0]) - shifted[at, problem.labels]
    gradient = exps / total
    gradient[at, problem.labels] -= 1
    dtype = problem.values.dtype
    return losses.astype(dtype), gradient.astype(dtype)


def log_sum_exp_rounded(problem: Problem) -> Array:
    """The losses, their log-sum-exp rounded to the dtype before the label's logit is taken off."""
    x = problem.values.astype(np.float32)
    shifted = x - x.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1)).astype(problem.values.dtype)
    losses: Array = log_sum - shifted[np.arange(len(x)), problem.labels].astype(log_sum.dtype)
    return losses


@pytest.mark.parametrize("n", [2, 10, 1000])
@pytest.mark.parametrize("dtype", SIXTEEN_BITS)
def test_float32_rounded_once_is_within(dtype: DType, n: int) -> None:
    problem = posed(dtype, n, gradient=n < 1000)
    exact, allowed = held(problem)
    losses, gradient = in_float32(problem)
    assert (exact.losses.distance(losses.astype(np.float64)) <= allowed.losses).all()
    if exact.gradient is not None:
        off = exact.gradient.distance(gradient.astype(np.float64))
        assert allowed.gradient is not None
        assert (off <= allowed.gradient).all()


@pytest.mark.parametrize("dtype", SIXTEEN_BITS)
def test_a_log_sum_exp_rounded_to_16_bits_diverges_where_float32_is_declared(dtype: DType) -> None:
    problem = posed(dtype)
    exact, allowed = held(problem)
    fields = CaseFields.model_construct(tolerance="auto")
    case: Case = replace(reports.case("inside"), fields=fields)
    answer = Computed(log_sum_exp_rounded(problem), {}, "", 0.0)
    status = [
        judge(case, problem, "mine", answer, Truth(exact, of), None).status
        for of in (allowed, bounds(problem, exact))
    ]
    assert status == ["diverges", "agrees"]


@pytest.mark.parametrize("dtype", SIXTEEN_BITS)
def test_it_is_one_rounding_beside_the_bound_in_float32(dtype: DType) -> None:
    problem = posed(dtype, gradient=True)
    exact, allowed = held(problem)
    wide = bounds(replace(problem, dtype="float32"), exact)
    u, size = unit_roundoff(dtype), np.abs(exact.losses.high)
    flushed = {"float16": 2.0**-24, "bfloat16": 2.0**-126}[dtype]
    lost = allowed.losses - (wide.losses + u * size)
    near = 1e-15  # float64 has no room for bfloat16's beside the rest
    least = flushed - near
    assert ((lost >= least) & (lost <= 50 * flushed * np.maximum(1, size) + near)).all()
    assert exact.gradient is not None
    assert wide.gradient is not None
    assert allowed.gradient is not None
    size = np.abs(exact.gradient.high)
    lost = allowed.gradient - (wide.gradient + u * size)
    assert ((lost >= least) & (lost <= 50 * flushed + near)).all()
    # the parts that are shown of a loss are those that its bound is made of
    assert allowed.in_float32
    assert not wide.in_float32
    parts = terms_inside_at(problem, exact, (7,))
    assert parts == {name: pytest.approx(term[7]) for name, term in allowed.terms.items()}
    assert u * sum(parts.values()) == pytest.approx(allowed.losses[7], abs=500 * flushed + near)


@pytest.mark.parametrize(
    ("options", "roundings"),
    [
        ({"class_weight": np.full(10, 3.0)}, (2, 2)),
        ({"sample_weight": np.full(200, 3.0)}, (2, 2)),
        ({"class_weight": np.full(10, 3.0), "sample_weight": np.full(200, 1.0)}, (3, 3)),
        ({"cotangent": np.full(200, 1.0)}, (1, 2)),
    ],
)
def test_a_weight_is_a_rounding_more(options: dict[str, Array], roundings: tuple[int, int]) -> None:
    dtype = numpy_dtype("float16")
    rounded_options: Any = {name: array.astype(dtype) for name, array in options.items()}
    problem = posed("float16", gradient=True, **rounded_options)
    exact, allowed = held(problem)
    wide = bounds(replace(problem, dtype="float32"), exact)
    u, (of_loss, of_entry) = 2.0**-11, roundings
    size = np.abs(exact.losses.high)
    lost = allowed.losses - (wide.losses + of_loss * u * size)
    assert ((lost >= 2.0**-24) & (lost <= 100 * 2.0**-24 * (9 + size))).all()
    assert exact.gradient is not None
    assert wide.gradient is not None
    assert allowed.gradient is not None
    lost = allowed.gradient - (wide.gradient + of_entry * u * np.abs(exact.gradient.high))
    assert ((lost >= 2.0**-24) & (lost <= 1000 * 2.0**-24)).all()


@pytest.mark.parametrize("dtype", SIXTEEN_BITS)
def test_an_ignored_sample_may_be_one_number_that_is_flushed(dtype: DType) -> None:
    problem = posed(dtype, gradient=True, ignore_index=3)
    _, allowed = held(problem)
    assert allowed.gradient is not None
    flushed = {"float16": 2.0**-24, "bfloat16": 2.0**-126}[dtype]
    for bound in (allowed.losses, allowed.gradient):
        ignored = bound[~problem.kept]
        assert ((flushed <= ignored) & (ignored <= 4 * flushed)).all()


def test_a_small_product_of_weights_may_be_flushed() -> None:
    # 2^-13 * 2^-13 is below float16's smallest number; the loss of 20 is lost with it
    problem = Problem(
        "sparse_categorical", "logits", np.array([[0, 20]], np.float16), np.array([0]), "float16",
        class_weight=np.full(2, 2.0**-13, np.float16),
        sample_weight=np.array([2.0**-13], np.float16),
    )  # fmt: skip
    exact, allowed = held(problem)
    assert exact.losses.high[0] < allowed.losses[0] < 2.0**-15


def test_totals_keep_the_bound_of_any_losses_of_the_dtype() -> None:
    problem = posed("bfloat16", reductions=("mean", "sum"))
    exact, allowed = held(problem)
    assert allowed.totals == bounds(problem, exact).totals


@pytest.mark.parametrize("masses", [[0.1] * 10, [0.5] * 2 + [0] * 8, [1.0] * 2 + [0] * 8])
def test_smoothing_and_the_gradient_of_soft_labels_stay_with_their_dtype(
    masses: list[float],
) -> None:
    problem = posed("float16", gradient=True, label_smoothing=0.1)
    exact = reference(problem)
    own = bounds(problem, exact)
    assert inside_float32(problem, exact, own) is own
    labels = np.tile(np.array(masses, np.float16), (200, 1))
    soft = replace(problem, loss="categorical", labels=labels, label_smoothing=0.0)
    exact = reference(soft)
    own = bounds(soft, exact)
    made = inside_float32(soft, exact, own)
    assert made.gradient is own.gradient
    assert (made.losses < own.losses / 2).all()
    hard = replace(soft, labels=np.eye(10, dtype=np.float16)[problem.labels])
    exact = reference(hard)
    own = bounds(hard, exact)
    gradient = inside_float32(hard, exact, own).gradient
    assert gradient is not None
    assert own.gradient is not None
    assert (gradient < own.gradient).all()


@pytest.mark.parametrize(
    ("name", "dtype", "so"),
    [
        ("tf", "float16", True),
        ("keras", "float16", True),
        ("tf", "bfloat16", False),
        ("tf", "float32", False),
        ("tf:xla", "float16", False),
        ("keras:floatx", "float16", False),
        ("tf@cuda", "float16", False),
        ("torch", "float16", False),
        ("jax", "float16", False),
        ("os:getcwd", "float16", False),
    ],
)
def test_the_table_says_it_of_the_cpu_without_a_mode(name: str, dtype: DType, so: bool) -> None:
    assert parse(name).computes_in_float32(posed(dtype)) == so


def test_it_is_said_of_16_bits_and_of_what_is_supported() -> None:
    for entry in IMPLEMENTATIONS.values():
        assert set(entry.in_float32) <= set(entry.supports)
        assert {d for dtypes in entry.in_float32.values() for d in dtypes} <= set(SIXTEEN_BITS)
