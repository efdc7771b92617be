"""Mutants of label smoothing."""

from __future__ import annotations

import numpy as np

from .kernel import Array
from .softmax import Softmax


class SmoothingOverOthers(Softmax):
    """e / (n - 1) goes to each class but the label's, and 1 - e to that."""

    source = "pytorch/pytorch/issues/7455"
    reasons = ("smoothing-formula",)
    needs = ("label_smoothing",)

    def smoothed(self, targets: Array) -> Array:
        e = self.problem.label_smoothing
        if not e or self.n == 1:
            return targets
        return targets * self.work(1 - e) + (1 - targets) * self.work(e / (self.n - 1))


class SmoothingHasTheRest(Softmax):
    """The share of each class is (1 - e) / n for e / n."""

    source = "paiml/aprender/pull/2199"
    reasons = ("smoothing-formula",)
    needs = ("label_smoothing",)

    def smoothed(self, targets: Array) -> Array:
        e = self.problem.label_smoothing
        return targets * self.work(1 - e) + self.work((1 - e) / self.n) if e else targets


class SmoothingHasAll(Softmax):
    """The share of each class is 1 / n for e / n."""

    source = "TimDettmers/ConvE/issues/55"
    reasons = ("smoothing-formula",)
    needs = ("label_smoothing",)

    def smoothed(self, targets: Array) -> Array:
        e = self.problem.label_smoothing
        return targets * self.work(1 - e) + self.work(1 / self.n) if e else targets


class SmoothingNotWeighted(Softmax):
    """Class weights multiply the label's part of the loss alone, not the smoothed part."""

    source = "pytorch/pytorch/issues/104776"
    reasons = ("smoothing-not-weighted",)
    needs = ("label_smoothing", "class_weight")

    def coefficients(self) -> Array:
        e = self.problem.label_smoothing
        if not e:
            return super().coefficients()
        return self.targets() * self.work(1 - e) * self.class_weight() + self.work(e / self.n)


class GradientZeroIfSmoothed(Softmax):
    """No gradient is recorded where label_smoothing is not 0."""

    source = "paiml/aprender/pull/2199"
    reasons = ("gradient-zero",)
    needs = ("label_smoothing", "a gradient to check")

    def gradient(self) -> Array:
        gradient = super().gradient()
        return np.zeros_like(gradient) if self.problem.label_smoothing else gradient
