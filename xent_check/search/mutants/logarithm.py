"""Mutants of the logarithm: what is taken the log of, and what becomes of log 0."""

from __future__ import annotations

import numpy as np

from .kernel import Array
from .softmax import Softmax


class LogSumExpMinusLogit(Softmax):
    """log-sum-exp is rounded at the size of the logits before the label's is taken off."""

    source = "ml-explore/mlx/pull/4169"
    reasons = ("not-shift-safe",)

    def minus_log_p(self) -> Array:
        m, s = self.normaliser
        return (np.log(s) + m)[:, None] - self.x


class LogOfSoftmax(Softmax):
    """The log of a softmax: where a probability underflows the loss is inf."""

    source = "tensorflow/tensorflow/issues/21271"
    reasons = ("log-of-probability",)

    def minus_log_p(self) -> Array:
        return -np.log(self.probabilities())


class LossAtMost64(Softmax):
    """Gaps to the maximum are cut at 64, and so is the loss."""

    source = "PaddlePaddle/Paddle/issues/20994"
    reasons = ("gap-cut", "log-clamped")

    def minus_log_p(self) -> Array:
        return np.minimum(super().minus_log_p(), 64)


class InfinityIsALargeNumber(Softmax):
    """Where a probability underflows the loss is 1e20, a stand-in for inf."""

    source = "PaddlePaddle/Paddle/issues/14006"
    reasons = ("log-of-probability",)

    def minus_log_p(self) -> Array:
        terms = -np.log(self.probabilities())
        return np.where(np.isposinf(terms), 1e20, terms).astype(self.work)


class EpsilonInTheLog(Softmax):
    """log(p + 1e-8): a loss of 18.4 at most."""

    source = "awslabs/sockeye/pull/376"
    reasons = ("epsilon-in-log",)

    def minus_log_p(self) -> Array:
        return -np.log(self.probabilities() + self.work(1e-8))


class SoftmaxClipped(Softmax):
    """Probabilities are clipped to [1e-7, 1 - 1e-7]."""

    source = "keras-team/keras/issues/17634"
    reasons = ("clipped",)

    def minus_log_p(self) -> Array:
        return -np.log(np.clip(self.probabilities(), 1e-7, 1 - 1e-7))


class SoftmaxTwice(Softmax):
    """A softmax of the logits, and another one inside the loss."""

    source = "PaddlePaddle/PaddleClas/issues/2468"
    reasons = ("probs-as-logits",)

    def scores(self, x: Array) -> Array:
        e = np.exp(x - x.max(axis=1, keepdims=True, initial=-np.inf))
        return np.asarray(e / self.added(e)[:, None], self.work)


class LogOfSoftmaxInSmoothing(Softmax):
    """The smoothed part of the loss is the mean log of a softmax, -inf where that underflows."""

    source = "NVIDIA/Megatron-LM/pull/5522"
    reasons = ("log-of-probability",)
    needs = ("label_smoothing",)

    def minus_log_p(self) -> Array:
        terms = super().minus_log_p()
        if not self.problem.label_smoothing:
            return terms
        return np.where(self.targets() > 0, terms, -np.log(self.probabilities()))


class ZeroTimesInfinity(Softmax):
    """A class with no target is multiplied by 0, not left out: 0 times inf is nan."""

    source = "tiny-dnn/tiny-dnn/issues/410"
    reasons = ("inf-minus-inf",)
    needs = ("masked classes",)

    def losses(self) -> Array:
        own = self.added(self.a * self.minus_log_p())
        return np.where(self.kept, self.product(self.sample_weight(), own), 0).astype(self.work)


class GradientOverProbability(Softmax):
    """The gradient goes through 1 / p of the label: inf times 0 where p underflows."""

    source = "FluxML/NNlib.jl/issues/68"
    reasons = ("inf-minus-inf",)
    needs = ("a gradient to check",)

    def slope(self) -> Array:
        p = self.probabilities()
        g = np.where(self.a == 0, 0, -self.a / p)
        return np.asarray(p * (g - self.added(g * p)[:, None]), self.work)
