"""The bounds of totals: what adds losses up well stays within, what does not exceeds them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.support import reports
from xent_check.casefile.case import CaseFields
from xent_check.implementations.adapters import manual, stable
from xent_check.problem.dtypes import numpy_dtype, unit_roundoff
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import REDUCTIONS, DType, Reduction
from xent_check.reference.bounds import bounds
from xent_check.reference.bounds_totals import blocks
from xent_check.reference.enclosure import Enclosure
from xent_check.reference.reference import Reference, reference
from xent_check.reference.rounding import additions, summation
from xent_check.reference.truth import Truth
from xent_check.results.verdict import judge

Array = npt.NDArray[Any]
LOG2 = math.log(2)
SIXTEEN_BITS: tuple[DType, ...] = ("float16", "bfloat16")


def equal_logits(samples: int, dtype: DType, weights: Array | None = None) -> Problem:
    """Samples of two equal logits: every loss is log 2 times its weight."""
    values = np.zeros((samples, 2), numpy_dtype(dtype))
    labels = np.zeros(samples, np.int64)
    return Problem(
        "sparse_categorical", "logits", values, labels, dtype,
        sample_weight=weights, reductions=REDUCTIONS,
    )  # fmt: skip


def truth(problem: Problem, losses: Array, divisors: dict[Reduction, float]) -> Reference:
    """The reference of losses that are known, without computing every one."""

    def exactly(value: Any) -> Enclosure:
        high = np.asarray(value, dtype=np.float64)
        return Enclosure(high, np.zeros_like(high), np.zeros_like(high))

    total = math.fsum(losses)
    totals = {r: exactly(total / divisors[r]) for r in problem.reductions}
    return Reference(exactly(losses), totals, divisors, None)


def of_equal_losses(samples: int, dtype: DType) -> tuple[dict[Reduction, float], float]:
    """The bounds of the totals of losses of log 2, and their exact sum."""
    problem = equal_logits(samples, dtype)
    divisors: dict[Reduction, float] = {"mean": samples, "weighted_mean": samples, "sum": 1}
    exact = truth(problem, np.full(samples, LOG2), divisors)
    return bounds(problem, exact).totals, samples * LOG2


def one_after_another(array: Array) -> float:
    """The sum in the array's own dtype: np.cumsum adds each number to the rounded sum so far."""
    return float(np.cumsum(array, dtype=array.dtype)[-1])


@pytest.mark.parametrize(
    ("n", "h"),
    [(0, 0), (1, 0), (5, 4), (80, 79), (8192, 1029), (8193, 1030), (16384, 1030), (10**7, 1040)],
)
def test_a_sum_is_in_eight_lanes_of_1024_and_pairs_of_those(n: int, h: float) -> None:
    # 10,000,000 are 1,221 blocks of 8,192: 11 levels of pairs
    assert blocks(n, "float32") == h
    assert blocks(n, "float64") == max(n - 1, 0)  # a plain loop


def test_float64_losses_added_in_a_plain_loop_are_within_it() -> None:
    losses = np.concatenate([[1.0], np.full(999, 2.0**-53 * 0.999)])  # a loop loses all but one
    problem = equal_logits(1000, "float64")
    exact = truth(problem, losses, {"mean": 1000.0, "weighted_mean": 1000.0, "sum": 1.0})
    summed = 0.0
    for loss in losses.tolist():
        summed += loss
    off = math.fsum(losses) - summed
    assert 990 * 2.0**-53 < off <= bounds(problem, exact).totals["sum"]


@pytest.mark.parametrize("samples", [1000, 8192, 100_000])
@pytest.mark.parametrize("dtype", SIXTEEN_BITS)
def test_no_bound_of_16_bit_totals_reaches_a_tenth_of_them(samples: int, dtype: DType) -> None:
    allowed, total = of_equal_losses(samples, dtype)
    assert allowed["sum"] < 0.1 * total
    assert allowed["mean"] < 0.1 * LOG2
    assert allowed["weighted_mean"] < 0.1 * LOG2


