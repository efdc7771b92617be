"""Spacing and roundoff, against numpy's and ml_dtypes' own."""

from __future__ import annotations

import math
import sys
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent_check.problem import dtypes
from xent_check.problem.dtypes import dtype_name, numpy_dtype, per_ulp, spacing, ulp, unit_roundoff
from xent_check.problem.vocabulary import DTYPES, DType

NUMPY: tuple[DType, ...] = ("float16", "float32", "float64")
BITS = {"float16": np.uint16, "bfloat16": np.uint16, "float32": np.uint32, "float64": np.uint64}
QUICK = settings(max_examples=300, deadline=None, derandomize=True)


def finite_numbers(dtype: DType) -> st.SearchStrategy[Any]:
    """Any finite number of the dtype but its largest, by its bits: subnormals and zeros too."""
    bits = BITS[dtype]
    exponents = {"float16": 0x7C00, "bfloat16": 0x7F80, "float32": 0x7F800000}
    beyond = exponents.get(dtype, 0x7FF0000000000000)

    def number(pattern: int, negative: bool) -> Any:
        value = np.array([pattern], dtype=bits).view(numpy_dtype(dtype))[0]
        return -value if negative else value

    return st.builds(number, st.integers(0, beyond - 2), st.booleans())


def next_from_zero(value: Any, dtype: DType) -> Any:
    """The neighbour further from zero: one more, read as an integer."""
    pattern = np.array([abs(value)]).view(BITS[dtype]) + BITS[dtype](1)
    return pattern.view(numpy_dtype(dtype))[0]


@pytest.mark.parametrize("dtype", DTYPES)
@QUICK
@given(st.data())
def test_spacing_is_the_distance_to_the_next_number_away_from_zero(
    dtype: DType, data: st.DataObject
) -> None:
    value = data.draw(finite_numbers(dtype))
    distance = float(next_from_zero(value, dtype)) - abs(float(value))
    assert float(spacing(float(value), dtype)) == distance


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("asked", DTYPES)
@QUICK
@given(st.data())
def test_the_reciprocal_of_an_ulp_is_exact(dtype: DType, asked: DType, data: st.DataObject) -> None:
    numbers = data.draw(st.lists(finite_numbers(dtype), min_size=1, max_size=4))
    values = np.array([float(number) for number in numbers])
    for some in (values, np.abs(values)):
        with np.errstate(over="ignore"):  # 1 over a spacing below 2^-1024 is infinite
            expected = 1 / ulp(some, dtype, asked)
            assert per_ulp(some, dtype, asked).tolist() == expected.tolist()


@pytest.mark.parametrize("values", [[], [math.nan, 1.0], [math.inf, 1.0], [1.0, -math.inf]])
def test_an_ulp_of_what_is_not_finite_has_no_reciprocal(values: list[float]) -> None:
    found = per_ulp(np.array(values), "float32", "float32")
    assert [math.isnan(one) for one in found] == [not math.isfinite(value) for value in values]


@pytest.mark.parametrize("dtype", NUMPY)
@QUICK
@given(st.data())
def test_spacing_is_numpys(dtype: DType, data: st.DataObject) -> None:
    value = data.draw(finite_numbers(dtype))
    assert float(spacing(float(value), dtype)) == float(np.spacing(abs(value)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_spacing_at_the_landmarks_of_the_format(dtype: DType) -> None:
    info: Any = ml_dtypes.finfo(numpy_dtype(dtype))  # type: ignore[no-untyped-call]
    smallest, normal = float(info.smallest_subnormal), float(info.smallest_normal)
    values = [0.0, -0.0, smallest, normal, -normal, 1.0, 2.0, float(info.max)]
    eps = float(info.eps)
    top = 2.0 ** (math.frexp(float(info.max))[1] - 1)  # the last binade
    expected = [smallest] * 5 + [eps, 2 * eps, eps * top]
    assert spacing(values, dtype).tolist() == expected


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_has_no_spacing(dtype: DType, value: float) -> None:
    assert math.isnan(float(spacing(value, dtype)))


def test_a_number_between_two_of_the_dtype_has_the_spacing_below_it() -> None:
    between = 2 - 2.0**-40  # float32 would round it to 2, where the spacing doubles
    assert float(spacing(between, "float32")) == 2.0**-23


def test_spacing_keeps_the_shape() -> None:
    assert spacing(np.ones((2, 3)), "float32").shape == (2, 3)
    assert spacing(np.ones((0, 3)), "float32").shape == (0, 3)


@pytest.mark.parametrize("dtype", DTYPES)
def test_unit_roundoff_is_half_the_spacing_at_one(dtype: DType) -> None:
    info: Any = ml_dtypes.finfo(numpy_dtype(dtype))  # type: ignore[no-untyped-call]
    assert unit_roundoff(dtype) == float(info.eps) / 2


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_dtype_is_known_by_its_name(dtype: DType) -> None:
    assert numpy_dtype(dtype).name == dtype


def test_without_ml_dtypes_bfloat16_is_bits_that_nothing_computes_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    bits = numpy_dtype("bfloat16")
    assert (bits, dtype_name(bits), bits.itemsize) == (dtypes.BITS, "bfloat16", 2)
    with pytest.raises(TypeError):
        np.exp(np.zeros(3, dtype=bits))
    with pytest.raises(TypeError):
        np.zeros(3, dtype=bits) + 1


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])
def test_a_dtype_has_the_name_it_was_asked_by(name: str) -> None:
    assert dtype_name(numpy_dtype(name)) == name


@pytest.mark.parametrize("name", DTYPES)
def test_a_number_alone_is_rounded_to_an_array_of_no_axes(name: str) -> None:
    number = dtypes.rounded(np.asarray(0.3), name)
    assert isinstance(number, np.ndarray)
    assert number.shape == ()
