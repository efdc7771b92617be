"""Mutants of the binary cross-entropy."""

from __future__ import annotations

from typing import Any

import numpy as np

from xent_check.problem.vocabulary import Reduction

from .kernel import Array
from .sigmoid import Sigmoid


class ClampOfTheWrongSign(Sigmoid):
    """max(z, 0) is taken off where max(-z, 0) belongs: exp overflows at -100."""

    source = "pytorch/pytorch/pull/2221"
    reasons = ("unshifted-exp",)

    def log_sum(self) -> Array:
        """log(exp(-m) + exp(-z - m)) + m, the wrong m."""
        m = np.maximum(self.z, 0)
        return m + np.log(np.exp(-m) + np.exp(-self.z - m))

    def on_one(self) -> Array:
        return self.log_sum()

    def on_zero(self) -> Array:
        return self.z + self.log_sum()


class PosWeightWithoutShift(Sigmoid):
    """With pos_weight the log is of 1 + exp(-z) as it is: inf at -120."""

    source = "pytorch/pytorch/issues/13773"
    reasons = ("unshifted-exp",)
    needs = ("pos_weight",)

    def on_one(self) -> Array:
        if self.problem.pos_weight is None:
            return super().on_one()
        return np.log1p(np.exp(-self.z))


class PosWeightOnTheWholeLoss(Sigmoid):
    """pos_weight multiplies both terms of a soft label."""

    source = "paiml/aprender/pull/2204"
    reasons = ("pos-weight-as-sample-weight",)
    needs = ("pos_weight", "soft binary labels")

    def own(self) -> Array:
        weight = 1 + (self.pos_weight() - 1) * self.t
        plain = self.product(self.t, self.on_one()) + self.product(1 - self.t, self.on_zero())
        hard = (self.t == 0) | (self.t == 1)
        return np.where(hard, super().own(), weight * plain).astype(self.work)


class SigmoidRounded(Sigmoid):
    """The log of 1 less a rounded sigmoid, which is 0 from a logit of 17 on."""

    source = "tiny-dnn/tiny-dnn/issues/410"
    reasons = ("log-of-probability",)

    def on_zero(self) -> Array:
        return -np.log(1 - self.work(1) / (1 + np.exp(-self.z)))

    def product(self, factor: Any, numbers: Array) -> Array:
        return np.asarray(factor * numbers, self.work)


class SigmoidClipped(Sigmoid):
    """Logits become probabilities that are clipped to [1e-7, 1 - 1e-7]."""

    source = "keras-team/keras/issues/9247"
    reasons = ("clipped",)

    def clipped(self) -> Array:
        """The sigmoid, clipped."""
        return np.clip(self.work(1) / (1 + np.exp(-self.z)), 1e-7, 1 - 1e-7)

    def on_one(self) -> Array:
        return -np.log(self.clipped())

    def on_zero(self) -> Array:
        return -np.log(1 - self.clipped())


class EmptyMeanIsZero(Sigmoid):
    """The mean of no samples is 0; 0 / 0 is nan."""

    source = "pytorch/pytorch/issues/144104"
    reasons = ("mean-of-nothing",)
    needs = ("no samples", "a mean")

    def total(self, reduction: Reduction, losses: Array) -> Any:
        return super().total(reduction, losses) if losses.size else self.work(0)
