"""Mutants of losses that are given probabilities."""

from __future__ import annotations

import numpy as np

from .kernel import Array
from .probabilities import BinaryProbabilities, Probabilities


class ProbabilitiesClipped(Probabilities):
    """Probabilities are clipped to [1e-7, 1 - 1e-7]."""

    source = "keras-team/keras/issues/11801"
    reasons = ("clipped",)

    def minus_log_p(self) -> Array:
        return -np.log(np.clip(np.exp(-super().minus_log_p()), 1e-7, 1 - 1e-7))


class ProbabilitiesRenormalised(Probabilities):
    """Probabilities are divided by their sum, asked for or not: logits too."""

    source = "keras-team/tf-keras/issues/47"
    reasons = ("renormalised",)
    needs = ("probabilities that do not sum to 1",)

    def minus_log_p(self) -> Array:
        return np.log(self.added(self.x))[:, None] - np.log(self.x)


class ProbabilitiesAsLogits(Probabilities):
    """A softmax is applied to probabilities."""

    source = "PaddlePaddle/PaddleClas/issues/2468"
    reasons = ("probs-as-logits",)

    def minus_log_p(self) -> Array:
        return np.log(self.added(np.exp(self.x)))[:, None] - self.x


class EpsilonTwice(BinaryProbabilities):
    """Probabilities are clipped to 1e-7, and 1e-7 is added in the log."""

    source = "tensorflow/tensorflow/pull/41595"
    reasons = ("clipped+epsilon-in-log",)

    def on_one(self) -> Array:
        return -np.log(np.clip(self.z, 1e-7, 1 - 1e-7) + self.work(1e-7))

    def on_zero(self) -> Array:
        return -np.log(1 - np.clip(self.z, 1e-7, 1 - 1e-7) + self.work(1e-7))
