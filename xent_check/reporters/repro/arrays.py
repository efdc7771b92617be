"""Arrays as Python: literals of the same bits, or the calls of NumPy that the case file states."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from xent_check.casefile.array_forms import (
    ArgmaxArray,
    CycleArray,
    ExpandedArray,
    FileArray,
    FillArray,
    OneHotArray,
    PutArray,
    RandomArray,
    RangeArray,
    SlicedArray,
    SumArray,
    TransposedArray,
)

Array = npt.NDArray[Any]

MAX_DRAWN = 64  # elements: a larger array that a recipe describes is not written out
MAX_READ = 2000  # the same for a file's array: a reader of the script does not have the file
WIDTH = 96  # characters of a line of the script

TO_BFLOAT16 = '''\
def to_bfloat16(x):
    """The nearest bfloat16, ties to even, in float32: rounded once, not by way of float32."""
    exact = np.asarray(x, dtype=np.float64)
    near = exact.astype(np.float32)
    odd = np.where(np.abs(near) > np.abs(exact), np.nextafter(near, np.float32(0)), near)
    bits = odd.view(np.uint32) | (odd != exact)
    bits = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return (bits & np.uint32(0xFFFF0000)).view(np.float32)
'''


PUT = '''\
def put(array, *places):
    """The array with each index of places given the number after it."""
    array = array.astype(np.result_type(array, *places[1::2]))
    for index, number in zip(places[::2], places[1::2]):
        array[index] = number
    return array
'''


HELPERS = {"to_bfloat16": TO_BFLOAT16, "put": PUT}
"""The functions that array_code may call, by name."""


def array_code(form: object, array: Array, folder: Path) -> str:
    """An expression of NumPy that gives the array, bit for bit.

    form: the array as the case file states it, a list or one of the array forms. folder: the case
    file's. An array of bfloat16 becomes one of float32 with the same numbers.
    """
    match form:  # layouts.py lays them out
        case TransposedArray():
            return array_code(form.transposed, array, folder)
        case SlicedArray():
            return array_code(form.sliced, array, folder)
    recipe = None
    if array.size > (MAX_READ if isinstance(form, FileArray) else MAX_DRAWN):
        recipe = _recipe(form, array, folder)
    if recipe is None:
        return _literal(array)
    code, shape = recipe
    if shape != array.shape:
        code += f".reshape({array.shape})"
    if array.dtype.name == "bfloat16":
        return f"to_bfloat16({code})"
    return f"{code}.astype(np.{array.dtype.name})"


def _recipe(form: object, array: Array, folder: Path) -> tuple[str, tuple[int, ...]] | None:
    """The expression of the array before it is rounded, and its shape; None for a list."""
    match form:
        case ExpandedArray():
            return f"np.full({array.shape}, {number(form.expanded)})", array.shape
        case RandomArray() | FillArray() | CycleArray():
            return _expression(form, folder), tuple(form.shape)
        case RangeArray():
            return f"np.arange({math.prod(form.shape)})", (math.prod(form.shape),)
        case OneHotArray() | SumArray() | PutArray() | ArgmaxArray() | FileArray():
            return _expression(form, folder), array.shape
        case _:
            return None


def _expression(form: Any, folder: Path) -> str:
    """The expression of a form or a list, in its own shape."""
    match form:
        case RandomArray():
            return _random(form)
        case RangeArray():
            return f"np.arange({math.prod(form.shape)}).reshape({tuple(form.shape)})"
        case FillArray():
            return f"np.full({tuple(form.shape)}, {number(form.fill)})"
        case CycleArray():
            return f"np.resize({_plain(form.cycle)}, {tuple(form.shape)})"
        case OneHotArray():
            return _one_hot(form, folder)
        case SumArray():
            return f"({' + '.join(_expression(part, folder) for part in form.add)})"
        case PutArray():
            places = [f"np.s_[{place}], {number(value)}" for place, value in form.put.items()]
            return f"put({_expression(form.base, folder)}, {', '.join(places)})"
        case ArgmaxArray():
            return f"np.argmax({_expression(form.argmax, folder)}, axis={form.axis})"
        case FileArray():
            return _load(form.file, folder)
        case _:
            return f"np.array({_plain(form)})"


def _one_hot(form: OneHotArray, folder: Path) -> str:
    classes, off = form.num_classes, float(form.off)
    made = isinstance(form.one_hot, BaseModel)
    indices = _expression(form.one_hot, folder) if made else _plain(form.one_hot)
    rows = f"np.eye({classes})[{indices}]"
    on = f"np.array({_plain(form.on)})"
    if form.probability is not None:
        p = f"np.array({_plain(form.probability)})"
        on = f"({off!r} + np.log({p} * {classes - 1} / (1 - {p})))"
    elif form.on == 1 and not off:
        return rows
    return f"np.where({rows}, {on}[..., None], {off!r})"


def _random(form: RandomArray) -> str:
    stream, shape = f"np.random.RandomState({form.seed})", tuple(form.shape)
    low, high = form.bounds
    if form.random == "integers":
        return f"{stream}.randint({int(low)}, {int(high)}, {shape}, dtype=np.int64)"
    if form.random == "uniform":
        return f"{stream}.uniform({low!r}, {high!r}, {shape})"
    code = f"{stream}.standard_normal({shape})"
    code += f" * {form.scale!r}" if form.scale != 1 else ""
    code += f" + {form.loc!r}" if form.loc else ""
    return f"({code})" if " " in code.rpartition(")")[2] else code


def _load(text: str, folder: Path) -> str:
    name, _, member = text.partition("#")
    path = (folder / name).as_posix()
    if path.endswith(".npy"):
        return f"np.load({path!r})"
    if path.endswith(".npz"):
        return f"np.load({path!r})[{member!r}]"
    return f'__import__("safetensors.numpy").numpy.load_file({path!r})[{member!r}]'


def _literal(array: Array) -> str:
    """`np.array([...], dtype=...)`; without elements, np.zeros of its shape."""
    name = "float32" if array.dtype.name == "bfloat16" else array.dtype.name
    dtype = f"dtype=np.{name}"
    if array.size == 0:
        return f"np.zeros({array.shape}, {dtype})"
    rows = nested(array)
    if "\n" not in rows and len(rows) < 70:
        return f"np.array({rows}, {dtype})"
    return f"np.array(\n{textwrap.indent(rows, '    ')},\n    {dtype},\n)"


def nested(array: Array) -> str:
    """The array as nested lists in Python, one row per line."""
    if array.ndim == 0:
        return number(array[()])
    if array.ndim == 1:
        row = f"[{', '.join(map(number, array))}]"
        return "\n ".join(textwrap.wrap(row, WIDTH - 8, break_on_hyphens=False))
    rows = [textwrap.indent(nested(row), " ").lstrip() for row in array]
    return "[" + ",\n ".join(rows) + "]"


def number(value: Any) -> str:
    """A number in Python, with enough digits to be the same bits in its dtype."""
    if isinstance(value, int | np.integer):
        return str(int(value))
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, np.float16 | np.float32):
        short = str(value)
        if type(value)(float(short)) == value:
            return short
    return repr(float(value))


def _plain(numbers: Any) -> str:
    """Numbers of a case file, in the same nested lists."""
    if isinstance(numbers, list):
        return f"[{', '.join(map(_plain, numbers))}]"
    return number(numbers)
