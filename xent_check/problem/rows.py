"""Rows: a problem cut along the axes before its class axis, into problems of the same kind.

A row is one index along those axes, under `shift` without the axis of a sequence's positions; of a
binary problem, along all axes but the last, or along its only one. Cut so, a contiguous array stays
contiguous, and axes, options and calls stay as they are.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .options import ARRAYS, OPTIONS, Shape
from .problem import Problem

Array = npt.NDArray[Any]
Place = tuple[slice, ...]  # along each axis of the rows
_WHOLE: tuple[Shape, ...] = ("classes", "matrix")  # of arrays that have no axis of the rows

# The options that mean the same in a part of the rows; a problem with another is not cut.
KNOWN = frozenset({
    "class_axis", "normalize", "ignore_index", "label_smoothing", "class_weight", "pos_weight",
    "sample_weight", "reduction", "check", "cotangent", "logit_scale", "softcap", "z_loss",
    "num_items", "shift", "smoothing_formula", "weight", "bias",
})  # fmt: skip


def row_shape(problem: Problem) -> tuple[int, ...]:
    """The shape of the rows; () where no axis comes before what belongs together."""
    shape = problem.values.shape
    if problem.loss == "binary":
        return shape[: max(1, len(shape) - 1)]
    rows = shape[: problem.class_axis % len(shape)]
    return rows[:-1] if problem.shift and len(rows) == len(shape) - 1 else rows


def row_count(problem: Problem) -> int:
    """How many rows there are; where the problem has none, how many samples."""
    return math.prod(row_shape(problem) or problem.samples_shape)


def why_whole(problem: Problem) -> str:
    """Why the problem cannot be cut into rows; "" where it can."""
    if problem.conduct:
        return "its further checks ask about the whole batch"
    unknown = [o.key for o in OPTIONS if o.key not in KNOWN and o.is_set(problem)]
    if unknown:
        return f"its rows are not independent under {', '.join(unknown)}"
    if not row_shape(problem):
        return "it is one sequence" if problem.shift else "its class axis is the first"
    return "" if problem.values.size else "it is empty"


def whole_arrays(problem: Problem) -> tuple[str, ...]:
    """The names of the arrays that every part of the rows has whole."""
    present = (name for name in ARRAYS if getattr(problem, name) is not None)
    return tuple(name for name in present if ARRAYS[name] in _WHOLE)


def places(shape: tuple[int, ...], rows: int) -> Iterator[Place]:
    """Places of at most `rows` rows each, in row-major order; together all rows of this shape."""
    axis = next(i for i in range(len(shape)) if math.prod(shape[i + 1 :]) <= rows)
    step = rows // math.prod(shape[axis + 1 :])
    for outer in np.ndindex(shape[:axis]):
        for start in range(0, shape[axis], step):
            stop = min(start + step, shape[axis])
            before = tuple(slice(i, i + 1) for i in outer)
            yield (*before, slice(start, stop), *(slice(0, n) for n in shape[axis + 1 :]))


def at(problem: Problem, place: Place) -> Problem:
    """The problem of the rows at `place`: with fewer indices along their axes, and no further
    change. Its arrays are views."""
    return _taken(problem, place)


@dataclass(frozen=True)
class Sampled:
    """The rows of a problem that a look at some of them takes."""

    rows: tuple[int, ...]  # their flat indices, in order
    shape: tuple[int, ...]  # of all rows

    @property
    def counts(self) -> tuple[int, int]:
        """How many rows there are, and of how many."""
        return len(self.rows), math.prod(self.shape)

    def row(self, i: int) -> tuple[int, ...]:
        """The index in the whole problem of the row at `i` of the sampled one."""
        return tuple(int(k) for k in np.unravel_index(self.rows[i], self.shape))


def sampled(problem: Problem, count: int) -> tuple[Problem, Sampled]:
    """A problem of `count` rows along one axis: drawn at random, but the same for the same numbers
    of rows, in their order."""
    shape = row_shape(problem)
    chosen = Sampled(tuple(sorted(random.Random(0).sample(range(math.prod(shape)), count))), shape)
    axis = problem.class_axis
    one_axis = axis if axis < 0 else axis - len(shape) + 1
    index = np.unravel_index(np.array(chosen.rows, dtype=np.intp), shape)
    return replace(_taken(problem, index), class_axis=one_axis), chosen


def _taken(problem: Problem, index: tuple[Any, ...]) -> Problem:
    """The problem whose arrays have these indices along the axes of the rows."""
    arrays: dict[str, Any] = {
        name: _cut(getattr(problem, name), rule, problem.values.ndim, index)
        for name, rule in ARRAYS.items()
        if getattr(problem, name) is not None
    }
    return replace(problem, values=problem.values[index], labels=problem.labels[index], **arrays)


def _cut(array: Array, rule: Shape, ndim: int, index: tuple[Any, ...]) -> Array:
    if rule in _WHOLE:
        return array
    absent = 0 if rule == "samples" else ndim - array.ndim  # a trailing one has the last axes alone
    cut: Array = array[index[absent:]] if absent < len(index) else array
    return cut
