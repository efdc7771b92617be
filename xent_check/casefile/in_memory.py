"""In memory: a case from Python's values, its arrays those of any framework.

No framework is loaded: an array brings its own, and NumPy reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.errors import InvalidError, Mistake, describe
from xent_check.problem.dtypes import numpy_dtype
from xent_check.problem.vocabulary import DTYPES, GIVEN

from .array_files import as_numbers
from .array_forms import MemoryArray
from .case import ARRAY_KEYS, IN_MEMORY
from .chosen_cases import words_of
from .command_line import exact_numbers, posed_case
from .loading import PosedCase
from .printed_numbers import Numbers, parse_numbers, refuse_ragged
from .validation import MISSING
from .yaml_values import Float, Int, Map

Array = npt.NDArray[Any]

LEFT_OUT = (
    "level",
    "implementations",
    "matrix",
    "expect",
)  # what a case file has and a call has not
_BOOLEANS = ("labels", "sample_weight")  # where True and False may stand for 1 and 0
_SAME_AXES = Mistake(
    ("loss",),
    MISSING,
    "categorical (a distribution per sample), binary (a number per score)",
    "say which: labels with as many axes as the scores leave both",
)


def case_in_memory(keywords: Mapping[str, object], any_label: bool = False) -> PosedCase:
    """The case that keywords state, by the keys of a case file; InvalidError with every mistake.

    A keyword that is None is left out. An array is anything that NumPy reads, a list, or a mapping
    as in a case file. The dtype is that of the scores' array where no other is stated; the loss is
    sparse_categorical for labels with one axis less than the scores. any_label: labels outside the
    classes are allowed.
    """
    source, mistakes = Map(1), list[Mistake]()
    for key, value in keywords.items():
        if value is None:
            continue
        if key in LEFT_OUT:
            mistakes.append(Mistake((key,), "a key of case files alone", "", "leave it out"))
            continue
        try:
            source[key] = _array(value, key) if key in ARRAY_KEYS else _plain(value, key)
            source.lines[key] = 1
        except InvalidError as error:
            mistakes += error.mistakes
    if mistakes:
        raise InvalidError(*mistakes)
    for key, value in (("dtype", _dtype_of_scores), ("loss", _loss_by_shapes)):
        if key not in source and (found := value(source)):
            source[key], source.lines[key] = found, 1
    try:
        return posed_case(source, any_label, IN_MEMORY)
    except InvalidError as error:  # the loss follows from the arrays, where those are right
        causes = [m for m in error.mistakes if (m.key, m.fault) != (("loss",), MISSING)]
        raise InvalidError(*(causes or error.mistakes)) from None


def cases_in_memory(
    keywords: Mapping[str, object], dtypes: str | Sequence[str] | None
) -> list[PosedCase]:
    """The case that keywords state, in each of the dtypes; None: in its own.

    InvalidError as of `case_in_memory`, and for dtypes beside a dtype.
    """
    first = case_in_memory(keywords)
    if dtypes is None:
        return [first]
    if keywords.get("dtype") is not None:
        raise InvalidError(Mistake(("dtypes",), "dtype and dtypes together", "one of them", ""))
    name = first.case.name
    return [
        case_in_memory({**keywords, "dtype": dtype, "name": f"{name}[dtype={dtype}]"})
        for dtype in words_of(dtypes)
    ]


def observed_in_memory(observed: object, key: str = "observed") -> Numbers:
    """Observed numbers with the precision that they were given in: an array's are exact, those of
    Python count as they print, and text is read as pasted. InvalidError, at the key, for anything
    else."""
    try:
        if isinstance(observed, str):
            return parse_numbers(observed)
        numbers = _numbers(observed)
        refuse_ragged(numbers)
        return numbers
    except InvalidError as error:
        raise InvalidError(*(mistake.below(key) for mistake in error.mistakes)) from None


def _numbers(value: object) -> Numbers:
    if isinstance(value, list | tuple):
        if not value:
            raise InvalidError(Mistake((), "an empty list", "at least one number", ""))
        return [_numbers(item) for item in value]
    if isinstance(value, bool) or not (isinstance(value, int | float) or _is_array(value)):
        fault, allowed = type(value).__name__, "numbers, an array, or text with numbers"
        raise InvalidError(Mistake((), fault, allowed, ""))
    if isinstance(value, np.generic) or not isinstance(value, int | float):
        return exact_numbers(as_array(value, ()).astype(np.float64).tolist())
    number: Int | Float = Int(value) if isinstance(value, int) else Float(value)
    number.text = repr(value)
    return number


def as_array(value: object, key: tuple[str, ...]) -> Array:
    """A copy of an array of any framework, in its dtype; integers and booleans in int64.

    What is recorded for a gradient is detached, and what is on a device is copied from it.
    InvalidError, at the key, for what NumPy cannot read, and for masked numbers.
    """
    if type(value) is not np.ndarray and np.ma.is_masked(value):
        fault, allowed = "an array with masked numbers", "numbers alone"
        advice = "fill them; sample_weight or ignore_index leaves samples out"
        raise InvalidError(Mistake(key, fault, allowed, advice))
    try:
        array = np.array(np.asarray(_on_the_host(value)))  # of its own memory
    except Exception as error:  # whatever a framework raises
        fault = f"{type(value).__name__}, which NumPy cannot read: {describe(error)}"
        raise InvalidError(Mistake(key, fault, "an array of numbers", "")) from None
    return as_numbers(array, key, "an array")


def _on_the_host(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic) or not hasattr(value, "detach"):
        return value
    value = value.detach().cpu()
    if str(value.dtype).endswith("bfloat16"):  # which its library cannot hand to NumPy
        return np.asarray(value.float()).astype(numpy_dtype("bfloat16"))
    return value


def _is_array(value: object) -> bool:
    named = ("__array__", "__array_interface__", "__dlpack__", "detach")
    return any(hasattr(value, name) for name in named)


def _array(value: object, key: str) -> object:
    """An array of a case: in memory, or as a case file states one."""
    if _is_array(value):
        return MemoryArray(as_array(value, (key,)))
    if isinstance(value, list | tuple) and value and all(map(_is_array, value)):
        rows = [as_array(row, (key,)) for row in value]
        if len({row.shape for row in rows}) == 1:
            return MemoryArray(np.stack(rows))
        return [row.tolist() for row in rows]
    if isinstance(value, list | tuple):
        return [_array_item(item, key) for item in value]
    if isinstance(value, bool) and key in _BOOLEANS:
        return int(value)
    return _plain(value, key)


def _array_item(value: object, key: str) -> object:
    item = _array(value, key)
    return item.array.tolist() if isinstance(item, MemoryArray) else item


def _plain(value: object, key: str) -> object:
    """A value of a case file, from one of Python's."""
    if key == "dtype":
        return _dtype_name(value)
    if isinstance(value, Mapping):
        mapping = Map(1)
        for name, item in value.items():
            mapping[str(name)], mapping.lines[str(name)] = _plain(item, ""), 1
        return mapping
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, "") for item in value]
    return as_array(value, (key,)).tolist() if _is_array(value) else value


