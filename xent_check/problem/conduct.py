"""Conduct: what further calls of an implementation showed, beside the numbers of its answer.

The arrays that it was given, held against themselves before its calls; a second call, against the
first; the losses of samples alone and in another order, to be held against the exact ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .vocabulary import Reduction

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Unrepeated:
    """A part of a second answer that has other bits than that of the first."""

    part: str  # losses, gradient or a reduction
    differing: int  # how many of its numbers differ
    size: int  # how many it has
    place: tuple[int, ...] = ()  # the indices of the one that differs most
    first: float = 0.0  # that number in the first answer
    second: float = 0.0  # in the second
    dtype: str = ""  # of both
    # Where the two differ in dtype or shape: `float32 of shape [3], then float32 of shape [2]`.
    forms: str = ""


@dataclass(frozen=True)
class Repetition:
    """A second call with the same problem."""

    unrepeated: tuple[Unrepeated, ...] = ()  # the parts that differ
    raised: str = ""  # the error of the second call; "" where it gave an answer


@dataclass(frozen=True, eq=False)
class Regrouped:
    """The answers to samples alone, and to all of them in another order."""

    samples: tuple[int, ...]  # flat indices of those that were asked alone
    alone: Array  # the answer to each; shape [len(samples)]
    # The losses that came in reversed order, put back; of one sample, those of two copies of it.
    # Where there are totals alone, that total, of shape ().
    together: Array
    reduction: Reduction | None = None  # what the answers are; None: losses


@dataclass(frozen=True, eq=False)
class Conduct:
    """What was seen by each check. None: the case does not ask for it."""

    overwritten: Mapping[str, int] | None = None  # how many entries changed, by array, if any did
    repetition: Repetition | None = None  # of the whole call
    regrouped: Regrouped | None = None  # in other company
    not_regrouped: str = ""  # why there is none, where it was asked for


def changed_entries(before: Array, after: Array) -> int:
    """How many entries have other bits; all of them where the shapes or dtypes differ."""
    if (before.shape, before.dtype) != (after.shape, after.dtype):
        return int(before.size)
    return int((bits_of(before) != bits_of(after)).sum())


def bits_of(array: Array) -> Array:
    """The bits of each entry, flat, as unsigned integers."""
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat.view(f"u{array.dtype.itemsize}")
