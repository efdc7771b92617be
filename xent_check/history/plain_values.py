"""Plain values: answers and findings as JSON and back, bit for bit.

Only the classes of `_CLASSES` are made of what a file says, from their own fields; nothing that it
names is imported or called. An array is its dtype, its shape and its bytes.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from xent_check.problem.conduct import Conduct, Regrouped, Repetition, Unrepeated
from xent_check.problem.dtypes import dtype_name, numpy_dtype
from xent_check.problem.evaluation import Computed, Failed, Missing, Unsupported
from xent_check.problem.vocabulary import DTYPES
from xent_check.reference.bounds import Bounds
from xent_check.reference.enclosure import Enclosure
from xent_check.results.comparison import Comparison
from xent_check.results.difference import Difference, Excerpt
from xent_check.results.joining import Finding

_CLASSES: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        Computed, Unsupported, Failed, Missing, Conduct, Regrouped, Repetition, Unrepeated,
        Finding, Comparison, Difference, Excerpt, Bounds, Enclosure,
    )
}  # fmt: skip
_DTYPES = ("int64", *DTYPES)


def to_plain(value: Any) -> Any:
    """The value as JSON holds it: texts, numbers, null, and one-key mappings that say what they
    are. TypeError for a value of another kind."""
    if value is None or isinstance(value, bool | int | float | str):
        return value.item() if isinstance(value, np.generic) else value
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        native = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        text = base64.b64encode(native.tobytes()).decode()
        return {"array": [dtype_name(array.dtype), list(array.shape), text]}
    if isinstance(value, slice):
        return {"slice": [value.start, value.stop]}
    if isinstance(value, tuple):
        return {"tuple": [to_plain(item) for item in value]}
    if isinstance(value, frozenset):
        return {"set": sorted(value)}
    if isinstance(value, Mapping):
        return {"map": [[to_plain(key), to_plain(item)] for key, item in value.items()]}
    if is_dataclass(value) and type(value).__name__ in _CLASSES:
        data = {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
        return {type(value).__name__: data}
    raise TypeError(f"a value of type {type(value).__name__}")


def from_plain(plain: Any) -> Any:
    """The value again; ValueError where the plain value is none of `to_plain`'s."""
    if not isinstance(plain, dict):
        return plain
    try:
        ((kind, data),) = plain.items()
        if kind == "array":
            name, shape, text = data
            if name not in _DTYPES:
                raise ValueError(name)
            dtype = numpy_dtype(name)
            flat = np.frombuffer(base64.b64decode(text), dtype=dtype.newbyteorder("<"))
            return flat.astype(dtype).reshape(shape)
        if kind == "slice":
            return slice(*data)
        if kind == "tuple":
            return tuple(from_plain(item) for item in data)
        if kind == "set":
            return frozenset(data)
        if kind == "map":
            return {from_plain(key): from_plain(item) for key, item in data}
        return _CLASSES[kind](**{name: from_plain(item) for name, item in data.items()})
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no plain value: {error}") from None
