"""Chunks: a large array some numbers at a time, so that little is made of them on the way."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

NUMBERS = 2**18


def chunks(shape: Sequence[int]) -> Iterator[tuple[slice, ...]]:
    """Places that make up an array of this shape, none of them twice: about NUMBERS each, along its
    longest axis; the whole of a small one."""
    if math.prod(shape) <= NUMBERS:
        yield (slice(None),) * len(shape)
        return
    axis = max(range(len(shape)), key=lambda i: shape[i])
    step = max(1, NUMBERS * shape[axis] // math.prod(shape))
    for start in range(0, shape[axis], step):
        yield (*(slice(None),) * axis, slice(start, start + step))
