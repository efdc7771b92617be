"""Parts: a large problem as several small ones, so that computing from it needs little further
memory, and a signal waits for one part at most."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Event, Lock
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from .options import ARRAYS, Shape
from .problem import Problem

Array = npt.NDArray[Any]
T = TypeVar("T")
VALUES = 2**18  # of a part: 2 MiB in float64
_FEW = 16  # classes
_MOST_THREADS = 4  # the Python between NumPy's calls runs in one of them at a time
_OF_A_THREAD = 2**20  # values at least: of fewer, waiting for each other costs more than is gained


def parts(problem: Problem, values: int | None = None) -> Iterator[tuple[slice, Problem]]:
    """Problems of at most `values` values (default: VALUES), but of one sample at least, each with
    the slice of the samples, in row-major order, that it has. A part has one axis of samples, its
    classes last, no `shift` and no totals."""
    problem = problem.aligned
    n = 1 if problem.loss == "binary" else problem.num_classes
    before, after = _around(problem)
    for samples, place in _places(before, after, max(1, (values or VALUES) // n)):
        yield samples, _part(problem, samples, (before, n, after), place)


def order_of(n: int) -> Literal["C", "F"]:
    """How rows of n classes lie in memory to be summed at once: by class where these are few, for a
    loop over each row takes longer than its sums then."""
    return "F" if n <= _FEW else "C"


def one_sample(problem: Problem, flat: int) -> Problem:
    """The part with one sample: that at index `flat` in row-major order."""
    problem = problem.aligned
    before, after = _around(problem)
    n = 1 if problem.loss == "binary" else problem.num_classes
    i, j = divmod(flat, after)
    place = slice(i, i + 1), slice(j, j + 1)
    return _part(problem, slice(flat, flat + 1), (before, n, after), place)


def samples_at(problem: Problem, flat: npt.NDArray[np.intp]) -> Problem:
    """The part with the samples at these indices in row-major order."""
    problem = problem.aligned
    before, after = _around(problem)
    i, j = np.divmod(flat, max(after, 1))
    cuts: dict[Shape, Callable[[Array], Array]] = {
        "classes": lambda array: array,
        "matrix": lambda array: array,
        "samples": lambda array: array.reshape(-1)[flat],
        "trailing": lambda array: array.reshape(-1)[flat % array.size],
    }

    def rows(array: Array) -> Array:
        return np.asarray(array.reshape(before, -1, after)[i, :, j])

    binary, soft = problem.loss == "binary", problem.loss == "categorical"
    weights: dict[str, Any] = {
        name: cuts[shape](getattr(problem, name))
        for name, shape in ARRAYS.items()
        if getattr(problem, name) is not None
    }
    return replace(
        problem,
        values=problem.values.reshape(-1)[flat] if binary else rows(problem.values),
        labels=rows(problem.labels) if soft else problem.labels.reshape(-1)[flat],
        class_axis=-1,
        reductions=(),
        **weights,
    )


def _part(
    problem: Problem, samples: slice, shape: tuple[int, int, int], place: tuple[slice, slice]
) -> Problem:
    binary, soft = problem.loss == "binary", problem.loss == "categorical"
    values, labels, (before, _, after) = problem.values, problem.labels, shape
    width = (before, values.shape[-1], after) if problem.given == "hidden" else shape
    weights: dict[str, Any] = {
        name: _CUTS[shape](getattr(problem, name), samples)
        for name, shape in ARRAYS.items()
        if getattr(problem, name) is not None
    }
    return replace(
        problem,
        values=values.reshape(-1)[samples] if binary else _rows(values, width, place),
        labels=_rows(labels, shape, place) if soft else labels.reshape(-1)[samples],
        class_axis=-1,
        reductions=(),
        **weights,
    )


def _drop(_: object) -> None:
    """Nobody takes what comes of a part."""


def in_threads(
    problem: Problem,
    work: Callable[[slice, Problem], T],
    values: int | None = None,
    take: Callable[[T], None] = _drop,
) -> None:
    """Call `work` on every part (of `values` values at most), in as many threads as this process
    may use cores, and `take` on what comes of each, one at a time and in the order of the parts: a
    sum does not depend on the threads. After a signal, only the parts at work are finished."""
    count = min(_cores(), _MOST_THREADS, problem.num_scores // _OF_A_THREAD)
    if count < 2:
        for part in parts(problem, values):
            take(work(*part))
        return
    from concurrent.futures import ThreadPoolExecutor  # not for problems that need no threads

    remaining, lock, stop = enumerate(parts(problem, values)), Lock(), Event()
    results: dict[int, T] = {}  # by the number of the part: those whose turn has not come
    turn = 0

    def pull() -> None:
        nonlocal turn
        while not stop.is_set():
            with lock:
                number, some = next(remaining, (0, None))
            if some is None:
                return
            result = work(*some)
            with lock:
                results[number] = result
                while turn in results:
                    take(results.pop(turn))
                    turn += 1

    with ThreadPoolExecutor(count) as pool:
        try:
            for worker in [pool.submit(pull) for _ in range(count)]:
                worker.result()
        finally:
            stop.set()


def _cores() -> int:
    """How many cores this process may use; all of them where the system does not say."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _around(problem: Problem) -> tuple[int, int]:
    """The number of samples along the axes before the class axis, and along those after it."""
    if problem.loss == "binary":
        return problem.values.size, 1
    shape, axis = problem.samples_shape, problem.class_axis % problem.values.ndim
    return int(np.prod(shape[:axis], dtype=np.int64)), int(np.prod(shape[axis:], dtype=np.int64))


def _places(before: int, after: int, step: int) -> Iterator[tuple[slice, tuple[slice, slice]]]:
    """At most `step` samples at a time: their slice in row-major order, and the slices along the
    two axes, before and after the class axis."""
    if after == 0:
        return
    if after <= step:
        rows = step // after
        for start in range(0, before, rows):
            stop = min(start + rows, before)
            yield slice(start * after, stop * after), (slice(start, stop), slice(None))
        return
    for i in range(before):
        for start in range(0, after, step):
            stop = min(start + step, after)
            flat = slice(i * after + start, i * after + stop)
            yield flat, (slice(i, i + 1), slice(start, stop))


def _rows(array: Array, shape: tuple[int, int, int], place: tuple[slice, slice]) -> Array:
    """The samples at `place` as rows, from an array whose class axis is the middle of `shape`."""
    samples = array.reshape(shape)[place[0], :, place[1]]
    return np.moveaxis(samples, 1, -1).reshape(-1, shape[1])


def _trailing(array: Array, samples: slice) -> Array:
    """The numbers of an array over the samples' last axes, repeated over the axes before them."""
    if array.size == 1:
        return array.reshape(())
    repeated: Array = array.reshape(-1)[np.arange(samples.start, samples.stop) % array.size]
    return repeated


_CUTS: dict[Shape, Callable[[Array, slice], Array]] = {
    "classes": lambda array, _: array,
    "matrix": lambda array, _: array,
    "samples": lambda array, samples: array.reshape(-1)[samples],
    "trailing": _trailing,
}
