"""An array form of a case file, made a numpy array. Nothing is allocated that cannot fit."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .array_files import read_array
from .array_forms import FileArray, FillArray, OneHotArray, RandomArray, RangeArray
from .errors import InvalidError, KeyPath, Mistake
from .memory import must_fit

Array = npt.NDArray[Any]


def make_array(form: object, key: KeyPath, folder: Path, allow_outside: bool) -> Array:
    """The array that `form` describes; int64 where every number is whole, else float64.

    A file keeps its own dtype of numbers. `folder` is the case file's; a path that leaves it is
    refused unless `allow_outside`.
    """
    try:
        match form:
            case RandomArray():
                must_fit(form.shape, 8, key)
                return _random(form)
            case RangeArray():
                must_fit(form.shape, 8, key)
                return np.arange(math.prod(form.shape), dtype=np.int64).reshape(form.shape)
            case FillArray():
                must_fit(form.shape, 8, key)
                return np.full(form.shape, _listed(form.fill))
            case OneHotArray():
                return _one_hot(form, key)
            case FileArray():
                return read_array(form.file, (*key, "file"), folder, allow_outside)
            case _:
                return _listed(form)
    except MemoryError:
        found = "more memory than could be had"
        raise InvalidError(Mistake(key, found, "", "make it smaller")) from None


def _listed(numbers: Any) -> Array:
    """int64 where that holds every number, else float64."""
    array = np.array(numbers)
    if array.dtype.kind in "iu" and array.dtype != np.uint64:
        return array.astype(np.int64)
    return np.array(numbers, dtype=np.float64)


def _random(form: RandomArray) -> Array:
    stream, shape = np.random.RandomState(form.seed), tuple(form.shape)
    low, high = form.bounds
    if form.random == "integers":
        return np.asarray(stream.randint(int(low), int(high), shape, dtype=np.int64))
    if form.random == "uniform":
        return np.asarray(stream.uniform(low, high, shape))
    values = np.asarray(stream.standard_normal(shape))
    with np.errstate(over="ignore"):
        values *= form.scale  # in place: the numbers of `standard_normal * scale + loc`
        values += form.loc
    return values


def _one_hot(form: OneHotArray, key: KeyPath) -> Array:
    indices = _listed(form.one_hot)
    key = (*key, "one_hot")
    if indices.dtype.kind != "i":
        mistake = Mistake(key, "numbers that are not whole", "class indices", "write 2, not 2.0")
        raise InvalidError(mistake)
    bad = (indices < 0) | (indices >= form.num_classes)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        allowed = f"0 to {form.num_classes - 1} (num_classes is {form.num_classes})"
        raise InvalidError(Mistake((*key, *first), f"class {indices[first]}", allowed, ""))
    must_fit([*indices.shape, form.num_classes], 8, key)
    rows = np.zeros((*indices.shape, form.num_classes))
    np.put_along_axis(rows, indices[..., None], 1.0, axis=-1)
    return rows