def test_8192_bfloat16_losses_added_in_bfloat16_exceed_it() -> None:
    # what ml_dtypes' sum gives: from 256 on, adding 0.69 changes nothing
    losses = np.full(8192, LOG2, numpy_dtype("bfloat16"))
    summed = one_after_another(losses)
    assert summed == 256
    counted = one_after_another(np.ones(8192, losses.dtype))
    assert counted == 256
    allowed, total = of_equal_losses(8192, "bfloat16")
    assert abs(summed - total) > 10 * allowed["sum"]
    assert abs(summed / 8192 - LOG2) > 10 * allowed["mean"]
    assert abs(summed / counted - LOG2) > 5 * allowed["weighted_mean"]


@pytest.mark.parametrize(
    ("reduction", "wrong"), [("mean", 0.03125), ("sum", 256.0), ("weighted_mean", 1.0)]
)
def test_each_total_that_was_added_in_bfloat16_diverges(reduction: Reduction, wrong: float) -> None:
    problem = replace(equal_logits(8192, "bfloat16"), reductions=(reduction,))
    exact = reference(problem)
    fields = CaseFields.model_construct(tolerance="auto")
    case = replace(reports.case("sums"), fields=fields)
    right = stable.evaluate(problem, "", "cpu")
    bfloat16 = problem.values.dtype
    status = [
        judge(case, problem, "mine", answer, Truth(exact, bounds(problem, exact)), None).status
        for answer in (right, replace(right, totals={reduction: np.asarray(wrong, bfloat16)}))
    ]
    assert status == ["agrees", "diverges"]


@pytest.mark.parametrize("samples", [200_000, 1_000_000])
def test_float32_losses_added_one_after_another_exceed_it(samples: int) -> None:
    losses = np.full(samples, LOG2, np.float32)
    allowed, total = of_equal_losses(samples, "float32")
    assert abs(one_after_another(losses) - total) > 2 * allowed["sum"]
    assert abs(float(np.sum(losses)) - total) < allowed["sum"]
    assert allowed["sum"] < 1e-4 * total


@pytest.mark.parametrize("module", [stable, manual])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [*SIXTEEN_BITS, "float32", "float64"])
def test_the_formulas_by_hand_add_up_within_it(dtype: DType, weighted: bool, module: Any) -> None:
    samples = 8192
    weights = np.resize([0.5, 1.5, 1.0], samples).astype(numpy_dtype(dtype)) if weighted else None
    problem = equal_logits(samples, dtype, weights)
    exact = reference(problem)
    allowed, answer = bounds(problem, exact).totals, module.evaluate(problem, "", "cpu")
    total = LOG2 * (samples if weights is None else float(weights.astype(np.float64).sum()))
    for reduction, expected in (
        ("sum", total), ("mean", total / samples), ("weighted_mean", LOG2),
    ):  # fmt: skip
        got = answer.totals[reduction]
        assert got.dtype == problem.values.dtype
        assert abs(float(got) - expected) <= 4 * unit_roundoff(dtype) * expected
        assert abs(float(got) - expected) <= allowed[reduction]  # type: ignore[index]


def test_a_float16_mean_needs_no_sum_that_fits_into_float16() -> None:
    problem = equal_logits(100_000, "float16")
    answer = stable.evaluate(problem, "", "cpu")
    assert float(answer.totals["sum"]) == math.inf  # type: ignore[arg-type]
    assert float(answer.totals["mean"]) == float(np.float16(LOG2))  # type: ignore[arg-type]
    assert float(answer.totals["weighted_mean"]) == float(np.float16(LOG2))  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", SIXTEEN_BITS)
def test_the_formulas_by_hand_add_up_classes_in_float32(dtype: DType) -> None:
    problem = Problem(
        "sparse_categorical", "logits", np.zeros((1, 8192), numpy_dtype(dtype)), np.array([0]),
        dtype,
    )  # fmt: skip
    for module in (stable, manual):  # log 8192 is 9.01
        answer = module.evaluate(problem, "", "cpu")
        assert float(answer.losses[0]) == pytest.approx(math.log(8192), rel=2.0**-7)
        assert answer.call.endswith("; sums in float32")


