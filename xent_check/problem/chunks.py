"""Chunks: a large array a piece at a time, so that temporary arrays stay small."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

NUMBERS = 2**18


def chunks(shape: Sequence[int]) -> Iterator[tuple[slice, ...]]:
    """Indices that together cover an array of this shape once: about NUMBERS numbers each, cut
    along the longest axis. A smaller array is one chunk."""
    if math.prod(shape) <= NUMBERS:
        yield (slice(None),) * len(shape)
        return
    axis = max(range(len(shape)), key=lambda i: shape[i])
    step = max(1, NUMBERS * shape[axis] // math.prod(shape))
    for start in range(0, shape[axis], step):
        yield (*(slice(None),) * axis, slice(start, start + step))
