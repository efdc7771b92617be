"""Mutants of tiles and shards of the classes."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

import numpy as np

from .kernel import Array
from .softmax import Softmax


class PaddingCounts(Softmax):
    """The last tile is filled up with logits of 0, which count as classes."""

    source = "tensorflow/tensorflow/pull/104247"
    reasons = ("tile-padding-counts",)

    def load(self, start: int) -> Array:
        tile = super().load(start)
        return np.pad(tile, ((0, 0), (0, self.tile - tile.shape[1])))


class PaddingCountsInFours(PaddingCounts):
    """Channels are read in fours, the missing ones as logits of 0 that count."""

    source = "tensorflow/tensorflow/pull/108244"
    reasons = ("tile-padding-counts",)
    tile = 4


class PaddingCountsInGradient(PaddingCounts):
    """Backward fills the last tile up with logits of 0 that count; forward does not."""

    source = "tenstorrent/tt-metal/issues/53209"
    reasons = ("tile-padding-counts",)
    needs = ("a gradient to check",)

    def minus_log_p(self) -> Array:
        return Softmax(self.problem).minus_log_p()


class TailReadWhole(Softmax):
    """The last vector runs past the row's end, and reads the classes before it twice."""

    source = "OpenNMT/CTranslate2/issues/351"
    reasons = ("tail-read-twice",)
    needs = ("classes that fill no vector of 8",)
    tile = 8

    def load(self, start: int) -> Array:
        tile = super().load(start)
        missing = self.tile - tile.shape[1]
        return np.concatenate([tile, tile[:, :1].repeat(missing, axis=1)], axis=1)


class SentinelInPadding(Softmax):
    """A label outside the last tile is marked by the index of its first padded column, -inf."""

    source = "apple/ml-cross-entropy/pull/59"
    reasons = ("label-in-padding",)
    needs = ("more than 32 classes", "classes that fill no tile of 32")

    def losses(self) -> Array:
        losses = super().losses()
        if self.n <= self.tile or self.n % self.tile == 0:
            return losses
        last = self.n - self.n % self.tile
        outside = (self.targets()[:, last:] == 0).all(axis=1) & self.kept
        return np.where(outside, np.inf, losses).astype(self.work)


class ShardsCountedTwice(Softmax):
    """Two ranks hold all logits each, and add their sums as if they held half: log 2 too much."""

    source = "NVIDIA/Megatron-LM/issues/7452"
    reasons = ("classes-counted-twice",)

    @cached_property
    def normaliser(self) -> tuple[Array, Array]:
        m, s = super().normaliser
        return m, s * self.work(2)


class SmoothingOfOneShard(Softmax):
    """Smoothing spreads over the first half of the classes alone, the shard of one rank."""

    source = "NVIDIA/Megatron-LM/issues/737"
    reasons: ClassVar[tuple[str, ...]] = ("smoothing-formula",)
    needs: ClassVar[tuple[str, ...]] = ("label_smoothing",)

    def smoothed(self, targets: Array) -> Array:
        e, half = self.problem.label_smoothing, (self.n + 1) // 2
        share = np.where(np.arange(self.n) < half, e / half, 0).astype(self.work)
        return targets * self.work(1 - e) + share if e else targets


class SmoothingOfOneShardInGradient(SmoothingOfOneShard):
    """Backward spreads the smoothing over the size of one shard, half the classes."""

    source = "NVIDIA/Megatron-LM/issues/7464"
    reasons = ("smoothing-formula",)
    needs = ("label_smoothing", "a gradient to check")

    def losses(self) -> Array:
        return Softmax(self.problem).losses()
