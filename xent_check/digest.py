"""Digest: the exact bits of many numbers in a few characters."""

from __future__ import annotations

import hashlib

import numpy as np

from .dtypes import Float64s


def digest(values: Float64s, dtype: str) -> str:
    """16 hexadecimal digits of SHA-256 over the dtype, the shape and the numbers.

    Float64 holds the numbers of every dtype exactly. One nan is like another; 0 and -0 differ.
    """
    canonical = np.where(np.isnan(values), np.nan, values).astype("<f8")
    content = f"{dtype} {list(values.shape)} ".encode() + canonical.tobytes()
    return hashlib.sha256(content).hexdigest()[:16]
