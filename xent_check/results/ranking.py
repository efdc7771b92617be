"""Ranking: the indices of the largest of many numbers, without sorting all of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s

_CHUNK = 2**20  # numbers ranked at once
Ints = npt.NDArray[np.intp]


def largest_first(sizes: Float64s, count: int) -> Ints:
    """The flat indices of the `count` largest numbers, the largest first, equal ones in order.
    None of the numbers may be nan."""
    flat = sizes.reshape(-1)
    best = np.empty(0, dtype=np.intp)
    for start in range(0, flat.size, _CHUNK):
        chunk = flat[start : start + _CHUNK]
        if chunk.size > count > 0:
            least = np.partition(chunk, chunk.size - count)[chunk.size - count]
            above = np.flatnonzero(chunk > least)
            chunk_best = np.concatenate(
                [above, np.flatnonzero(chunk == least)[: count - above.size]]
            )
        else:
            chunk_best = np.arange(min(chunk.size, count))
        best = np.concatenate([best, np.sort(chunk_best) + start])
        best = best[np.argsort(-flat[best], kind="stable")[:count]]
    return best
