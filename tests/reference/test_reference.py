"""The reference encloses the truth: held against the oracle, and against published exact values.

XENT_CHECK_EXAMPLES=10000 makes the long run, minutes of new problems; the default takes seconds.
"""

from __future__ import annotations

import math
import os
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from tests.support.oracle import gradient, truth
from tests.support.problems import GIVEN, LOSSES, problems, rounded
from xent_check.problem.dtypes import spacing
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DTYPES, REDUCTIONS, DType
from xent_check.reference.enclosure import Enclosure
from xent_check.reference.reference import reference

EXAMPLES = int(os.environ.get("XENT_CHECK_EXAMPLES", "300"))
SMALLEST = float(np.finfo(np.float64).smallest_subnormal)
MANY = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= 300,
    suppress_health_check=list(HealthCheck),
)
# Sixty digits decide unless terms cancel; then these do.
MORE_DIGITS = 2500


def encloses(enclosure: Enclosure, index: Any, exact: Any) -> bool:
    """Whether the exact value is in [high + low - radius, high + low + radius]."""
    high, low, radius = (float(part[index]) for part in vars(enclosure).values())
    if mp.isnan(exact) or mp.isnan(high):
        return bool(mp.isnan(exact) and mp.isnan(high)) and low == radius == 0
    if math.isinf(high):  # infinite, or so large that float64 has no other name for it
        return bool(exact * mp.sign(high) >= 2**1023 * (2 - mpf(2) ** -53))
    if mp.isinf(exact):
        return False
    with mp.workdps(MORE_DIGITS):
        return bool(abs(exact - mpf(high) - mpf(low)) <= mpf(radius))


def departures(problem: Problem, digits: int) -> list[str]:
    """Where the oracle's value is not in the enclosure."""
    exact, enclosed = truth(problem, digits), reference(problem)
    found = []
    for index, value in zip(np.ndindex(problem.samples_shape), exact.losses, strict=True):
        if not encloses(enclosed.losses, index, value):
            found.append(f"losses{list(index)}: {value}, enclosed {enclosed.losses.high[index]!r}")
    for reduction in problem.reductions:
        total = enclosed.totals[reduction]
        if not encloses(total, (), exact.totals[reduction]):
            found.append(f"{reduction}: {exact.totals[reduction]}, enclosed {total.high!r}")
    return found


def assert_enclosed(problem: Problem) -> None:
    """The oracle's losses and totals are enclosed; with more digits where 60 do not decide."""
    if departures(problem, 60):
        assert departures(problem, MORE_DIGITS) == []


@MANY
@given(problems())
def test_the_oracle_is_within_every_enclosure(problem: Problem) -> None:
    assert_enclosed(problem)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSSES)
