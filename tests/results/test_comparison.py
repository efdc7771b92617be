"""The comparison is arithmetic, and each way of getting it wrong turns one of these red."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.reports import enclosed, expects
from xent_check.problem.dtypes import numpy_dtype
from xent_check.problem.evaluation import Computed, Unsupported
from xent_check.problem.expectation import Expectation
from xent_check.problem.tolerance import Tolerance
from xent_check.problem.vocabulary import Reduction
from xent_check.reference.reference import Reference
from xent_check.results.comparison import Comparison, ShapeError, compare, share_of

INF, NAN = math.inf, math.nan
EXACT = Tolerance(ulps=0.0)
QUICK = settings(max_examples=200, deadline=None, derandomize=True)


def held(
    actual: Any,
    target: Any,
    tolerance: Tolerance = EXACT,
    dtype: str = "float32",
    *,
    low: float = 0.0,
    radius: float = 0.0,
    totals: dict[Reduction, tuple[Any, float]] | None = None,
    divisors: dict[Reduction, float] | None = None,
    expectation: Expectation | None = None,
) -> Comparison:
    """Losses held against a reference. totals: reduction -> (actual, reference)."""
    losses = np.asarray(actual, dtype=numpy_dtype(dtype))
    pairs = totals or {}
    answers: dict[Reduction, Any] = {
        r: a if isinstance(a, Unsupported) else np.asarray(a, dtype=losses.dtype)
        for r, (a, _) in pairs.items()
    }
    exact = Reference(
        losses=enclosed(target, low, radius),
        totals={r: enclosed(t) for r, (_, t) in pairs.items()},
        divisors=divisors or dict.fromkeys(pairs, 1.0),
        gradient=None,
    )
    return compare(Computed(losses, answers, "call", 0.0), exact, tolerance, expectation)


def verdicts(comparison: Comparison) -> list[bool]:
    """Whether each sample agrees."""
    agrees: list[bool] = comparison.losses.agrees.tolist()
    return agrees


# ---- what is allowed ----------------------------------------------------------------------------

ULP = 2.0**-23  # of float32, from 1 up to 2


@pytest.mark.parametrize(
    ("actual", "target", "tolerance", "agrees"),
    [
        # on the limit agrees, one float64 less does not
        (1.5, 1.0, Tolerance(atol=0.5, ulps=0), True),
        (1.5, 1.0, Tolerance(atol=math.nextafter(0.5, 0), ulps=0), False),
        (0.5, 1.0, Tolerance(atol=0.5, ulps=0), True),
        (0.5, 1.0, Tolerance(atol=math.nextafter(0.5, 0), ulps=0), False),
        # rtol is a share of the reference, of its size and not of the actual number's
        (3.0, 4.0, Tolerance(rtol=0.25, ulps=0), True),
        (4.0, 3.0, Tolerance(rtol=0.25, ulps=0), False),
        (1.0, 2.0, Tolerance(rtol=0.5, ulps=0), True),
        (-3.0, -4.0, Tolerance(rtol=0.25, ulps=0), True),
        # atol and rtol add up
        (2.0, 1.0, Tolerance(atol=0.5, rtol=0.5, ulps=0), True),
        (2.0, 1.0, Tolerance(atol=0.5, rtol=0.49, ulps=0), False),
        # ulps of the dtype at the reference, alone or where they allow more
        (1 + ULP, 1.0, Tolerance(ulps=1), True),
        (1 + 2 * ULP, 1.0, Tolerance(ulps=1), False),
        (1 + 2 * ULP, 1.0, Tolerance(ulps=2), True),
        (2 - ULP, 2.0, Tolerance(ulps=0.5), True),  # the spacing at 2 is twice that below it
        (2.0, 2 - ULP, Tolerance(ulps=0.5), False),
        (1 + ULP, 1.0, Tolerance(atol=1e-12, ulps=1), True),
        (1 + ULP, 1.0, Tolerance(atol=1e-6, ulps=0), True),
        # the larger of the two, never their sum
        (1.5, 1.0, Tolerance(atol=0.25, ulps=0.25 / ULP), False),
        # nothing allowed
        (1.0, 1.0, EXACT, True),
        (0.0, -0.0, EXACT, True),
        (1 + ULP, 1.0, EXACT, False),
    ],
)
def test_agreement_is_the_contracts_inequality(
    actual: float, target: float, tolerance: Tolerance, agrees: bool
) -> None:
    comparison = held([actual], [target], tolerance)
    assert verdicts(comparison) == [agrees]
    assert comparison.losses.diverging == (not agrees)
    assert comparison.agrees_with_reference is agrees


def test_an_ulp_is_one_of_the_dtype_that_was_computed() -> None:
    for dtype, bits in {"float16": 10, "bfloat16": 7, "float32": 23, "float64": 52}.items():
        off = held([1 + 2.0**-bits], [1.0], Tolerance(ulps=1), dtype).losses
        assert off.dtype == dtype
        assert off.ulps.tolist() == [1.0]
        assert off.agrees.all()


def test_near_zero_an_ulp_is_the_smallest_number() -> None:
    smallest = 2.0**-149
    assert held([smallest], [0.0], Tolerance(ulps=1)).losses.ulps.tolist() == [1.0]
    assert verdicts(held([3 * smallest], [0.0], Tolerance(ulps=1))) == [False]


def test_the_low_half_of_the_reference_counts() -> None:
    losses = held([1.0], [1.0], EXACT, "float64", low=2.0**-60).losses
    assert losses.abs_diff.tolist() == [2.0**-60]
    assert not losses.agrees.any()


# ---- what is not finite -------------------------------------------------------------------------

EVERYTHING = Tolerance(atol=1e308, rtol=1e300, ulps=1e300)
SPECIAL = (NAN, INF, -INF, 1.0)


@pytest.mark.parametrize("actual", SPECIAL)
@pytest.mark.parametrize("target", SPECIAL)
def test_what_is_not_finite_agrees_with_itself_alone_whatever_is_allowed(
    actual: float, target: float
) -> None:
    same = actual == target or (math.isnan(actual) and math.isnan(target))
    losses = held([actual], [target], EVERYTHING).losses
    assert losses.agrees.tolist() == [same]
    assert losses.abs_diff.tolist() == [0.0 if same else INF]


@pytest.mark.parametrize("special", [NAN, INF, -INF])
def test_what_is_not_finite_hides_no_finite_divergence(special: float) -> None:
    losses = held([special, 2.0, special], [special, 1.0, special]).losses
    assert losses.agrees.tolist() == [True, False, True]
    assert losses.diverging == 1
    assert losses.worst == (1,)


def test_the_largest_float_is_not_infinity() -> None:
    largest = float(np.finfo(np.float32).max)
    assert verdicts(held([INF, largest], [largest, INF], EVERYTHING)) == [False, False]


# ---- how many, and which ------------------------------------------------------------------------


@st.composite
def numbers(draw: st.DrawFn, count: int) -> list[float]:
    """Float32 numbers, now and then not finite."""
    element = st.floats(-100, 100, width=32) | st.sampled_from((0.0, 1.0, 1.0, NAN, INF, -INF))
    return draw(st.lists(element, min_size=count, max_size=count))


def _exact_difference(actual: float, target: float) -> Fraction | float:
    if math.isfinite(actual) and math.isfinite(target):
        return abs(Fraction(actual) - Fraction(target))
    same = actual == target or (math.isnan(actual) and math.isnan(target))
    return 0.0 if same else INF


@QUICK
@given(st.data(), st.sampled_from((0.0, 0.5, 3.0)), st.sampled_from((0.0, 0.25)))
def test_the_count_and_the_worst_index_are_those_of_exact_arithmetic(
    data: st.DataObject, atol: float, rtol: float
) -> None:
    rows, columns = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    actual = data.draw(numbers(rows * columns))
    target = data.draw(numbers(rows * columns))
    shape = (rows, columns)
    losses = held(
        np.reshape(actual, shape),
        np.reshape(target, shape),
        Tolerance(atol=atol, rtol=rtol, ulps=0),
    ).losses
    near_the_limit = False
    wrong: list[bool] = []
    off: list[Fraction | float] = []
    for a, t in zip(actual, target, strict=True):
        distance = _exact_difference(a, t)
        allowed = Fraction(0)
        if math.isfinite(t):
            allowed = Fraction(atol) + Fraction(rtol) * abs(Fraction(t))
        off.append(distance)
        wrong.append(math.isinf(distance) or Fraction(distance) > allowed)
        if distance:
            near_the_limit |= math.isclose(float(distance), float(allowed), rel_tol=1e-12)
    if rtol and near_the_limit:  # float64 may round the limit either way
        return
    assert losses.agrees.reshape(-1).tolist() == [not w for w in wrong]
    assert losses.diverging == sum(wrong)
    row, column = losses.worst
    chosen = row * columns + column
    candidates = [d for d, w in zip(off, wrong, strict=True) if w] or off
    assert float(off[chosen]) == max(map(float, candidates))
    assert wrong[chosen] == any(wrong)


def test_the_worst_is_among_the_diverging_even_where_an_agreeing_one_is_further_off() -> None:
    losses = held([1001.0, 1.5], [1000.0, 1.0], Tolerance(rtol=0.01, ulps=0)).losses
    assert losses.agrees.tolist() == [True, False]
    assert losses.worst == (1,)


def test_nothing_compared_has_nothing_that_diverges() -> None:
    comparison = held(np.zeros((0, 3)), np.zeros((0, 3)))
    assert comparison.losses.diverging == 0
    assert comparison.agrees_with_reference


# ---- totals -------------------------------------------------------------------------------------


def test_a_total_that_diverges_is_a_divergence_beside_losses_that_agree() -> None:
    comparison = held([1.0], [1.0], totals={"mean": (2.0, 1.0), "sum": (1.0, 1.0)})
    assert not comparison.losses.diverging
    assert comparison.totals["mean"].diverging == 1
    assert comparison.totals["sum"].diverging == 0
    assert not comparison.agrees_with_reference
    assert not comparison.agrees_with_expected


def test_a_total_without_an_api_is_named_and_not_compared() -> None:
    comparison = held([1.0], [1.0], totals={"weighted_mean": (Unsupported("no such mean"), 7.0)})
    assert comparison.totals == {}
    assert comparison.unsupported == {"weighted_mean": "no such mean"}
    assert comparison.agrees_with_reference


@pytest.mark.parametrize(
    ("actual", "target"), [([1.0, 2.0], [1.0]), ([[1.0]], [1.0]), (1.0, [1.0])]
)
def test_losses_of_another_shape_are_refused_and_never_broadcast(actual: Any, target: Any) -> None:
    with pytest.raises(ShapeError, match="losses of shape"):
        held(actual, target, EVERYTHING)


def test_a_total_that_is_not_one_number_is_refused() -> None:
    with pytest.raises(ShapeError, match="mean of shape"):
        held([1.0], [1.0], totals={"mean": ([1.0], 1.0)})


# ---- the reference's own error ------------------------------------------------------------------


@pytest.mark.parametrize(("radius", "wide"), [(ULP / 1024, False), (ULP / 1000, True)])
def test_a_reference_that_is_not_known_to_a_1024th_of_an_ulp_says_so(
    radius: float, wide: bool
) -> None:
    assert held([1.0], [1.0], radius=radius).wide_radius is wide


# ---- expectations -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "actual", "agrees"),
    [
        ("0.50", 0.50, True),
        ("0.50", 0.5078125, True),  # within one unit of the last digit: documentation truncates
        ("0.50", 0.515625, False),
        ("0.500", 0.5078125, False),
        ("5.0e-1", 0.5078125, True),
        ("5.0e-1", 0.515625, False),
        ("2.0", 2.03125, False),  # a whole number is exact
        ("2", 2.03125, False),
        ("2.0", 2.0, True),
        ("inf", INF, True),
        ("inf", -INF, False),
        ("inf", 2.0**100, False),
        ("nan", NAN, True),
        ("nan", 0.0, False),
        ("0.50", NAN, False),
    ],
)
def test_a_published_number_agrees_within_one_unit_of_its_last_digit(
    printed: str, actual: float, agrees: bool
) -> None:
    comparison = held([actual], [actual], expectation=expects([printed]))
    assert comparison.agrees_with_expected is agrees
    assert comparison.agrees_with_reference


def test_the_tolerance_comes_on_top_of_the_last_digit() -> None:
    tolerance = Tolerance(atol=0.25, ulps=0)
    assert held([0.75], [0.75], tolerance, expectation=expects(["0.5"])).agrees_with_expected
    assert held([0.84375], [0.8], tolerance, expectation=expects(["0.5"])).agrees_with_expected
    assert not held([0.875], [0.8], tolerance, expectation=expects(["0.5"])).agrees_with_expected


def test_totals_beside_stated_losses_follow_from_those_and_not_from_the_reference() -> None:
    declared = expects(["4.0", "8.0"], because="it doubles them")
    pairs: dict[Reduction, tuple[Any, float]] = {"mean": (6.0, 3.0), "sum": (12.0, 6.0)}
    divisors: dict[Reduction, float] = {"mean": 2.0, "sum": 1.0}
    comparison = held([4.0, 8.0], [2.0, 4.0], totals=pairs, divisors=divisors, expectation=declared)
    assert comparison.agrees_with_expected
    assert not comparison.agrees_with_reference
    assert float(comparison.expected_totals["mean"].target) == 6
    pairs["mean"] = (3.0, 3.0)  # the reference's mean is not what the stated losses give
    assert not held(
        [4.0, 8.0], [2.0, 4.0], totals=pairs, divisors=divisors, expectation=declared
    ).agrees_with_expected


@pytest.mark.parametrize(
    ("losses", "total", "agrees"),
    [(["nan", "1.0"], NAN, True), (["nan", "1.0"], 1.0, False), (["inf", "1.0"], INF, True)],
)
def test_totals_that_follow_take_nan_and_inf_with_them(
    losses: list[str], total: float, agrees: bool
) -> None:
    actual = [float(t) for t in losses]
    comparison = held(actual, [1.0, 1.0], totals={"sum": (total, 2.0)}, expectation=expects(losses))
    assert comparison.agrees_with_expected is agrees


@pytest.mark.filterwarnings("error")
def test_a_mean_that_follows_from_nothing_is_nan() -> None:
    """Every sample is ignored: 0 / 0, and no warning of NumPy's."""
    found = held([0.0], [0.0], totals={"mean": (NAN, NAN)}, divisors={"mean": 0.0},
                 expectation=expects(["0.0"]))  # fmt: skip
    assert found.agrees_with_expected
    assert np.isnan(found.expected_totals["mean"].target)


def test_a_stated_total_outranks_the_one_that_follows() -> None:
    declared = expects(["4.0", "8.0"], mean="4.0")
    comparison = held(
        [4.0, 8.0], [4.0, 8.0], totals={"mean": (4.0, 6.0)}, divisors={"mean": 2.0},
        expectation=declared,
    )  # fmt: skip
    assert comparison.agrees_with_expected


def test_a_stated_total_alone_leaves_the_losses_to_the_reference() -> None:
    declared = expects(mean="6.0")
    pairs: dict[Reduction, tuple[Any, float]] = {"mean": (6.0, 3.0)}
    assert held([1.0], [1.0], totals=pairs, expectation=declared).agrees_with_expected
    assert not held([1.0], [1.5], totals=pairs, expectation=declared).agrees_with_expected


@pytest.mark.filterwarnings("error")
def test_the_share_of_a_bound_that_is_too_small_for_one_is_infinite() -> None:
    """1e300 over 1e-300 is beyond float64, and over 0 beyond any number."""
    for bound in (1e-300, 0.0):
        far = held([1e300], [0.0], dtype="float64").losses
        assert share_of(far, np.array([bound])) == INF
