"""Mutants of precision: what is stored or added up in too few digits."""

from __future__ import annotations

from typing import Any

import numpy as np

from xent_check.problem.dtypes import rounded
from xent_check.problem.problem import Problem

from .kernel import Array
from .softmax import Softmax


class _Narrow(Softmax):
    """What rounds to the problem's own dtype on the way."""

    @property
    def is_narrow(self) -> bool:
        """Whether the problem has 16 bits."""
        return self.problem.dtype in ("float16", "bfloat16")

    def narrow(self, numbers: Array) -> Array:
        """Rounded to the problem's dtype."""
        return rounded(numbers, self.problem.dtype).astype(self.work)

    def added_narrow(self, numbers: Array) -> Array:
        """Along each row, one after another, every partial sum rounded."""
        if not numbers.shape[-1]:
            return self.added(numbers)
        sums = np.add.accumulate(rounded(numbers, self.problem.dtype), axis=-1)
        return sums[..., -1].astype(self.work)


class SumOfExpsIn16Bits(_Narrow):
    """The exps of 16-bit logits are added up in 16 bits: at 256 a bfloat16 sum stands still."""

    source = "pytorch/executorch/pull/20090"
    reasons = ("accumulator-dtype",)
    needs = ("numbers of 16 bits",)

    def step(self, m: Array, s: Array, tile: Array) -> tuple[Array, Array]:
        if not self.is_narrow:
            return super().step(m, s, tile)
        new = np.maximum(m, tile.max(axis=1))
        shift = np.where(new == -np.inf, 0, new)
        before = s * np.exp(m - shift)
        return new, self.added_narrow(np.column_stack([before, np.exp(tile - shift[:, None])]))


class SumOfExpsOverflowsFloat16(Softmax):
    """Tiles are added up exactly, their sum is a float16: 65,520 equal logits make it inf."""

    source = "PFCCLab/PaddleAPITest/pull/478"
    reasons = ("accumulator-dtype",)
    needs = ("float16 numbers", "more than 65,519 classes")

    def step(self, m: Array, s: Array, tile: Array) -> tuple[Array, Array]:
        m, s = super().step(m, s, tile)
        if self.problem.dtype == "float16":
            s = np.where(s >= 65520, np.inf, s).astype(self.work)
        return m, s


class ProbabilitiesIn16Bits(_Narrow):
    """The softmax of 16-bit logits is stored in 16 bits before its log is taken."""

    source = "facebookresearch/pytext/pull/660"
    reasons = ("log-of-probability",)
    needs = ("numbers of 16 bits",)

    def minus_log_p(self) -> Array:
        if not self.is_narrow:
            return super().minus_log_p()
        return -np.log(self.narrow(self.probabilities()))


class LogSoftmaxIn16Bits(_Narrow):
    """The log-sum-exp of 16-bit logits is stored in 16 bits."""

    source = "Modalities/modalities/pull/464"
    reasons = ("not-shift-safe",)
    needs = ("numbers of 16 bits",)

    def minus_log_p(self) -> Array:
        if not self.is_narrow:
            return super().minus_log_p()
        m, s = self.normaliser
        return self.narrow(np.log(s) + m)[:, None] - self.x


class LossesTruncated(Softmax):
    """Losses of bfloat16 are cut off, not rounded."""

    source = "pytorch/pytorch/pull/24457"
    reasons = ("dtype",)
    needs = ("bfloat16 numbers",)

    def returned(self, numbers: Array) -> Array:
        if self.problem.dtype == "bfloat16":
            bits = np.asarray(numbers, np.float32).view(np.uint32) & np.uint32(0xFFFF0000)
            numbers = bits.view(np.float32)
        return super().returned(numbers)


class LogitsInBfloat16(Softmax):
    """Logits of float32 are rounded to bfloat16 on their way in."""

    source = "marin-community/marin/pull/8217"
    reasons = ("dtype",)
    needs = ("float32 numbers",)

    def scores(self, x: Array) -> Array:
        return rounded(x, "bfloat16").astype(self.work) if self.problem.dtype == "float32" else x


class Float64InFloat32(Softmax):
    """What is given in float64 is computed in float32."""

    source = "keras-team/keras-core/issues/922"
    reasons = ("dtype",)
    needs = ("float64 numbers",)

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        if problem.dtype == "float64":
            self.x = self.x.astype(np.float32).astype(np.float64)


class LossesOfFloat64InFloat32(Softmax):
    """Losses of float64 are cast to float32 on their way out."""

    source = "tensorflow/tensorflow/issues/48129"
    reasons = ("dtype",)
    needs = ("float64 numbers",)

    def losses(self) -> Array:
        return super().losses().astype(np.float32).astype(self.work)


class TotalIn16Bits(_Narrow):
    """Losses of 16 bits are added up in 16 bits: a sum of bfloat16 stands still at 256 of them."""

    source = "pytorch/executorch/pull/20089"
    reasons = ("dtype", "accumulator-dtype")
    needs = ("numbers of 16 bits", "a total")

    def summed(self, losses: Array) -> Any:
        return self.added_narrow(losses) if self.is_narrow else super().summed(losses)


class GradientSummedIn16Bits(_Narrow):
    """Forward in float32; backward adds the exps of 16-bit logits up in 16 bits."""

    source = "ROCm/MIOpen/pull/3427"
    reasons = ("accumulator-dtype",)
    needs = ("numbers of 16 bits", "a gradient to check")

    def probabilities(self) -> Array:
        if not self.is_narrow:
            return super().probabilities()
        m, _ = self.normaliser
        e = np.exp(self.x - m[:, None])
        return np.asarray(e / self.added_narrow(self.narrow(e))[:, None], self.work)


class GradientFiltered(Softmax):
    """Probabilities below 2^-12 get no gradient, which adds up over a vocabulary."""

    source = "apple/ml-cross-entropy/issues/14"
    reasons = ("gradient-filtered",)
    needs = ("a gradient to check",)

    def slope(self) -> Array:
        small = (self.probabilities() < 2.0**-12) & (self.a == 0)
        return np.where(small, 0, super().slope()).astype(self.work)
