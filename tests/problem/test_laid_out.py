"""The same numbers in memory that is not contiguous."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from numpy.lib.stride_tricks import as_strided

from tests.support.fake import PROBLEM
from xent_check.problem.dtypes import BITS
from xent_check.problem.laid_out import flat_memory, laid_out
from xent_check.problem.problem_digest import problem_digest
from xent_check.problem.vocabulary import LAYOUTS, AnyLayout, CotangentLayout, Layout

Array = npt.NDArray[Any]
DTYPES = [np.dtype(name) for name in ("float16", "float32", "float64", "int64")]
DTYPES += [np.dtype(ml_dtypes.bfloat16), BITS]
SHAPES = array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


def numbers(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Different numbers of a dtype, from 1 on."""
    count = int(np.prod(shape))
    if dtype == BITS:
        return np.arange(1, count + 1, dtype=np.uint16).view(BITS).reshape(shape)
    return np.arange(1, count + 1).astype(dtype).reshape(shape)


@given(SHAPES, st.sampled_from(DTYPES), st.sampled_from([None, *get_args(Layout)]))
def test_the_numbers_stay_the_same(
    shape: tuple[int, ...], dtype: np.dtype[Any], layout: Layout | None
) -> None:
    array = numbers(shape, dtype)
    view = laid_out(array, layout)
    assert (view.dtype, view.shape) == (dtype, shape)
    assert view.tobytes() == array.tobytes()


@given(SHAPES, st.sampled_from(DTYPES))
def test_an_expanded_array_is_one_number_in_memory(
    shape: tuple[int, ...], dtype: np.dtype[Any]
) -> None:
    array = np.broadcast_to(numbers((), dtype), shape).copy()
    view = laid_out(array, "expanded")
    assert view.strides == (0,) * len(shape)
    assert view.tobytes() == array.tobytes()


@given(SHAPES, st.sampled_from(DTYPES), st.sampled_from(get_args(Layout)))
def test_memory_of_more_than_one_number_is_not_contiguous(
    shape: tuple[int, ...], dtype: np.dtype[Any], layout: Layout
) -> None:
    view = laid_out(numbers(shape, dtype), layout)
    assert view.size < 2 or not view.flags.c_contiguous


@pytest.mark.parametrize(
    ("layout", "strides"),
    [
        ("transposed", (4, 8, 1)),
        ("sliced", (24, 8, 2)),
        ("reversed", (-12, -4, -1)),
        (None, (12, 4, 1)),
    ],
)
def test_each_layout_has_its_strides(layout: Layout, strides: tuple[int, ...]) -> None:
    view = laid_out(numbers((2, 3, 4), np.dtype(np.float32)), layout)
    assert tuple(step // 4 for step in view.strides) == strides


@pytest.mark.parametrize("shape", [(5,), (1, 5), (5, 1), (1, 5, 4)])
def test_one_axis_transposed_is_sliced(shape: tuple[int, ...]) -> None:
    array = numbers(shape, np.dtype(np.float32))
    assert laid_out(array, "transposed").strides == laid_out(array, "sliced").strides


def test_what_is_not_asked_for_is_contiguous() -> None:
    """Arrays of a problem may be views: of a regrouped one, of one in another shape."""
    assert laid_out(numbers((3, 4), np.dtype(np.float32)).T, None).flags.c_contiguous


def between(view: Array) -> Array:
    """What stands after each number of a sliced array in memory."""
    memory, _, _ = flat_memory(view)
    return np.append(memory[1::2], as_strided(memory[-1:], (2,), memory.strides)[1:])


def test_between_sliced_scores_stand_nans() -> None:
    """Who reads the memory in order gets nan: no number of the scores can hide that."""
    for dtype in (np.float32, ml_dtypes.bfloat16):
        view = laid_out(numbers((2, 3), np.dtype(dtype)), "sliced")
        assert np.isnan(between(view).astype(np.float64)).all()
    bits = between(laid_out(numbers((2, 3), BITS), "sliced")).view(np.uint16)
    assert np.isnan(bits.view(ml_dtypes.bfloat16).astype(np.float64)).all()


def test_between_sliced_indices_stand_indices_of_the_same() -> None:
    """Another index could make a kernel that ignores strides read outside its scores."""
    view = laid_out(np.array([0, 1, 5]), "sliced")
    assert between(view).tolist() == [0, 1, 5]


@given(SHAPES, st.sampled_from(DTYPES), st.sampled_from(LAYOUTS))
def test_the_flat_memory_of_a_view_makes_the_view_again(
    shape: tuple[int, ...], dtype: np.dtype[Any], layout: AnyLayout
) -> None:
    array = numbers(shape, dtype)
    if layout == "expanded":
        array = np.broadcast_to(numbers((), dtype), shape).copy()
    view = laid_out(array, layout)
    memory, strides, first = flat_memory(view)
    assert memory.ndim == 1
    again = as_strided(memory[first:], shape, [s * view.itemsize for s in strides])
    assert again.tobytes() == array.tobytes()


@pytest.mark.parametrize("layout", get_args(Layout))
def test_a_layout_is_part_of_a_problem(layout: Layout) -> None:
    assert problem_digest(replace(PROBLEM, layout=layout)) != problem_digest(PROBLEM)


@pytest.mark.parametrize("layout", get_args(CotangentLayout))
def test_the_layout_of_a_cotangent_is_part_of_a_problem(layout: CotangentLayout) -> None:
    ones = np.ones(PROBLEM.samples_shape, PROBLEM.values.dtype)
    plain = replace(PROBLEM, gradient=True, cotangent=ones)
    assert problem_digest(replace(plain, cotangent_layout=layout)) != problem_digest(plain)