def test_the_bound_is_the_sum_of_its_terms() -> None:
    """Two losses w log 2 in float32, in the words of the docstring, written out once more."""
    w = np.array([0.5, -2.0])
    problem = equal_logits(2, "float32", w.astype(np.float32))
    exact = truth(problem, w * LOG2, {"mean": 2.0, "weighted_mean": -1.5, "sum": 1.0})
    made = bounds(problem, exact)
    u, own, sizes = 2.0**-24, float(made.losses.sum()), 2.5 * LOG2
    total = 1.5 * LOG2
    assert made.totals["sum"] == pytest.approx(own + u * (sizes + total), rel=1e-12)
    mean = (own + u * sizes) / 2 + 3 * u * total / 2
    assert made.totals["mean"] == pytest.approx(mean, rel=1e-12)
    # weights: one product and one addition each, 2.5 without signs
    weighted = (own + u * sizes) / 1.5 + (2 * u * 2.5 / 1.5 + 3 * u) * LOG2
    assert made.totals["weighted_mean"] == pytest.approx(weighted, rel=1e-12)


def test_weights_that_cancel_widen_the_weighted_mean_alone() -> None:
    weights = np.array([1000.0, 1.0, -1000.0, 1.0], np.float32)
    problem = equal_logits(4, "float32", weights)
    allowed = bounds(problem, reference(problem)).totals
    u = 2.0**-24
    assert 2000 * u * LOG2 < allowed["weighted_mean"] < 100_000 * u
    other = np.cumsum(weights.astype(np.float16), dtype=np.float16)[-1]  # 1000 + 1 is 1001
    assert other == 2


def test_weights_added_up_in_16_bits_exceed_it() -> None:
    weights = np.ones(8192, numpy_dtype("bfloat16"))
    problem = equal_logits(8192, "bfloat16", weights)
    allowed = bounds(problem, reference(problem)).totals["weighted_mean"]
    assert abs(8192 * LOG2 / one_after_another(weights) - LOG2) > 100 * allowed


@pytest.mark.parametrize(("n", "h"), [(2, 1), (16, 7), (100, 7), (128_256, 7)])
@pytest.mark.parametrize("dtype", SIXTEEN_BITS)
def test_classes_of_16_bits_are_added_up_in_float32(dtype: DType, n: int, h: float) -> None:
    # n / 8 + 5 additions of float32 are next to nothing beside one of 16 bits
    assert h <= additions(n, dtype) <= h + 16_037 * 2.0**-24 / unit_roundoff(dtype)
    assert additions(n, "float32") == summation(n, "float32")


@pytest.mark.parametrize("dtype", SIXTEEN_BITS)
def test_the_bound_of_many_classes_of_16_bits_says_something(dtype: DType) -> None:
    n = 128_256
    problem = Problem(
        "sparse_categorical", "logits", np.zeros((1, n), numpy_dtype(dtype)), np.array([5]), dtype
    )
    exact = truth(problem, np.full(1, math.log(n)), {})
    losses = bounds(problem, exact).losses
    assert losses[0] < 0.05 * math.log(n)
    # what adds exps up in bfloat16 stops at 256
    assert dtype == "float16" or math.log(n) - math.log(256) > losses[0]


def test_the_weight_of_a_class_without_samples_changes_no_bound() -> None:
    """Every label is 1: the divisor of the weighted mean is made of that class's weight alone."""
    found = []
    for weights in ([1.0, 1024.0], [1024.0, 1024.0]):
        values, labels = np.zeros((50, 2), np.float32), np.ones(50, np.int64)
        problem = Problem(
            "sparse_categorical", "logits", values, labels, "float32",
            class_weight=np.array(weights, np.float32), reductions=REDUCTIONS,
        )  # fmt: skip
        found.append(bounds(problem, reference(problem)).totals)
    assert found[0] == pytest.approx(found[1], rel=1e-12)
