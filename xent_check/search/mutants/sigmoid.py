"""Sigmoid: the right binary cross-entropy of logits."""

from __future__ import annotations

from typing import Any

import numpy as np

from xent_check.problem.problem import Problem

from .kernel import Array, Kernel


class Sigmoid(Kernel):
    """pos t (L + max(-z, 0)) + (1 - t) (L + max(z, 0)), L = log1p(exp(-abs(z)))."""

    losses_taken = ("binary",)

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.z = self.scores(problem.values.astype(self.work).reshape(-1))
        self.t = self.targets(problem.labels.astype(self.work).reshape(-1))

    def scores(self, z: Array) -> Array:
        """The logits; one of +inf has no loss."""
        return np.where(z == np.inf, np.nan, z).astype(self.work)

    def targets(self, t: Array) -> Array:
        """With label smoothing."""
        e = self.problem.label_smoothing
        return t * self.work(1 - e) + self.work(e / 2) if e else t

    def pos_weight(self) -> Any:
        """One per sample, flat; 1 without any."""
        w = self.problem.pos_weight
        if w is None:
            return self.work(1)
        return np.broadcast_to(w.astype(self.work), self.problem.values.shape).reshape(-1)

    def on_one(self) -> Array:
        """-log sigmoid(z)."""
        return np.log1p(np.exp(-np.abs(self.z))) + np.maximum(-self.z, 0)

    def on_zero(self) -> Array:
        """-log(1 - sigmoid(z))."""
        return np.log1p(np.exp(-np.abs(self.z))) + np.maximum(self.z, 0)

    def own(self) -> Array:
        """The loss of each sample without its weight."""
        positive = self.product(self.t * self.pos_weight(), self.on_one())
        return positive + self.product(1 - self.t, self.on_zero())

    def losses(self) -> Array:
        """Weights included."""
        return self.product(self.sample_weight(), self.own())

    def slope(self) -> Array:
        """(1 - t) sigmoid(z) - pos t sigmoid(-z)."""
        small = np.exp(-np.abs(self.z))
        near, far = 1 / (1 + small), small / (1 + small)
        upper, lower = np.where(self.z >= 0, near, far), np.where(self.z >= 0, far, near)
        negative: Array = (1 - self.t) * upper - self.t * self.pos_weight() * lower
        return negative

    def gradient(self) -> Array:
        """The slopes times weights and cotangents, in the values' shape."""
        rows = self.slope() * self.sample_weight() * self.cotangent()
        return np.asarray(rows, self.work).reshape(self.problem.values.shape)
