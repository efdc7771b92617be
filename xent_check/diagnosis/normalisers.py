"""Normalisers: the maximum m and the sum s of exps of a softmax, as kernels get them wrong.

Each takes scores of shape [samples, classes] and gives m and s of shape [samples, 1], of which
-log p = log s + (m - x). Those that depend on where exp overflows or a sum is rounded compute in
the dtype in which kernels do so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s, numpy_dtype, rounded
from xent_check.problem.vocabulary import DType

Array = npt.NDArray[Any]
Pair = tuple[Float64s, Float64s]
Normaliser = Callable[[Float64s], Pair]


def computed_in(dtype: DType) -> DType:
    """The dtype in which a kernel computes: float32, but float64 for float64."""
    return "float64" if dtype == "float64" else "float32"


def top(x: Array) -> Array:
    """The maximum of each row, [samples, 1]; 0 where that is -inf."""
    most = x.max(axis=1, keepdims=True)
    return np.asarray(np.where(np.isneginf(most), most.dtype.type(0), most))


def exact(x: Float64s) -> Pair:
    """The right ones."""
    m = top(x)
    return m, np.exp(x - m).sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class FixedMaximum:
    """What is taken off before exp is not the row's own maximum."""

    floor: float | None
    """the maximum is at least this; None: it is that of all rows together"""
    dtype: DType
    """of the computation"""

    def __call__(self, x: Float64s) -> Pair:
        low = x.astype(numpy_dtype(self.dtype))
        m = np.broadcast_to(low.max(initial=-np.inf), (len(low), 1))
        if self.floor is not None:
            m = np.maximum(low.max(axis=1, keepdims=True), low.dtype.type(self.floor))
        return _wide(m, np.exp(low - m).sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class NoMaximum:
    """Nothing is taken off before exp."""

    dtype: DType
    """of the computation"""

    def __call__(self, x: Float64s) -> Pair:
        exps = np.exp(x.astype(numpy_dtype(self.dtype)))
        return np.zeros((len(x), 1)), exps.sum(axis=1, keepdims=True).astype(np.float64)


@dataclass(frozen=True)
class FirstTileMaximum:
    """The maximum is that of the first tile: exp of a larger score overflows."""

    tile: int
    """classes"""
    dtype: DType
    """of the computation"""

    def __call__(self, x: Float64s) -> Pair:
        low = x.astype(numpy_dtype(self.dtype))
        m = top(low[:, : self.tile])
        return _wide(m, np.exp(low - m).sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class GapCut:
    """Exps further than a cut below the maximum are left out, or are those of the cut."""

    cut: float
    """the largest gap to the maximum"""
    dropped: bool
    """left out; else the gap is the cut"""

    def __call__(self, x: Float64s) -> Pair:
        m = top(x)
        exps = np.exp(np.maximum(x - m, -self.cut))
        kept = np.where(m - x > self.cut, 0.0, exps) if self.dropped else exps
        return m, kept.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class Padded:
    """Columns beyond the last class count as classes whose logit is 0."""

    columns: int
    """how many"""

    def __call__(self, x: Float64s) -> Pair:
        m = np.maximum(top(x), 0.0)
        return m, np.exp(x - m).sum(axis=1, keepdims=True) + self.columns * np.exp(-m)


@dataclass(frozen=True)
class Reread:
    """Some classes count twice."""

    first: int
    """the first of them"""
    count: int
    """how many there are, or how often the first counts again"""
    the_first_alone: bool
    """the first of them again and again; else each once more"""

    def __call__(self, x: Float64s) -> Pair:
        m, s = exact(x)
        width = 1 if self.the_first_alone else self.count
        times = self.count if self.the_first_alone else 1
        more = np.exp(x[:, self.first : self.first + width] - m).sum(axis=1, keepdims=True)
        return m, s + times * more


@dataclass(frozen=True)
class Dropped:
    """The first classes alone are added up."""

    classes: int
    """how many"""

    def __call__(self, x: Float64s) -> Pair:
        return exact(x[:, : self.classes])


@dataclass(frozen=True)
class Times:
    """Every class counts several times."""

    times: int

    def __call__(self, x: Float64s) -> Pair:
        m, s = exact(x)
        return m, s * self.times


@dataclass(frozen=True)
class NotRescaled:
    """The sums of tiles, each with its own maximum taken off, are added as they are."""

    tile: int
    """classes"""
    last: bool
    """what is added to the log is the last tile's maximum; else the row's"""

    def __call__(self, x: Float64s) -> Pair:
        rows, n = x.shape
        padded = np.full((rows, -(-n // self.tile) * self.tile), -np.inf)
        padded[:, :n] = x
        parts = padded.reshape(rows, -1, self.tile)
        most = parts.max(axis=2)
        own = np.where(np.isneginf(most), 0.0, most)
        s = np.exp(parts - own[:, :, None]).sum(axis=(1, 2))[:, None]
        return (own[:, -1:] if self.last else top(x)), s


@dataclass(frozen=True)
class RescaledBackwards:
    """Where a tile has a larger maximum the sum so far is scaled by exp(new - old)."""

    tile: int
    """classes"""
    dtype: DType
    """of the computation"""

    def __call__(self, x: Float64s) -> Pair:
        low = x.astype(numpy_dtype(self.dtype))
        m, s = np.full((len(x), 1), -np.inf, low.dtype), np.zeros((len(x), 1), low.dtype)
        for part in tiles(low, self.tile):
            new = np.maximum(m, part.max(axis=1, keepdims=True))
            shift = np.where(np.isneginf(new), low.dtype.type(0), new)
            before = np.where(s == 0, low.dtype.type(0), s * np.exp(shift - m))
            m, s = new, before + np.exp(part - shift).sum(axis=1, keepdims=True)
        return _wide(m, s)


@dataclass(frozen=True)
class NarrowSum:
    """The exps are added one after another, every partial sum rounded to a narrow dtype; at the
    end of a tile the sum is scaled to the maximum so far."""

    tile: int
    """classes"""
    sum_dtype: DType
    """that of the sums"""
    dtype: DType
    """of the exps"""

    def __call__(self, x: Float64s) -> Pair:
        low = x.astype(numpy_dtype(self.dtype))
        m, s = np.full((len(x), 1), -np.inf, low.dtype), np.zeros((len(x), 1), low.dtype)
        for part in tiles(low, self.tile):
            new = np.maximum(m, part.max(axis=1, keepdims=True))
            shift = np.where(np.isneginf(new), low.dtype.type(0), new)
            terms = np.concatenate([s * np.exp(m - shift), np.exp(part - shift)], axis=1)
            narrow = rounded(terms, self.sum_dtype)
            s = np.add.accumulate(narrow, axis=1)[:, -1:].astype(low.dtype)
            m = new
        return _wide(m, s)


@dataclass(frozen=True)
class StoredSum:
    """The sum of exps is right, but stored in a narrow dtype, in which it may overflow."""

    sum_dtype: DType
    """that of the sum"""

    def __call__(self, x: Float64s) -> Pair:
        m, s = exact(x)
        return m, rounded(s, self.sum_dtype).astype(np.float64)


@dataclass(frozen=True)
class MaskedTile:
    """Where a tile begins with nothing but masks, exp(-inf + inf) is nan."""

    tile: int
    """classes"""
    first: bool
    """only the first tile does so; else any"""

    def __call__(self, x: Float64s) -> Pair:
        m, s = exact(x)
        parts = [x[:, : self.tile]] if self.first else tiles(x, self.tile)
        masked = [np.isneginf(part).all(axis=1, keepdims=True) for part in parts]
        return m, np.where(np.any(masked, axis=0), np.nan, s)


def tiles(x: Array, tile: int) -> Iterator[Array]:
    """The parts of `tile` classes each, the last with what is left."""
    for start in range(0, x.shape[1], tile):
        yield x[:, start : start + tile]


def _wide(m: Array, s: Array) -> Pair:
    return m.astype(np.float64), s.astype(np.float64)