def _dtype_name(value: object) -> str:
    """The name of a dtype of any framework; the text of anything else."""
    if isinstance(value, str):
        return value
    try:
        return str(np.dtype(value).name)  # type: ignore[call-overload]
    except TypeError:
        name = getattr(value, "name", None) or str(value).rpartition(".")[2]
        return name if name in DTYPES else str(value)


def _dtype_of_scores(source: Map) -> str:
    """The dtype of the array of scores; "" where that names none. InvalidError for one that no case
    has."""
    for key in GIVEN:
        value = source.get(key)
        if isinstance(value, MemoryArray) and value.array.dtype.kind not in "iub":
            name = value.array.dtype.name
            if name not in DTYPES:
                advice = "`dtype` says which; the numbers are rounded to it"
                raise InvalidError(Mistake((key,), f"dtype {name}", ", ".join(DTYPES), advice))
            return name
    return ""


def _loss_by_shapes(source: Map) -> str:
    """sparse_categorical where the labels have one axis less than the scores; "" where a shape is
    not known. InvalidError where the shapes leave two losses."""
    scores = next((source[key] for key in GIVEN if key in source), None)
    axes = [_axes(value) for value in (scores, source.get("labels"))]
    if axes[0] is None or axes[1] is None:
        return ""
    if axes[0] == axes[1]:
        raise InvalidError(_SAME_AXES)
    return "sparse_categorical" if axes[0] == axes[1] + 1 else ""


def _axes(value: object) -> int | None:
    """How many axes an array has; of lists by their first items."""
    if isinstance(value, MemoryArray):
        return value.array.ndim
    if isinstance(value, Map):
        shape = value.get("shape")
        return len(shape) if isinstance(shape, list) else None
    if isinstance(value, list):
        inner = _axes(value[0]) if value else None
        return None if inner is None else inner + 1
    return 0 if isinstance(value, int | float) else None
