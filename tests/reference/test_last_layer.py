"""Logits that a last layer makes of what is hidden: exact values against mpmath, and laws."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from mpmath import mp, mpf

from tests.support.oracle import layer_gradients, truth
from tests.support.problems import hidden_problems, rounded
from xent_check.problem import parts as cutting
from xent_check.problem.dtypes import unit_roundoff
from xent_check.problem.last_layer import as_logits
from xent_check.problem.problem import Problem
from xent_check.reference import bounds_in_parts
from xent_check.reference import reference as module
from xent_check.reference.balls import exact_losses
from xent_check.reference.bounds_layer import logits_with_errors, multiplied
from xent_check.reference.enclosure import Enclosure, is_narrow
from xent_check.reference.float64 import fast_losses
from xent_check.reference.reference import Reference, reference
from xent_check.reference.truth import truth as truth_of

FEW = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
RNG = np.random.RandomState(0)
# Small whole numbers over powers of two: products and sums of them are exact in every dtype.
HIDDEN = rounded(RNG.randint(-8, 8, (4, 3)) / 4, "float32")
WEIGHT = rounded(RNG.randint(-8, 8, (5, 3)) / 8, "float32")
BIAS = rounded(RNG.randint(-8, 8, 5) / 2, "float32")
LAYER = Problem(
    "sparse_categorical", "hidden", HIDDEN, np.array([0, 4, 2, 2]), "float32", weight=WEIGHT,
    bias=BIAS, reductions=("mean", "sum"), gradient=True,
)  # fmt: skip


def off(enclosed: Enclosure, exact: Any) -> list[int]:
    """The places where the exact value is not in the enclosure."""
    flat = [part.reshape(-1) for part in (enclosed.high, enclosed.low, enclosed.radius)]
    places = []
    for i, value in enumerate(np.array(exact, dtype=object).reshape(-1)):
        high, low, radius = (float(part[i]) for part in flat)
        if not math.isfinite(high):
            inside = str(float(value)) == str(high)
        else:
            inside = abs(value - mpf(high) - mpf(low)) <= mpf(radius)
        places += [] if inside else [i]
    return places


def parts(exact: Reference) -> dict[str, Enclosure]:
    totals = {str(name): total for name, total in exact.totals.items()}
    return {"losses": exact.losses, **totals, **exact.gradients}


@given(problem=hidden_problems())
@FEW
def test_the_reference_is_what_mpmath_computes(problem: Problem) -> None:
    with mp.workdps(300):
        oracle, enclosed = truth(problem, 300), reference(problem)
        gradients = layer_gradients(problem, 300)
        expected: dict[str, Any] = {"losses": oracle.losses, **oracle.totals}
        expected |= {"gradient": gradients["hidden"], "weight_gradient": gradients["weight"]}
        if problem.bias is not None:
            expected["bias_gradient"] = gradients["bias"]
        assert parts(enclosed).keys() == expected.keys()
        for name, enclosure in parts(enclosed).items():
            assert off(enclosure, expected[name]) == [], name
            assert is_narrow(enclosure, problem.dtype), name


def test_hidden_times_the_weight_equals_the_logits_given() -> None:
    logits = HIDDEN @ WEIGHT.T + BIAS  # exact: see HIDDEN
    given_logits = replace(LAYER, given="logits", values=logits, weight=None, bias=None)
    one, other = reference(LAYER), reference(given_logits)
    np.testing.assert_array_equal(one.losses.high, other.losses.high)
    np.testing.assert_array_equal(one.totals["mean"].high, other.totals["mean"].high)
    assert other.gradient is not None
    by_logits = other.gradient.high
    chained = (by_logits @ WEIGHT, by_logits.T @ HIDDEN, by_logits.sum(axis=0))
    for enclosed, expected in zip(one.gradients.values(), chained, strict=True):
        np.testing.assert_allclose(enclosed.high, expected, rtol=1e-13, atol=1e-13)


def test_a_bias_of_zeros_is_none() -> None:
    without = reference(replace(LAYER, bias=None))
    zeros = reference(replace(LAYER, bias=np.zeros_like(BIAS)))
    np.testing.assert_array_equal(without.losses.high, zeros.losses.high)
    assert without.by_parameters.keys() == {"weight"}
    np.testing.assert_array_equal(
        without.by_parameters["weight"].high, zeros.by_parameters["weight"].high
    )


def test_a_bias_of_minus_infinity_takes_the_class_out() -> None:
    masked = BIAS.copy()
    masked[1] = -np.inf
    kept = [0, 2, 3, 4]
    fewer = replace(LAYER, weight=WEIGHT[kept], bias=BIAS[kept], labels=np.array([0, 3, 1, 1]))
    one, other = reference(replace(LAYER, bias=masked)), reference(fewer)
    np.testing.assert_array_equal(one.losses.high, other.losses.high)
    assert (one.by_parameters["weight"].high[1] == 0).all()
    assert one.by_parameters["bias"].high[1] == 0
    np.testing.assert_array_equal(
        one.by_parameters["bias"].high[kept], other.by_parameters["bias"].high
    )


def test_a_sample_without_a_derivative_leaves_none_to_the_weight() -> None:
    exact = reference(replace(LAYER, labels=np.array([0, 9, 2, 2])))
    assert exact.gradient is not None
    assert np.isnan(exact.gradient.high).any(axis=1).tolist() == [False, True, False, False]
    assert np.isnan(exact.by_parameters["weight"].high).all()
    assert np.isnan(exact.by_parameters["bias"].high).all()


def test_no_sample_leaves_a_gradient_of_zeros_to_the_weight() -> None:
    nothing = replace(LAYER, values=HIDDEN[:0], labels=np.array([], dtype=np.int64))
    exact = reference(nothing)
    assert exact.gradient is not None
    assert exact.gradient.high.shape == (0, 3)
    assert (exact.by_parameters["weight"].high == np.zeros((5, 3))).all()


def test_products_beyond_float64_are_logits_all_the_same() -> None:
    """h w = 1e200 1e200 for one class and the same less 0 for the other: log 2 exactly."""
    huge = replace(
        LAYER, dtype="float64", values=np.array([[1e200]]), weight=np.array([[1e200], [1e200]]),
        bias=None, labels=np.array([0]), gradient=False, reductions=(),
    )  # fmt: skip
    assert reference(huge).losses.high[0] == math.log(2)


def test_products_that_cancel_keep_their_digits() -> None:
    """1e8 x 1e8 - 1e8 x 1e8 + 3 x 1: the logits are 3 and 0, the loss log(1 + exp(-3))."""
    cancels = replace(
        LAYER, dtype="float64", values=np.array([[1e8, 1e8, 3.0]]),
        weight=np.array([[1e8, -1e8, 1.0], [0.0, 0.0, 0.0]]), bias=None, labels=np.array([0]),
        gradient=False, reductions=(),
    )  # fmt: skip
    exact = mp.log1p(mp.exp(mpf(-3)))
    assert abs(reference(cancels).losses.high[0] - float(exact)) < 1e-17


def test_a_large_problem_in_parts_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.RandomState(1)
    problem = replace(
        LAYER, values=rounded(rng.standard_normal((2, 5, 4)), "float32"),
        weight=rounded(rng.standard_normal((7, 4)), "float32"), labels=rng.randint(0, 7, (2, 5)),
        bias=rounded(rng.standard_normal(7), "float32"),
    )  # fmt: skip
    whole, bounds = reference(problem), truth_of(problem).bounds
    monkeypatch.setattr(module, "SMALL", 1)
    monkeypatch.setattr(cutting, "VALUES", 14)
    monkeypatch.setattr(bounds_in_parts, "VALUES", 1)
    monkeypatch.setattr(bounds_in_parts, "_AT_ONCE", 14)
    again = truth_of(problem)
    for name, enclosure in parts(whole).items():
        np.testing.assert_allclose(parts(again.reference)[name].high, enclosure.high, rtol=1e-14)
    for name, bound in bounds.parts.items():
        other = np.asarray(again.bounds.parts[name], dtype=np.float64)
        np.testing.assert_allclose(other, np.asarray(bound, dtype=np.float64), rtol=1e-12)


@given(problem=hidden_problems())
@FEW
def test_logits_in_float64_are_near_the_exact_ones(problem: Problem) -> None:
    """What diagnoses and notes compute from: within F + 1 roundings of the sizes of the terms."""
    x = as_logits(problem).values
    weight, hidden = problem.weight, problem.values
    assert weight is not None
    rows = hidden.astype(np.float64).reshape(-1, weight.shape[1])
    matrix = weight.astype(np.float64)
    bias = np.zeros(len(matrix)) if problem.bias is None else problem.bias.astype(np.float64)
    for i, row in enumerate(x.reshape(-1, len(matrix))):
        for c, logit in enumerate(row):
            if math.isinf(bias[c]):
                assert logit == -math.inf
                continue
            with mp.workdps(100):
                terms = [mpf(a) * mpf(b) for a, b in zip(rows[i], matrix[c], strict=True)]
                exact = mp.fsum(terms) + mpf(bias[c])
                size = mp.fsum(map(abs, terms)) + abs(mpf(bias[c]))
                allowed = (len(terms) + 1) * unit_roundoff("float64") * 1.01 * size
                assert abs(mpf(float(logit)) - exact) <= allowed + mpf(2) ** -1074


# ---- the bound, written out a second time -------------------------------------------------------


@given(problem=hidden_problems())
@FEW
def test_the_error_of_a_logit_is_its_formula(problem: Problem) -> None:
    """delta of every logit, one number after another."""
    u = unit_roundoff(problem.dtype)
    short = problem.dtype in ("float16", "bfloat16")
    wide = unit_roundoff("float32") if short else u
    weight, hidden, bias = problem.weight, problem.values, problem.bias
    assert weight is not None
    classes, features = weight.shape
    h = hidden.astype(np.float64).reshape(-1, features)
    w = weight.astype(np.float64)
    b = np.zeros(classes) if bias is None else bias.astype(np.float64)
    logits, errors = logits_with_errors(problem)
    floor = {"float16": 2.0**-24, "bfloat16": 2.0**-126, "float32": 2.0**-126}
    of_product = 2.0**-1022 if problem.dtype == "float64" else 2.0**-126
    lost = features * of_product + 2 * floor.get(problem.dtype, 2.0**-1022)
    for i, c in np.ndindex(len(h), classes):
        terms = sum(abs(h[i, k] * w[c, k]) for k in range(features))
        product = sum(h[i, k] * w[c, k] for k in range(features))
        delta = multiplied(features) * wide * terms
        delta += (
            u * min(terms, abs(product) + 2 * abs(b[c])) if short and math.isfinite(b[c]) else 0
        )
        if bias is not None and math.isfinite(b[c]):
            delta += u * abs(product + b[c])
        if math.isfinite(b[c]):
            assert errors[i, c] <= delta * (1 + 1e-9) + lost
            assert errors[i, c] >= (delta - (u * 2 * abs(b[c]) if short else 0)) * (1 - 1e-9)
        assert logits[i, c] == -math.inf or abs(logits[i, c] - product - b[c]) < 1e-9 * (1 + terms)


def test_roundings_of_a_product_are_all_of_few_terms_and_a_sixth_of_many() -> None:
    assert [multiplied(n) for n in (1, 3, 512, 6 * 512)] == [1.0, 3.0, 512.0, 1024.0]


def test_losses_in_float64_are_within_their_radius_of_those_in_balls() -> None:
    rng = np.random.RandomState(3)
    problem = replace(
        LAYER, values=rounded(rng.standard_normal((6, 50)), "float32"), gradient=False,
        weight=rounded(rng.standard_normal((9, 50)), "float32"), labels=rng.randint(0, 9, 6),
        bias=rounded(rng.standard_normal(9), "float32"), reductions=(),
        class_weight=rounded(rng.uniform(0.5, 2, 9), "float32"),
    )  # fmt: skip
    fast, exact = fast_losses(problem), exact_losses(problem)
    assert fast is not None
    assert (np.abs((fast.high - exact.high) - exact.low) <= fast.radius).all()
    largest = 2 * 51 * 2.0**-53 * 40  # twice F + 1 roundings of terms whose sizes sum to 40
    assert (fast.radius > 0.1 * largest).all(), "the errors of 51 terms are in it"
    confident = replace(problem, values=200 * problem.values)
    fast, exact = fast_losses(confident), exact_losses(confident)
    assert fast is not None, "the error of a loss of 1e-100 is as small"
    assert 0 < fast.high.min() < 1e-90
    assert (np.abs((fast.high - exact.high) - exact.low) <= fast.radius).all()
    assert fast_losses(replace(problem, values=1e12 * problem.values)) is None


def test_a_probability_that_vanishes_may_be_any_where_its_logits_err_by_their_gap() -> None:
    """Of 999424 + 1 and 999424 + 1000.4 the first has p = exp(-999) exactly, and the derivatives by
    the bias are -1 and 1. A right product in bfloat16, of steps of 4096 there, makes both 999424,
    and the derivatives -1/2 and 1/2."""
    problem = Problem(
        "sparse_categorical", "hidden", rounded(np.array([[1.0, 0.001]]), "bfloat16"),
        np.array([0]), "bfloat16", gradient=True,
        weight=rounded(np.array([[999424.0, 0.0], [999424.0, 999424.0]]), "bfloat16"),
        bias=rounded(np.array([1.0, 1.0]), "bfloat16"),
    )  # fmt: skip
    found = truth_of(problem)
    assert found.reference.gradients["bias_gradient"].high.tolist() == [-1, 1]
    bound = found.bounds.by_parameters["bias"]
    assert all(bound >= 0.5)
    assert all(bound < 1.1)  # and it says something still
    # Each logit errs by two roundings of 2^-8 of itself, and both derivatives are 2 at most.
    assert found.bounds.losses < 4 * 2 * 1_000_424 / 2**8 * 1.01
