"""Ranking: where the largest of many numbers stand, without sorting all of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s

_CHUNK = 2**20  # numbers looked at at once
Ints = npt.NDArray[np.intp]


def largest_first(sizes: Float64s, count: int) -> Ints:
    """The places of the `count` largest numbers in the flat array, the largest first; of equal ones
    the first first. None of the numbers is nan."""
    flat = sizes.reshape(-1)
    best = np.empty(0, dtype=np.intp)
    for start in range(0, flat.size, _CHUNK):
        some = flat[start : start + _CHUNK]
        if some.size > count > 0:
            least = np.partition(some, some.size - count)[some.size - count]
            above = np.flatnonzero(some > least)
            some_best = np.concatenate([above, np.flatnonzero(some == least)[: count - above.size]])
        else:
            some_best = np.arange(min(some.size, count))
        best = np.concatenate([best, np.sort(some_best) + start])
        best = best[np.argsort(-flat[best], kind="stable")[:count]]
    return best
