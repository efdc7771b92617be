"""Answers: the losses in what a user's function returned."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from xent_check.problem.vocabulary import DTYPES

from .framework import Framework

_KINDS = ", ".join(DTYPES)


def losses_of(returned: Any, framework: Framework, shape: tuple[int, ...], notes: list[str]) -> Any:
    """The losses: a native array, or one of NumPy; of several parts the first of the samples'
    shape, which is noted. TypeError where there is no array of floating-point numbers."""
    if framework.is_native(returned) or isinstance(returned, np.ndarray | np.generic):
        _require_floats(returned, framework)
        return returned
    parts = _parts(returned)
    arrays = [(name, part) for name, part in parts if framework.is_native(part)]
    if arrays and not _is_numbers(returned):
        fits = [(n, part) for n, part in arrays if tuple(part.shape) == shape]
        numbers = [(n, part) for n, part in arrays if tuple(part.shape) == ()]
        name, part = (fits or numbers or arrays)[0]
        _require_floats(part, framework)
        notes.append(f"it returned {_kind(returned)}; its part {name} was taken for the losses")
        return part
    if isinstance(returned, float):
        return np.asarray(returned)
    if _is_numbers(returned):
        return np.asarray(returned, dtype=np.float64)
    if returned is None:
        raise TypeError(f"it returned None; losses are numbers in {_KINDS}; is a return missing?")
    raise TypeError(f"it returned {_kind(returned)}; losses are numbers in {_KINDS}")


def _require_floats(array: Any, framework: Framework) -> None:
    name = str(array.dtype).rpartition(".")[2].strip("<>'\" ")
    if isinstance(array, np.ndarray | np.generic):
        name = array.dtype.name
    elif hasattr(array.dtype, "name"):
        name = array.dtype.name
    if name not in DTYPES:
        raise TypeError(f"it returned {name} numbers; losses are numbers in {_KINDS}")


def _parts(returned: Any) -> list[tuple[str, Any]]:
    """The parts of a tuple, list, mapping, or dataclass, with their places or names."""
    if isinstance(returned, Mapping):
        return [(repr(key), part) for key, part in returned.items()]
    if dataclasses.is_dataclass(returned) and not isinstance(returned, type):
        return [(f.name, getattr(returned, f.name)) for f in dataclasses.fields(returned)]
    if isinstance(returned, tuple) and hasattr(returned, "_fields"):
        return list(zip(returned._fields, returned, strict=True))
    if isinstance(returned, tuple | list):
        return [(str(place), part) for place, part in enumerate(returned)]
    return []


def _is_numbers(returned: Any) -> bool:
    """Whether it is a list of plain floating-point numbers, nested or not."""
    if isinstance(returned, list | tuple):
        return bool(returned) and all(map(_is_numbers, returned))
    return isinstance(returned, float | np.floating)


def _kind(returned: Any) -> str:
    name = type(returned).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def gradient_of(returned: Any, framework: Framework, losses: Any, shape: tuple[int, ...]) -> Any:
    """The gradient that was returned beside the losses: the first other part of the scores' shape;
    None where there is none."""
    for _, part in _parts(returned):
        if part is not losses and framework.is_native(part) and tuple(part.shape) == shape:
            _require_floats(part, framework)
            return part
    return None
