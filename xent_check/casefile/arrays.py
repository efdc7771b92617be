"""An array form of a case file, made a numpy array. Nothing is allocated that cannot fit."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from xent_check.errors import InvalidError, KeyPath, Mistake, and_more

from .array_files import read_array
from .array_forms import (
    ArgmaxArray,
    CycleArray,
    ExpandedArray,
    FileArray,
    FillArray,
    MemoryArray,
    OneHotArray,
    PutArray,
    RandomArray,
    RangeArray,
    SlicedArray,
    SumArray,
    TransposedArray,
    index_of,
)
from .field_types import value_text
from .memory import must_fit
from .yaml_values import Row

Array = npt.NDArray[Any]


def make_array(form: object, key: KeyPath, folder: Path, allow_outside: bool) -> Array:
    """The array that a form (nested lists, or one of array_forms) describes.

    int64 where every number is whole, else float64; a file keeps its dtype. It is contiguous, and
    that of ExpandedArray one number. folder: the case
    file's; a path that leaves it is refused unless `allow_outside`. InvalidError, with keys below
    `key`, for class indices and places outside the array, shapes that do not fit, an unusable file,
    and more than fits in memory.
    """

    def part(form: object, key: KeyPath) -> Array:
        return make_array(form, key, folder, allow_outside)

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
            case CycleArray():
                must_fit(form.shape, 8, key)
                return np.resize(_array_of_numbers(form.cycle), form.shape)
            case OneHotArray():
                return _one_hot(form, part(form.one_hot, (*key, "one_hot")), key)
            case SumArray():
                return _sum([part(a, (*key, "add", i)) for i, a in enumerate(form.add)], key)
            case PutArray():
                return _put(form, part(form.base, (*key, "base")), key)
            case ArgmaxArray():
                return _argmax(form, part(form.argmax, (*key, "argmax")), key)
            case TransposedArray():
                return part(form.transposed, (*key, "transposed"))
            case SlicedArray():
                return part(form.sliced, (*key, "sliced"))
            case ExpandedArray():
                return _array_of_numbers(form.expanded)
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
    if array.dtype == np.float64:
        return array
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


def _one_hot(form: OneHotArray, indices: Array, key: KeyPath) -> Array:
    place, classes = (*key, "one_hot"), form.num_classes
    if indices.dtype.kind != "i":
        raise InvalidError(class_index_mistake(form.one_hot, indices, place))
    bad = (indices < 0) | (indices >= classes)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        allowed = f"0 to {classes - 1} (num_classes is {classes})"
        raise InvalidError(Mistake((*place, *first), f"class {indices[first]}", allowed, ""))
    must_fit([*indices.shape, classes], 8, key)
    name = "on" if form.probability is None else "probability"
    on = np.asarray(_array_of_numbers(getattr(form, name)), dtype=np.float64)
    if on.shape not in ((), indices.shape):
        allowed = f"a number, or {list(indices.shape)}, one for each row"
        raise InvalidError(Mistake((*key, name), f"shape {list(on.shape)}", allowed, ""))
    if name == "probability":
        if classes == 1 or not ((on > 0) & (on < 1)).all():
            fault, allowed = "1 class", "2 classes or more, so that the probability can be less"
            if classes > 1:
                fault = value_text(form.probability)
                allowed = "more than 0 and less than 1"
            raise InvalidError(Mistake((*key, name), fault, allowed, ""))
        on = form.off + np.log(on * (classes - 1) / (1 - on))
    rows = np.full((*indices.shape, classes), form.off, dtype=np.float64)
    at = np.broadcast_to(on, indices.shape)[..., None]
    np.put_along_axis(rows, indices[..., None], at, axis=-1)
    return rows


def _sum(arrays: Sequence[Array], key: KeyPath) -> Array:
    """The sum of arrays, broadcast, from left to right."""
    shapes = [array.shape for array in arrays]
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        fault = f"shapes {' and '.join(str([*shape]) for shape in shapes)}"
        advice = "give an axis along which one does not differ the size 1"
        raise InvalidError(Mistake((*key, "add"), fault, "shapes that fit", advice)) from None
    must_fit(shape, 8, key)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(functools.reduce(np.add, arrays))


def _put(form: PutArray, base: Array, key: KeyPath) -> Array:
    whole = base.dtype.kind == "i" and _array_of_numbers([*form.put.values()]).dtype.kind == "i"
    array = base.astype(np.int64 if whole else np.float64)
    for text, value in form.put.items():
        try:
            array[index_of(text)] = value
        except IndexError:
            fault, allowed = repr(text), f"inside shape {list(array.shape)}"
            raise InvalidError(Mistake((*key, "put", text), fault, allowed, "")) from None
    return array


def _argmax(form: ArgmaxArray, array: Array, key: KeyPath) -> Array:
    if not -array.ndim <= form.axis < array.ndim or not array.shape[form.axis]:
        fault = f"{form.axis}, of shape {list(array.shape)}"
        raise InvalidError(Mistake((*key, "axis"), fault, "an axis with numbers", ""))
    return np.asarray(np.argmax(array, axis=form.axis)).astype(np.int64)
