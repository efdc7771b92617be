"""Sigmoids: -log p and -log(1 - p) of a binary loss, as kernels get them wrong.

Each takes logits of shape [samples, 1] and gives both, of that shape. They depend on where exp
overflows and 1 - p is rounded, so they compute in the dtype in which kernels do so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from xent_check.problem.dtypes import Float64s, numpy_dtype
from xent_check.problem.vocabulary import DType

Logs = tuple[Float64s, Float64s]
SigmoidLogs = Callable[[Float64s], Logs]


@dataclass(frozen=True)
class NothingTakenOff:
    """log(1 + exp(-z)) as it is written: exp overflows where z is very negative."""

    dtype: DType
    """of the computation"""
    of_one_alone: bool
    """-log(1 - p) is right; else it is z more than -log p"""

    def __call__(self, z: Float64s) -> Logs:
        low = z.astype(numpy_dtype(self.dtype))
        on_one = np.log1p(np.exp(-low))
        on_zero = np.logaddexp(0, z) if self.of_one_alone else (low + on_one).astype(np.float64)
        return on_one.astype(np.float64), on_zero


@dataclass(frozen=True)
class WrongMaximumTakenOff:
    """max(z, 0) is taken off before exp, where max(-z, 0) belongs."""

    dtype: DType
    """of the computation"""

    def __call__(self, z: Float64s) -> Logs:
        low = z.astype(numpy_dtype(self.dtype))
        m = np.maximum(low, 0)
        on_one = m + np.log(np.exp(-m) + np.exp(-low - m))
        return on_one.astype(np.float64), (low + on_one).astype(np.float64)


def infinite_is_nan(z: Float64s) -> Logs:
    """(1 - t) z beside the log of a sigmoid: an infinite z is taken times 0, or off itself."""
    real = np.where(np.isinf(z), np.nan, z)
    return np.logaddexp(0, -real), np.logaddexp(0, real)


@dataclass(frozen=True)
class RoundedComplement:
    """-log(1 - p) is that of a rounded p, which is 1 where z is large; -log p is right."""

    dtype: DType
    """of the computation"""

    def __call__(self, z: Float64s) -> Logs:
        low = z.astype(numpy_dtype(self.dtype))
        one = low.dtype.type(1)
        on_zero = -np.log(one - one / (one + np.exp(-low)))
        return np.logaddexp(0, -z), on_zero.astype(np.float64)