@settings(MANY, max_examples=max(EXAMPLES // 10, 20))
@given(st.data())
def test_the_radius_is_at_most_a_1024th_of_an_ulp(
    loss: Any, dtype: DType, data: st.DataObject
) -> None:
    problem = data.draw(problems(losses=(loss,), dtypes=(dtype,)))
    enclosed = reference(problem)
    assert set(enclosed.totals) == set(REDUCTIONS)
    for part in (enclosed.losses, *enclosed.totals.values()):
        finite = np.isfinite(part.high)
        allowed = np.maximum(spacing(part.high, dtype) / 1024, SMALLEST)
        assert (part.radius[finite] <= allowed[finite]).all()
        assert (part.low[~finite] == 0).all()
        assert (part.radius[~finite] == 0).all()
        assert (part.radius >= 0).all()


@pytest.mark.parametrize("form", GIVEN)
@pytest.mark.parametrize("loss", LOSSES)
@settings(MANY, max_examples=max(EXAMPLES // 10, 20))
@given(st.data())
def test_each_loss_from_each_input_is_enclosed(loss: Any, form: Any, data: st.DataObject) -> None:
    assert_enclosed(data.draw(problems(losses=(loss,), given=(form,))))


def gradient_departures(problem: Problem, digits: int) -> list[str]:
    """Where the oracle's derivative is not in the enclosure."""
    exact = np.array(gradient(problem, digits), dtype=object).reshape(problem.values.shape)
    enclosed = reference(problem).gradient
    assert enclosed is not None
    return [
        f"{list(index)}: {exact[index]}, enclosed {enclosed.high[index]!r}"
        for index in np.ndindex(exact.shape)
        if not encloses(enclosed, index, exact[index])
    ]


@pytest.mark.parametrize("form", GIVEN)
@settings(MANY, max_examples=max(EXAMPLES // 3, 50))
@given(st.data())
def test_the_oracles_gradient_is_within_its_enclosure(form: Any, data: st.DataObject) -> None:
    problem = replace(data.draw(problems(given=(form,))), gradient=True)
    if data.draw(st.booleans()):
        numbers = st.sampled_from((0.0, 1.0, -2.0, 0.3))
        size = math.prod(problem.samples_shape)
        drawn = data.draw(st.lists(numbers, min_size=size, max_size=size))
        cotangent = rounded(drawn, problem.dtype).reshape(problem.samples_shape)
        problem = replace(problem, cotangent=cotangent)
    if gradient_departures(problem, 60):
        assert gradient_departures(problem, MORE_DIGITS) == []
    enclosed = reference(problem).gradient
    assert enclosed is not None
    finite = np.isfinite(enclosed.high)
    allowed = np.maximum(spacing(enclosed.high, problem.dtype) / 1024, SMALLEST)
    assert (enclosed.radius[finite] <= allowed[finite]).all()


@settings(MANY, max_examples=max(EXAMPLES // 3, 50))
@given(problems())
@example(
    Problem(
        "sparse_categorical", "logits", rounded([[0.5, 2.0]], "float32"), np.array([1]), "float32"
    )
)
def test_asking_leaves_the_callers_precision_alone(problem: Problem) -> None:
    from flint import ctx

    before = ctx.prec
    reference(problem)
    assert ctx.prec == before


# ---- published and known values ---------------------------------------------------------------

THREAD_3X10 = [
    [-3.27133679, -22.6687183, -4.15501118, -5.14916372, -5.94609261,
     -6.93373299, -5.72364092, -9.75725174, -3.15748906, -4.84012318],
    [-11.7642536, -45.3370094, -3.17252636, 4.34527206, -17.7164974,
     -0.595088899, -17.6322937, -2.36941719, -6.82157373, -3.47369862],
    [-4.55468369, -1.07379043, -3.73261762, -7.08982277, -0.0288562477,
     -5.46847963, -0.979336262, -3.03667569, -3.29502845, -2.25880361],
]  # fmt: skip


def sparse(values: Any, labels: Any, dtype: DType = "float32", **options: Any) -> Problem:
    """A sparse_categorical problem from logits, unless `given` says otherwise."""
    given_as = options.pop("given", "logits")
    return Problem(
        "sparse_categorical",
        given_as,
        rounded(values, dtype),
        np.asarray(labels, dtype=np.int64),
        dtype,
        **options,
    )


def binary(values: Any, labels: Any, dtype: DType = "float32", **options: Any) -> Problem:
    """A binary problem from logits, unless `given` says otherwise."""
    given_as = options.pop("given", "logits")
    return Problem(
        "binary", given_as, rounded(values, dtype), rounded(labels, dtype), dtype, **options
    )


def close(value: Any, expected: float) -> bool:
    """Equal to the last few bits of float64."""
    return math.isclose(float(value), expected, rel_tol=1e-15, abs_tol=0.0)


def test_the_threads_three_samples_have_their_published_exact_losses() -> None:
    enclosed = reference(sparse(THREAD_3X10, [2, 3, 4], reductions=("sum", "mean")))
    published = ["2.007719607127750602", "0.00928137293922988543", "0.680067755268440496"]
    for i, text in enumerate(published):
        unit = mpf(10) ** -(len(text) - 2)
        with mp.workdps(40):
            value = mpf(float(enclosed.losses.high[i])) + mpf(float(enclosed.losses.low[i]))
            assert abs(value - mpf(text)) <= unit
    total = sum(map(float, published))
    assert close(enclosed.totals["sum"].high, total)
    assert close(enclosed.totals["mean"].high, total / 3)
    assert enclosed.divisors == {"sum": 1.0, "mean": 3.0}


def test_the_binary_thread_has_its_published_mean() -> None:
    problem = binary([-1, -1, 0, 1, 2], [0, 0, 1, 1, 1], reductions=("mean",))
    half_an_ulp = 2.0**-26  # it was printed from a float32
    mean = float(reference(problem).totals["mean"].high)
    assert abs(mean - 0.35197204) <= 1e-8 + half_an_ulp
    exact = math.fsum([2 * math.log1p(math.exp(-1)), math.log(2)])
    exact += math.log1p(math.exp(-1)) + math.log1p(math.exp(-2))
    assert close(mean, exact / 5)


@pytest.mark.parametrize("normalize", [True, False])
def test_the_threads_probabilities_with_and_without_dividing_by_their_sum(normalize: bool) -> None:
    rows = [[0.90, 0.05, 0.05], [0.50, 0.89, 0.60], [0.05, 0.01, 0.94]]
    problem = sparse(rows, [0, 1, 2], given="probs", normalize=normalize)
    second = 0.8046684 if normalize else 0.11653383
    assert reference(problem).losses.high == pytest.approx(
        [0.10536055, second, 0.0618754], abs=2e-7
    )


@pytest.mark.parametrize(
    ("row", "label", "loss"),
    [
        ([0.0, 0.0], 0, math.log(2)),
        ([1e8, 1e8], 1, math.log(2)),
        ([200.0, 0.0], 1, 200.0),
        ([-math.inf, 0.0, 0.0], 1, math.log(2)),
        ([-math.inf, 0.0, 0.0], 0, math.inf),
        ([-math.inf, -math.inf, 0.0], 1, math.inf),
        ([-math.inf, -math.inf], 1, math.nan),
        ([math.inf, 0.0, 0.0], 1, math.nan),
        ([math.inf, 0.0, 0.0], 0, math.nan),
        ([math.nan, 0.0, 0.0], 1, math.nan),
        ([7.0], 0, 0.0),
        ([0.0, 1.0], 2, math.nan),
        ([0.0, 1.0], -1, math.nan),
    ],
)  # fmt: skip
def test_a_row_of_logits_means_what_the_contract_says(
    row: list[float], label: int, loss: float
) -> None:
    high = reference(sparse([row], [label])).losses.high
    np.testing.assert_allclose(high, [loss], rtol=1e-15)


@pytest.mark.parametrize(
    ("z", "t", "loss"),
    [
        (0.0, 1.0, math.log(2)),
        (1000.0, 0.0, 1000.0),
        (-math.inf, 0.0, 0.0),
        (-math.inf, 1.0, math.inf),
        (math.inf, 1.0, math.nan),
        (math.nan, 0.0, math.nan),
        (0.0, math.nan, math.nan),
        (2.0, 2.0, 2 * math.log1p(math.exp(-2)) - (2 + math.log1p(math.exp(-2)))),
    ],
)
def test_a_binary_logit_means_what_the_contract_says(z: float, t: float, loss: float) -> None:
    np.testing.assert_allclose(reference(binary([z], [t])).losses.high, [loss], rtol=1e-15)


def test_a_loss_below_every_float32_keeps_its_digits() -> None:
    # exp(-400) = 1.9151695967140057e-174 (the series e^-400, 17 digits)
    enclosed = reference(sparse([[400.0, 0.0]], [0]))
    assert close(enclosed.losses.high[0], 1.9151695967140057e-174)


def test_a_loss_below_every_float64_is_zero_within_the_smallest_number() -> None:
    enclosed = reference(sparse([[1e4, 0.0]], [0]))
    assert float(enclosed.losses.high[0]) == 0
    assert float(enclosed.losses.radius[0]) == SMALLEST


def test_half_the_smallest_number_is_zero_within_the_smallest_number() -> None:
    half = rounded([0.5], "float64")
    tiny = rounded([SMALLEST], "float64")
    problem = Problem(
        "binary", "log_probs", rounded([-1e4], "float64"), half, "float64", sample_weight=tiny,
        gradient=True,
    )  # fmt: skip
    enclosed = reference(problem).gradient
    assert enclosed is not None
    assert float(enclosed.radius[0]) <= SMALLEST


def test_ignored_samples_lose_nothing_and_are_not_counted() -> None:
    rows = [[0.0, 0.0], [math.nan, 1.0], [0.0, 0.0]]
    problem = sparse(rows, [0, -100, 1], ignore_index=-100, reductions=("mean", "sum"))
    enclosed = reference(problem)
    np.testing.assert_allclose(enclosed.losses.high, [math.log(2), 0, math.log(2)], rtol=1e-15)
    assert close(enclosed.totals["mean"].high, math.log(2))
    assert enclosed.divisors["mean"] == 2


@pytest.mark.parametrize(
    ("shape", "ignore_index"), [((0, 3), None), ((2, 3), 1)], ids=["empty", "all ignored"]
)
def test_nothing_kept_sums_to_zero_and_has_no_mean(
    shape: tuple[int, int], ignore_index: int | None
) -> None:
    labels = np.ones(shape[0], dtype=np.int64)
    problem = sparse(np.zeros(shape), labels, ignore_index=ignore_index, reductions=REDUCTIONS)
    totals = {r: float(t.high) for r, t in reference(problem).totals.items()}
    assert totals["sum"] == 0
    assert math.isnan(totals["mean"])
    assert math.isnan(totals["weighted_mean"])


def test_weights_that_cancel_have_no_weighted_mean() -> None:
    weights = rounded([1.0, -1.0], "float32")
    problem = sparse([[0.0, 1.0]] * 2, [0, 1], sample_weight=weights, reductions=REDUCTIONS)
    totals = reference(problem).totals
    assert math.isnan(float(totals["weighted_mean"].high))
    assert math.isfinite(float(totals["mean"].high))


def test_weights_that_nearly_cancel_still_have_a_weighted_mean() -> None:
    # The weights sum to 1e-30 where 128 bits hold 38 digits and 1e30 takes 60 of them.
    weights = rounded([1e30, 1e-30, -1e30], "float64")
    problem = sparse(
        [[0.0, 0.0], [0.0, 1.0], [0.0, 0.0]],
        [0, 0, 0],
        "float64",
        sample_weight=weights,
        reductions=("weighted_mean",),
    )
    expected = math.log1p(math.e)  # the outer two cancel, the middle one's weight divides out
    high = float(reference(problem).totals["weighted_mean"].high)
    assert close(high, expected)


def test_class_weights_stand_inside_the_sum_under_smoothing() -> None:
    # Equal logits: every -log p is log 2. Targets (0.9, 0.1) + 0.05 each: 0.95, 0.05; weights 3, 1.
    smoothed = sparse(
        [[0.0, 0.0]], [0], "float64", label_smoothing=0.1, class_weight=rounded([3, 1], "float64")
    )
    expected = (3 * 0.95 + 1 * 0.05) * math.log(2)
    assert close(reference(smoothed).losses.high[0], expected)


def test_pos_weight_scales_the_positive_term_alone_and_spreads_over_leading_axes() -> None:
    problem = binary(
        np.zeros((2, 2)), [[1, 1], [0, 0]], "float64", pos_weight=rounded([3, 5], "float64")
    )
    expected = np.array([[3, 5], [1, 1]]) * math.log(2)
    np.testing.assert_allclose(reference(problem).losses.high, expected, rtol=1e-15)


@pytest.mark.parametrize(
    ("loss", "labels", "weights", "divisor"),
    [
        ("sparse_categorical", [0, 1], {"class_weight": [2.0, 5.0]}, 7.0),
        ("sparse_categorical", [0, 1], {"sample_weight": [2.0, 0.5]}, 2.5),
        ("categorical", [[1.0, 0.0], [0.5, 0.25]], {"class_weight": [2.0, 4.0]}, 4.0),
        ("categorical", [[1.0, 0.0], [0.5, 0.25]], {"label_smoothing": 0.5}, 1.75),
        ("binary", [[1.0, 0.0], [0.0, 0.0]], {"pos_weight": [2.0, 8.0]}, 4.0),
    ],
)  # fmt: skip
def test_a_weighted_mean_divides_by_the_contracts_weights(
    loss: Any, labels: Any, weights: dict[str, Any], divisor: float
) -> None:
    options: dict[str, Any] = {
        k: v if k == "label_smoothing" else rounded(v, "float64") for k, v in weights.items()
    }
    made = np.asarray(labels, dtype=np.int64 if loss == "sparse_categorical" else np.float64)
    problem = Problem(
        loss, "logits", np.zeros((2, 2)), made, "float64", reductions=("weighted_mean",), **options
    )
    assert close(reference(problem).divisors["weighted_mean"], divisor)


@pytest.mark.parametrize("other", [math.nan, math.inf])
def test_a_label_reads_its_own_log_probability_alone(other: float) -> None:
    """sparse: -log p[y]; smoothing reads every class."""
    values, labels = np.array([[-0.5, other]]), np.array([0])
    subject = Problem("sparse_categorical", "log_probs", values, labels, "float64", gradient=True)
    found = reference(subject)
    assert found.gradient is not None
    assert found.losses.high.tolist() == [0.5]
    assert found.gradient.high.tolist() == [[-1.0, 0.0]]
    assert math.isnan(reference(replace(subject, label_smoothing=0.5)).losses.high[0])
