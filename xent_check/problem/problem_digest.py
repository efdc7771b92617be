"""The digest of a problem: equal digests mean that two answers were given to the same inputs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import fields
from weakref import WeakKeyDictionary

import numpy as np

from .dtypes import BITS
from .problem import Array, Problem

_CHUNK = 2**20  # numbers hashed at once
_KNOWN: WeakKeyDictionary[Problem, str] = WeakKeyDictionary()


def problem_digest(problem: Problem) -> str:
    """16 hexadecimal digits of SHA-256 over the whole problem: its arrays after rounding to the
    dtype, its options, and the totals, the gradient and the further checks that it asks for.

    Tolerances, expectations and texts are no part of a problem, nor is the order of the totals.
    All nans are equal; 0 and -0 differ. An option that is not set adds nothing.
    """
    if problem not in _KNOWN:
        _KNOWN[problem] = _digest(problem)
    return _KNOWN[problem]


def _digest(problem: Problem) -> str:
    content = hashlib.sha256()
    for field in fields(problem):
        value = getattr(problem, field.name)
        if isinstance(value, np.ndarray):
            content.update(f"{field.name} {value.dtype.name} {list(value.shape)}\n".encode())
            for chunk in _bytes(value):
                content.update(chunk)
        elif value != field.default:
            ordered = sorted(value) if isinstance(value, tuple) else value
            content.update(f"{field.name} {ordered!r}\n".encode())
    return content.hexdigest()[:16]


def _bytes(array: Array) -> Iterator[memoryview]:
    flat = array.reshape(-1)
    for start in range(0, flat.size, _CHUNK):
        chunk = flat[start : start + _CHUNK]
        if chunk.dtype != BITS and chunk.dtype.kind not in "iu" and np.isnan(chunk).any():
            chunk = np.where(np.isnan(chunk), np.array(np.nan, chunk.dtype), chunk)
        native = np.ascontiguousarray(chunk, chunk.dtype.newbyteorder("<"))
        yield native.view(np.uint8).data
