"""Options around a loss: scaled and capped logits, a z-loss, a count of items. Against mpmath, and
by laws."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from mpmath import mp, mpf

from tests.support.oracle import gradient, truth
from tests.support.problems import rescaled_problems
from xent_check.problem import dtypes
from xent_check.problem.problem import Problem
from xent_check.reference.enclosure import Enclosure
from xent_check.reference.reference import reference
from xent_check.reference.truth import truth as truth_of

MORE_DIGITS = 2500


def rounded(numbers: Any, dtype: Any) -> Any:
    return dtypes.rounded(np.array(numbers, dtype=np.float64), dtype)


X = rounded([[1.5, -0.25, 0.5], [-20.0, 3.0, 40.0], [0.0, 0.0, 0.0]], "float32")
SPARSE = Problem(
    "sparse_categorical", "logits", X, np.array([0, 1, 2]), "float32",
    reductions=("mean", "sum"), gradient=True,
)  # fmt: skip
FEW = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def off(enclosed: Enclosure, exact: list[Any]) -> list[int]:
    """The places where the exact value is not in the enclosure."""
    flat = [part.reshape(-1) for part in (enclosed.high, enclosed.low, enclosed.radius)]
    places = []
    for i, value in enumerate(exact):
        high, low, radius = (float(part[i]) for part in flat)
        if mp.isnan(value) or math.isnan(high):
            inside = bool(mp.isnan(value)) and math.isnan(high)
        elif math.isinf(high) or mp.isinf(value):
            inside = mp.isinf(value) == math.isinf(high) and value * high > 0
            inside = inside or (
                math.isinf(high) and abs(value) >= mpf(2) ** 1024 * (1 - mpf(2) ** -54)
            )
        else:
            inside = abs(value - mpf(high) - mpf(low)) <= mpf(radius)
        places += [] if inside else [i]
    return places


def departures(problem: Problem, digits: int) -> list[Any]:
    with mp.workdps(digits):
        exact, enclosed = truth(problem, digits), reference(replace(problem, gradient=True))
        found: list[Any] = [("losses", i) for i in off(enclosed.losses, exact.losses)]
        for name, total in enclosed.totals.items():
            found += [(name, i) for i in off(total, [exact.totals[name]])]
        assert enclosed.gradient is not None
        slopes = np.array(gradient(problem, digits), dtype=object).reshape(-1)
        return found + [("gradient", i) for i in off(enclosed.gradient, list(slopes))]


@FEW
@given(rescaled_problems())
def test_mpmath_is_within_every_enclosure(problem: Problem) -> None:
    if departures(problem, 80):
        assert departures(problem, MORE_DIGITS) == []


def same(a: Problem, b: Problem, rtol: float = 1e-12) -> None:
    """Both problems have the same losses, totals and gradient."""
    one, other = reference(a), reference(b)
    np.testing.assert_allclose(one.losses.high, other.losses.high, rtol)
    for name, total in one.totals.items():
        np.testing.assert_allclose(total.high, other.totals[name].high, rtol)
    assert one.gradient is not None
    assert other.gradient is not None
    np.testing.assert_allclose(one.gradient.high, other.gradient.high, rtol, atol=1e-300)


def test_a_scale_of_a_power_of_2_is_logits_so_scaled() -> None:
    halved = reference(replace(SPARSE, values=X / 2))
    scaled = reference(replace(SPARSE, logit_scale=0.5))
    np.testing.assert_array_equal(scaled.losses.high, halved.losses.high)
    assert scaled.gradient is not None
    assert halved.gradient is not None
    np.testing.assert_allclose(scaled.gradient.high, halved.gradient.high / 2, 1e-15)


def test_a_softcap_to_infinity_is_none() -> None:
    same(replace(SPARSE, softcap=1e12), SPARSE)


def test_a_z_loss_of_0_is_none() -> None:
    same(replace(SPARSE, z_loss=0.0), SPARSE)


def test_as_many_items_as_are_kept_is_the_mean() -> None:
    ignoring = replace(SPARSE, ignore_index=1)
    same(replace(ignoring, num_items=2.0), ignoring)


def test_the_scale_comes_before_the_cap() -> None:
    # 5 tanh(0.5 * 1.5 / 5) and so on; math.tanh, to 15 digits
    capped = [[5 * math.tanh(0.5 * float(x) / 5) for x in row] for row in X]
    plain = replace(SPARSE, values=np.array(capped), dtype="float64")
    scaled = reference(replace(SPARSE, logit_scale=0.5, softcap=5.0))
    np.testing.assert_allclose(scaled.losses.high, reference(plain).losses.high, 1e-13)


def test_infinite_logits_are_capped_to_real_scores_without_a_slope() -> None:
    x = rounded([[-math.inf, math.inf, 0.0], [-math.inf] * 3], "float32")
    capped = replace(SPARSE, values=x, labels=np.array([0, 2]), softcap=2.0)
    exact = reference(capped)
    first = 2 + math.log(math.exp(-2) + math.exp(2) + 1)  # the scores are -2, 2 and 0
    np.testing.assert_allclose(exact.losses.high, [first, math.log(3)], 1e-14)
    assert exact.gradient is not None
    assert (exact.gradient.high[:, :2] == 0).all()
    assert exact.gradient.high[0, 2] > 0
    assert np.isnan(reference(replace(capped, softcap=None)).losses.high).all()


def test_a_z_loss_is_added_once_inside_the_sample_weight_and_never_where_ignored() -> None:
    weights = rounded([2.0, 3.0, 5.0], "float32")
    problem = replace(
        SPARSE, z_loss=0.5, sample_weight=weights, class_weight=rounded([7, 7, 7], "float32"),
        label_smoothing=0.25, ignore_index=2,
    )  # fmt: skip
    added = reference(problem).losses.high - reference(replace(problem, z_loss=0.0)).losses.high
    x = X.astype(np.float64)
    square = np.log(np.exp(x).sum(axis=1)) ** 2
    np.testing.assert_allclose(added, [square[0], 1.5 * square[1], 0], 1e-12)


def test_nothing_kept_over_a_count_of_items_is_0() -> None:
    none = replace(SPARSE, labels=np.array([1, 1, 1]), ignore_index=1, num_items=3.0)
    assert reference(none).totals["mean"].high == 0
    assert np.isnan(reference(replace(none, num_items=None)).totals["mean"].high)


def test_a_mask_is_a_mask_under_a_scale() -> None:
    masked = replace(
        SPARSE, values=rounded([[1.0, -math.inf, 0.5]], "float32"), labels=np.array([0])
    )
    same(replace(masked, logit_scale=1.0), masked)
    assert reference(replace(masked, labels=np.array([1]), logit_scale=0.7)).losses.high == np.inf


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_a_bound_grows_with_the_roundings_of_the_scores_and_stays_finite(dtype: Any) -> None:
    x = rounded([[1.0, 30.0, -1e4], [-math.inf, 20.0, 25.0]], dtype)
    plain = Problem("sparse_categorical", "logits", x, np.array([0, 1]), dtype, gradient=True)
    each: tuple[Any, ...] = ({"logit_scale": 0.7}, {"softcap": 30.0}, {"z_loss": 0.01})
    for options in each:
        wider, narrow = truth_of(replace(plain, **options)).bounds, truth_of(plain).bounds
        if "softcap" not in options:  # which makes the gaps smaller
            assert (wider.losses > narrow.losses * (0.5 if options == each[0] else 1)).all()
        assert {"scores", "z-loss"} & {*wider.terms}
        assert np.isfinite(wider.losses).all()
        assert wider.gradient is not None
        assert np.isfinite(wider.gradient).all()


def test_in_16_bits_the_bound_still_tells_a_cap_from_none() -> None:
    x = rounded([[-8.0, 26.0, 1.0], [-4.0, 3.0, 14.0]], "bfloat16")
    capped = Problem(
        "sparse_categorical", "logits", x, np.array([0, 1]), "bfloat16", softcap=30.0
    )  # fmt: skip
    exact, without = truth_of(capped), reference(replace(capped, softcap=None))
    apart = np.abs(exact.reference.losses.high - without.losses.high)
    assert (apart > exact.bounds.losses).all()
    odd = truth_of(replace(capped, softcap=30.1)).bounds  # which bfloat16 does not have
    assert (odd.terms["scores"] > exact.bounds.terms["scores"]).all()
