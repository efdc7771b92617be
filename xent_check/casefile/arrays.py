"""An array form of a case file, made a numpy array. Nothing is allocated that cannot fit."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from xent_check.errors import InvalidError, KeyPath, Mistake, and_more

from .array_files import read_array
from .array_forms import FileArray, FillArray, MemoryArray, OneHotArray, RandomArray, RangeArray
from .field_types import value_text
from .memory import must_fit
from .yaml_values import Row

Array = npt.NDArray[Any]


def make_array(form: object, key: KeyPath, folder: Path, allow_outside: bool) -> Array:
    """The array that a form (nested lists, or one of array_forms) describes.

    int64 where every number is whole, else float64; a file keeps its dtype. folder: the case
    file's; a path that leaves it is refused unless `allow_outside`. InvalidError, with keys below
    `key`, for class indices outside their classes, an unusable file, and more than fits in memory.
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
                return np.full(form.shape, _array_of_numbers(form.fill))
            case OneHotArray():
                return _one_hot(form, key)
            case MemoryArray():
                return form.array
            case FileArray():
                return read_array(form.file, (*key, "file"), folder, allow_outside)
            case _:
                return _array_of_numbers(form)
    except MemoryError:
        fault = "more memory than could be had"
        raise InvalidError(Mistake(key, fault, "", "make it smaller")) from None


def _array_of_numbers(numbers: Any) -> Array:
    """int64 where that holds every number, else float64."""
    array = np.array(_without_texts(numbers))
    if array.dtype.kind in "iu" and array.dtype != np.uint64:
        return array.astype(np.int64)
    return np.array(_without_texts(numbers), dtype=np.float64)


def _without_texts(numbers: Any) -> Any:
    if isinstance(numbers, Row):
        return numbers.copy()
    return [_without_texts(item) for item in numbers] if isinstance(numbers, list) else numbers


def class_index_mistake(form: object, array: Array, key: KeyPath) -> Mistake:
    """Why an array that is not of int64 has no class indices: its first other number, or its form.

    key: of the array in the case.
    """
    allowed = "class indices, whole numbers of 64 bits"
    if isinstance(form, FillArray):
        return class_index_mistake(form.fill, array, (*key, "fill"))
    if isinstance(form, BaseModel | MemoryArray):
        advices: dict[type, str] = {
            FileArray: "save it as int64",
            RandomArray: "use `random: integers`",
        }
        fault = f"numbers of dtype {array.dtype.name}"
        return Mistake(key, fault, allowed, advices.get(type(form), ""))
    wrong = [
        (index, item)
        for index, item in np.ndenumerate(np.array(form, dtype=object))
        if not isinstance(item, int) or not -(2**63) <= item < 2**63
    ]
    index, item = wrong[0]
    advice = "write 2, not 2.0" if isinstance(item, float) else ""
    others = and_more(len(wrong) - 1)
    more = f" ({others} that are none)" if others else ""
    return Mistake((*key, *index), f"{value_text(item)}{more}", allowed, advice)


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
    indices = _array_of_numbers(form.one_hot)
    key = (*key, "one_hot")
    if indices.dtype.kind != "i":
        raise InvalidError(class_index_mistake(form.one_hot, indices, key))
    bad = (indices < 0) | (indices >= form.num_classes)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        allowed = f"0 to {form.num_classes - 1} (num_classes is {form.num_classes})"
        raise InvalidError(Mistake((*key, *first), f"class {indices[first]}", allowed, ""))
    must_fit([*indices.shape, form.num_classes], 8, key)
    rows = np.zeros((*indices.shape, form.num_classes))
    np.put_along_axis(rows, indices[..., None], 1.0, axis=-1)
    return rows
