"""Parts: a large problem as problems of a bounded number of values, so that what is computed from
it needs little memory beside it, and a signal waits for one part alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event, Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from .options import ARRAYS, Shape
from .problem import Problem

Array = npt.NDArray[Any]
VALUES = 2**18  # of a part: 2 MiB in float64
_THREADS = 2


def parts(problem: Problem, values: int | None = None) -> Iterator[tuple[slice, Problem]]:
    """Problems of at most so many values (VALUES where it is not said; one sample at least), and
    which of the samples they are in row-major order. A part has one axis of samples, its classes
    last, and no totals."""
    n = 1 if problem.loss == "binary" else problem.num_classes
    before, after = _around(problem)
    for samples, place in _places(before, after, max(1, (values or VALUES) // n)):
        yield samples, _part(problem, samples, (before, n, after), place)


def one_sample(problem: Problem, flat: int) -> Problem:
    """The part that is one sample, by its place in row-major order."""
    before, after = _around(problem)
    n = 1 if problem.loss == "binary" else problem.num_classes
    i, j = divmod(flat, after)
    place = slice(i, i + 1), slice(j, j + 1)
    return _part(problem, slice(flat, flat + 1), (before, n, after), place)


def _part(
    problem: Problem, samples: slice, shape: tuple[int, int, int], place: tuple[slice, slice]
) -> Problem:
    binary, soft = problem.loss == "binary", problem.loss == "categorical"
    values, labels = problem.values, problem.labels
    weights: dict[str, Any] = {
        name: _CUTS[shape](getattr(problem, name), samples)
        for name, shape in ARRAYS.items()
        if getattr(problem, name) is not None
    }
    return replace(
        problem,
        values=values.reshape(-1)[samples] if binary else _rows(values, shape, place),
        labels=_rows(labels, shape, place) if soft else labels.reshape(-1)[samples],
        class_axis=-1,
        reductions=(),
        **weights,
    )


def in_threads(
    problem: Problem, work: Callable[[slice, Problem], None], values: int | None = None
) -> None:
    """`work` on every part (of so many values), some at once. A signal waits for those at work."""
    left, turn, over = parts(problem, values), Lock(), Event()

    def pull() -> None:
        while not over.is_set():
            with turn:
                part = next(left, None)
            if part is None:
                return
            work(*part)

    with ThreadPoolExecutor(_THREADS) as pool:
        try:
            for worker in [pool.submit(pull) for _ in range(_THREADS)]:
                worker.result()
        finally:
            over.set()


def _around(problem: Problem) -> tuple[int, int]:
    """How many samples there are before the class axis, and after it."""
    if problem.loss == "binary":
        return problem.values.size, 1
    shape, axis = problem.samples_shape, problem.class_axis % problem.values.ndim
    return int(np.prod(shape[:axis], dtype=np.int64)), int(np.prod(shape[axis:], dtype=np.int64))


def _places(before: int, after: int, step: int) -> Iterator[tuple[slice, tuple[slice, slice]]]:
    """At most `step` samples at a time: all of them flat, and along the two axes they stand on."""
    if after == 0:
        return
    if after <= step:
        some = step // after
        for start in range(0, before, some):
            stop = min(start + some, before)
            yield slice(start * after, stop * after), (slice(start, stop), slice(None))
        return
    for i in range(before):
        for start in range(0, after, step):
            stop = min(start + step, after)
            flat = slice(i * after + start, i * after + stop)
            yield flat, (slice(i, i + 1), slice(start, stop))


def _rows(array: Array, shape: tuple[int, int, int], place: tuple[slice, slice]) -> Array:
    """Some samples of an array with the class axis in the middle; classes last."""
    some = array.reshape(shape)[place[0], :, place[1]]
    return np.moveaxis(some, 1, -1).reshape(-1, shape[1])


def _trailing(array: Array, samples: slice) -> Array:
    """An array of the samples' last axes, repeated over those before them."""
    if array.size == 1:
        return array.reshape(())
    repeated: Array = array.reshape(-1)[np.arange(samples.start, samples.stop) % array.size]
    return repeated


_CUTS: dict[Shape, Callable[[Array, slice], Array]] = {
    "classes": lambda array, _: array,
    "samples": lambda array, samples: array.reshape(-1)[samples],
    "trailing": _trailing,
}
