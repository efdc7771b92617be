"""Mapped: the file behind an array that is one, or is a view of one."""

from __future__ import annotations

from typing import Any

import numpy as np


def mapped(array: Any) -> np.memmap[Any, Any]:
    """The memory-mapped array at its base; AssertionError where there is none."""
    while not isinstance(array, np.memmap):
        assert isinstance(array, np.ndarray), "no mapped file"
        array = array.base
    return array
