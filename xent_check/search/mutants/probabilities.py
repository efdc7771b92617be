"""Probabilities: the right cross-entropy where probabilities are given."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from .kernel import Array
from .sigmoid import Sigmoid
from .softmax import Softmax


class Probabilities(Softmax):
    """sum_c a_c (-log p_c), the probabilities as they are, or divided by their sum."""

    given = "probs"

    @cached_property
    def sums(self) -> Array:
        """What each row is divided by."""
        if self.problem.normalize:
            return self.added(self.x)
        return np.ones(len(self.x), self.work)

    def minus_log_p(self) -> Array:
        """(samples, classes)."""
        return np.log(self.sums)[:, None] - np.log(self.x)

    def slope(self) -> Array:
        """-a / p, and of a sum that is divided by, sum a / sum p."""
        slope = np.where(self.a == 0, 0, -self.a / self.x)
        if self.problem.normalize:
            slope = slope + (self.added(self.a) / self.sums)[:, None]
        return slope.astype(self.work)


class BinaryProbabilities(Sigmoid):
    """-(pos t log p + (1 - t) log(1 - p)); z holds p."""

    given = "probs"

    def on_one(self) -> Array:
        """-log p."""
        return -np.log(self.z)

    def on_zero(self) -> Array:
        """-log(1 - p)."""
        return -np.log1p(-self.z)

    def slope(self) -> Array:
        """(1 - t) / (1 - p) - pos t / p."""
        positive = np.where(self.t == 0, 0, self.t * self.pos_weight() / self.z)
        negative = np.where(self.t == 1, 0, (1 - self.t) / (1 - self.z))
        return (negative - positive).astype(self.work)
