"""Heap: what glibc does with memory. Elsewhere nothing is set.

Each thread has a heap of its own unless MALLOC_ARENA_MAX says otherwise: arrays that JAX makes now
on one of its threads and now on another took 450 MiB in place of 230, and more with every chunk of
a large case.

What is freed at the end of a heap goes back to the system once it is more than some MB, and every
page of the next array is asked for again: a third of the processor time of a sweep, whose arrays
have 4 and 8 MB. Larger ones are not on the heap, and go back at once.
"""

from __future__ import annotations

import ctypes
import os
import sys

_LARGEST = 32 * 2**20  # bytes of an array on the heap
_KEPT = 128 * 2**20  # bytes that are kept when they are freed
_THRESHOLDS = {"MALLOC_MMAP_THRESHOLD_": _LARGEST, "MALLOC_TRIM_THRESHOLD_": _KEPT}
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of malloc.h


def with_heap() -> list[str]:
    """The words before a command whose threads share one heap, that keeps what is freed; but what
    the environment says of it holds. glibc reads the variables as a process starts."""
    wanted = {"MALLOC_ARENA_MAX": 1, **_THRESHOLDS}
    settings = [f"{name}={value}" for name, value in wanted.items() if name not in os.environ]
    if sys.platform != "linux" or not settings:
        return []
    # not `env`, to which an interpreter whose path has a = is another variable
    return ["/bin/sh", "-c", f'{" ".join(settings)} exec "$0" "$@"']


def keep_freed() -> None:
    """Keep what this process frees, where the environment says nothing of it."""
    if sys.platform != "linux" or any(name in os.environ for name in _THRESHOLDS):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGEST)
        mallopt(_M_TRIM_THRESHOLD, _KEPT)
