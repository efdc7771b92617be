"""Laid out: the same numbers in memory that is not contiguous, as views of NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from .dtypes import BITS
from .vocabulary import AnyLayout

Array = npt.NDArray[Any]
_NAN = 0x7FC0  # of bfloat16


def laid_out(array: Array, layout: AnyLayout | None) -> Array:
    """The numbers of an array as a view of memory of its own, strided as the layout says. None:
    contiguous, which may be the array itself.

    transposed: its first two axes have changed places, as of a batch of sequences that is a
    sequence of batches in memory; sliced instead where one of them is missing or of size 1.
    sliced: every second number; between them stand nans, of integers the same ones again, so that
    what is read there is an index too. reversed: all axes from the end. expanded: one number, all
    strides 0, so that the array has to be constant. One number alone, or none, has no other memory.
    """
    if layout is None:
        return array if array.flags.c_contiguous else array.copy()
    return _LAYOUTS[layout_in(array.shape, layout)](array)


def layout_in(shape: tuple[int, ...], layout: AnyLayout) -> AnyLayout:
    """What an array of the shape is, where the layout is asked for."""
    if layout == "transposed" and (len(shape) < 2 or 1 in shape[:2]):
        return "sliced"
    return layout


def flat_memory(view: Array) -> tuple[Array, tuple[int, ...], int]:
    """What a view is made from: the memory from its lowest to its highest number, of one axis; then
    its strides and the place of its first number there, in numbers."""
    steps = tuple(stride // view.itemsize for stride in view.strides)
    if view.size == 0:
        return view.reshape(-1), steps, 0
    spans = [(size - 1) * step for size, step in zip(view.shape, steps, strict=True)]
    first = -sum(span for span in spans if span < 0)
    length = 1 + sum(abs(span) for span in spans)
    forwards = view[tuple(slice(None, None, -1 if step < 0 else 1) for step in steps)]
    return as_strided(forwards, (length,), (view.itemsize,)), steps, first


def in_memory_order(view: Array) -> Array:
    """What who does not look at the strides takes for the view: of its shape, as many numbers as
    it has from the lowest on in its memory, nan where that ends."""
    memory, _, _ = flat_memory(view)
    beyond = np.full(max(0, view.size - memory.size), np.nan)
    return np.append(memory, beyond.astype(view.dtype))[: view.size].reshape(view.shape)


def _transposed(array: Array) -> Array:
    return np.ascontiguousarray(array.swapaxes(0, 1)).swapaxes(0, 1)


def _sliced(array: Array) -> Array:
    if array.dtype == BITS:
        between = np.full(array.shape, _NAN, np.uint16).view(BITS)
    elif array.dtype.kind in "iu":
        between = array
    else:
        between = np.full(array.shape, np.nan, array.dtype)
    return np.stack([array, between], axis=-1)[..., 0]


def _reversed(array: Array) -> Array:
    return np.flip(np.flip(array).copy())


def _expanded(array: Array) -> Array:
    return as_strided(array.reshape(-1)[:1].copy(), array.shape, (0,) * array.ndim)


_LAYOUTS: Mapping[AnyLayout, Callable[[Array], Array]] = {
    "transposed": _transposed,
    "sliced": _sliced,
    "reversed": _reversed,
    "expanded": _expanded,
}
