"""Answers: the losses in what a user's function returned, or what is wrong with it."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from xent_check.problem.vocabulary import DTYPES

from .framework import Framework
from .guess import framework_of_module

_KINDS = ", ".join(DTYPES)


class AnswerError(TypeError):
    """What came back holds no losses; the text says what it is, then what to do."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(f"it returned {what}; {advice}")
        self.what = f"returns {what}"


@dataclasses.dataclass(frozen=True)
class Part:
    """An array in what was returned."""

    array: Any
    """of the framework, or of NumPy"""
    text: str
    """what gets it out of what was returned, as it is written after that: `[1]`, `.loss`, or
    nothing"""


def losses_of(
    returned: Any, framework: Framework, shape: tuple[int, ...], notes: list[str], shown: str
) -> Part:
    """The losses: a native array, or one of NumPy; of several parts the first of the samples'
    shape. What is not plain to see is noted. AnswerError where there is no array of
    floating-point numbers, none of them masked. shown: the name of what returned it."""
    if framework.is_native(returned) or isinstance(returned, np.ndarray | np.generic):
        _require_floats(returned, framework)
        if not framework.is_native(returned):
            notes.append(f"it got {framework.name} arrays and returned one of NumPy")
        return Part(returned, "")
    parts = _parts(returned)
    listed = isinstance(returned, list) and _is_numbers(returned)
    arrays = [(n, part) for n, part in parts if framework.is_native(part) and not listed]
    if not arrays and isinstance(returned, tuple):  # `loss.item(), accuracy`
        arrays = [(n, np.asarray(part)) for n, part in parts if isinstance(part, float)]
    if arrays:
        fits = [(n, part) for n, part in arrays if tuple(part.shape) == shape]
        numbers = [(n, part) for n, part in arrays if tuple(part.shape) == ()]
        name, part = (fits or numbers or arrays)[0]
        _require_floats(part, framework)
        notes.append(f"it returned {_kind(returned)}; its part {name} was taken for the losses")
        return Part(part, _getting(returned, name))
    if _is_numbers(returned):
        numbers_of_python = np.asarray(returned)
        dtype = numbers_of_python.dtype.name
        notes.append(f"it returned {_kind(returned)} of Python, whose numbers are {dtype}")
        return Part(numbers_of_python, "")
    raise AnswerError(_described(returned), _advice(returned, framework, shown))


def device_of(array: Any) -> str:
    """The kind of device that an array is on, as the command line names it; "" where it does not
    say."""
    with contextlib.suppress(Exception):
        device = array.device
        name = str(getattr(device, "type", getattr(device, "platform", device))).lower()
        if "gpu" in name or "cuda" in name:
            return "cuda"
        return "cpu" if "cpu" in name else name
    return ""


def _require_floats(array: Any, framework: Framework) -> None:
    if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
        advice = "a loss that does not count is 0: return it `.filled(0)`"
        raise AnswerError("an array with masked numbers", advice)
    name = str(array.dtype).rpartition(".")[2].strip("<>'\" ")
    if isinstance(array, np.ndarray | np.generic):
        name = array.dtype.name
    elif hasattr(array.dtype, "name"):
        name = array.dtype.name
    if name in DTYPES:
        return
    advice = f"losses are numbers in {_KINDS}: return them in the dtype of the scores"
    raise AnswerError(f"{name} numbers", advice)


def _described(returned: Any) -> str:
    kinds = list(dict.fromkeys(_kind(part) for _, part in _parts(returned)))
    return f"{_kind(returned)} of {' and '.join(kinds)}" if kinds else _kind(returned)


def _advice(returned: Any, framework: Framework, shown: str) -> str:
    """What to do about something that is, or holds, no array of the framework."""
    other = _framework_of(returned)
    if other and other != framework.name:
        return f"it got arrays of {framework.name}: where it takes {other}'s, say {other}={shown}"
    if returned is None:
        return "is a `return` missing?"
    if inspect.iscoroutine(returned):
        returned.close()
        return "name a function that is not async, and that runs this one"
    if inspect.isgenerator(returned):
        return "collect what it yields, and return one array"
    if callable(returned):
        return "name what it made: `loss = ...` in its module, then MODULE:loss"
    if _parts(returned):
        return f"none of its parts is an array of {framework.name}: return the losses as one"
    return f"return one array of {framework.name} with a loss for each sample"


def _framework_of(returned: Any) -> str:
    """The framework of an array, or of a part; "" for none that is known."""
    everything = [returned, *(part for _, part in _parts(returned))]
    names = (framework_of_module(type(part).__module__) for part in everything)
    return next(filter(None, names), "")


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


def _getting(returned: Any, name: str) -> str:
    """How a part is got, by its place or name."""
    by_place = isinstance(returned, Mapping | tuple | list)
    return f"[{name}]" if by_place and not hasattr(returned, "_fields") else f".{name}"


def _is_numbers(returned: Any) -> bool:
    """Whether it is a plain floating-point number, or a list of them, nested or not."""
    if isinstance(returned, list | tuple):
        lengths = {len(part) if isinstance(part, list | tuple) else -1 for part in returned}
        return len(lengths) == 1 and all(map(_is_numbers, returned))
    if isinstance(returned, np.generic):
        return returned.dtype.name in DTYPES
    return isinstance(returned, float)


def _kind(returned: Any) -> str:
    name = type(returned).__name__
    if returned is None:
        return "None"
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def gradient_of(
    returned: Any, framework: Framework, losses: Any, shape: tuple[int, ...]
) -> Part | None:
    """The gradient that was returned beside the losses: the first other part of the scores' shape;
    None where there is none."""
    for name, part in _parts(returned):
        if part is not losses and framework.is_native(part) and tuple(part.shape) == shape:
            _require_floats(part, framework)
            return Part(part, _getting(returned, name))
    return None
