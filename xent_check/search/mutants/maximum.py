"""Mutants of the maximum that is taken off before exp."""

from __future__ import annotations

import numpy as np

from .kernel import Array
from .softmax import Softmax


class MaximumMissing(Softmax):
    """exp of the logits as they are: beyond 88 it overflows float32."""

    source = "deeplearning4j/deeplearning4j/issues/6039"
    reasons = ("unshifted-exp",)

    def step(self, m: Array, s: Array, tile: Array) -> tuple[Array, Array]:
        return np.zeros_like(m), s + self.added(np.exp(tile))


class MaximumFromZero(Softmax):
    """The running maximum begins at 0: the exps of very negative logits underflow."""

    source = "allenai/open-instruct/pull/1182"
    reasons = ("maximum-cut",)
    first_maximum = 0.0


class MaximumClippedAt64(Softmax):
    """A maximum below -64 is taken for -64: at -168 every exp underflows."""

    source = "PaddlePaddle/Paddle/pull/21165"
    reasons = ("maximum-cut",)
    first_maximum = -64.0


class MaximumOfTheBatch(Softmax):
    """One maximum for the whole batch: the exps of a row far below another underflow."""

    source = "amdegroot/ssd.pytorch/issues/203"
    reasons = ("maximum-cut",)

    def step(self, m: Array, s: Array, tile: Array) -> tuple[Array, Array]:
        top = np.full_like(m, self.x.max(initial=-np.inf))
        return top, s + self.added(np.exp(tile - top[:, None]))


class MaximumOfOneShard(Softmax):
    """Each shard of 32 classes takes off its own maximum, and the sums are added as they are."""

    source = "mindspore-ai/hyper-parallel/issues/671"
    reasons = ("tiles-not-rescaled",)
    needs = ("more than 32 classes",)

    def step(self, m: Array, s: Array, tile: Array) -> tuple[Array, Array]:
        own = tile.max(axis=1)
        shift = np.where(own == -np.inf, 0, own)
        return own, s + self.added(np.exp(tile - shift[:, None]))


class SumScaledBackwards(Softmax):
    """When the maximum grows, the sum so far is scaled by exp(new - old) for exp(old - new)."""

    source = "deepseek-ai/FlashMLA/pull/177"
    reasons = ("tiles-not-rescaled",)
    needs = ("more than 32 classes",)

    def step(self, m: Array, s: Array, tile: Array) -> tuple[Array, Array]:
        new = np.maximum(m, tile.max(axis=1))
        shift = np.where(new == -np.inf, 0, new)
        scale = np.where(s == 0, 0, np.exp(shift - m))
        return new, s * scale + self.added(np.exp(tile - shift[:, None]))


class MaskedTileIsNan(Softmax):
    """Where all is masked so far, a tile gives exp(-inf - -inf), nan."""

    source = "gabrieldemarmiesse/torch-mojo-backend/pull/319"
    reasons = ("masked-tile-nan",)
    needs = ("a first tile of 32 masked classes",)

    def step(self, m: Array, s: Array, tile: Array) -> tuple[Array, Array]:
        new = np.maximum(m, tile.max(axis=1))
        scale = np.where(np.isinf(m) & (s == 0) & np.isfinite(new), 0, np.exp(m - new))
        return new, s * scale + self.added(np.exp(tile - new[:, None]))


class MaskIsMinus10000(Softmax):
    """-1e4 stands for a mask: it is no probability of 0 where logits are as low."""

    source = "huggingface/transformers/issues/10484"
    reasons = ("mask-finite",)
    needs = ("masked classes",)

    def scores(self, x: Array) -> Array:
        return np.where(x == -np.inf, -1e4, x).astype(self.work)


class MaskIsLeastNumber(Softmax):
    """The least finite number stands for a mask: the loss of a masked label is not inf."""

    source = "huggingface/transformers/pull/17306"
    reasons = ("mask-finite",)
    needs = ("masked classes",)

    def scores(self, x: Array) -> Array:
        return np.maximum(x, np.finfo(self.work).min)
