"""Arrays as Python: literals of the same bits, or the calls of NumPy that the case file states."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.casefile.array_forms import (
    FileArray,
    FillArray,
    OneHotArray,
    RandomArray,
    RangeArray,
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


def array_code(form: object, array: Array, folder: Path) -> str:
    """An expression of NumPy that gives the array, bit for bit.

    form: the array as the case file states it, a list or one of the array forms. folder: the case
    file's. An array of bfloat16 becomes one of float32 with the same numbers.
    """
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
        case RandomArray():
            return _random(form), tuple(form.shape)
        case RangeArray():
            return f"np.arange({math.prod(form.shape)})", (math.prod(form.shape),)
        case FillArray():
            return f"np.full({tuple(form.shape)}, {number(form.fill)})", tuple(form.shape)
        case OneHotArray():
            return f"np.eye({form.num_classes})[{_plain(form.one_hot)}]", array.shape
        case FileArray():
            return _load(form.file, folder), array.shape
        case _:
            return None


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
    """Integers of a case file, in the same nested lists."""
    if isinstance(numbers, list):
        return f"[{', '.join(map(_plain, numbers))}]"
    return str(int(numbers))
