"""Digest: the exact bits of many numbers in a few characters."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from xent_check.problem.dtypes import Float64s

_CHUNK = 2**20  # numbers hashed at once


def digest(values: Float64s, dtype: str) -> str:
    """16 hexadecimal digits of SHA-256 over the dtype, the shape and the numbers.

    Float64 holds the numbers of every dtype exactly. Every nan is the same; 0 and -0 differ.
    """
    content = hashlib.sha256(f"{dtype} {list(values.shape)} ".encode())
    flat = values.reshape(-1)
    for start in range(0, flat.size, _CHUNK):
        chunk = flat[start : start + _CHUNK]
        content.update(np.where(np.isnan(chunk), np.nan, chunk).astype("<f8").tobytes())
    return content.hexdigest()[:16]


def digest_of_texts(texts: Sequence[str]) -> str:
    """16 hexadecimal digits of SHA-256 over texts in their order."""
    return hashlib.sha256(" ".join(texts).encode()).hexdigest()[:16]
