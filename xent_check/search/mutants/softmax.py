"""Softmax: the right cross-entropy of logits, in tiles of classes, as kernels compute it."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from xent_check.problem.problem import Problem

from .kernel import Array, Kernel


class Softmax(Kernel):
    """An online softmax: the maximum and the sum of exponentials, tile by tile of the classes.

    With a_c = w_c t_c: loss = sum_c a_c (log s + m - x_c), m = max x, s = sum exp(x - m), and
    gradient = exp(x - m) / s * sum a - a.
    """

    losses_taken = ("sparse_categorical", "categorical")
    tile: ClassVar[int] = 32  # classes
    first_maximum: ClassVar[float] = -np.inf

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.n = problem.num_classes
        self.x = self.scores(self.rows(problem.values).astype(self.work))
        self.a = self.coefficients()

    def rows(self, array: Array) -> Array:
        """An array of the values' shape as (samples, classes)."""
        return np.moveaxis(array, self.problem.class_axis, -1).reshape(self.kept.size, self.n)

    def scores(self, x: Array) -> Array:
        """The logits that count."""
        return x

    # ---- the coefficients of -log p ---------------------------------------------------------

    def labels(self) -> Array:
        """The class of each sample, 0 where it is ignored."""
        labels = self.problem.labels.reshape(-1)
        return np.where(self.kept, labels, 0)

    def targets(self) -> Array:
        """(samples, classes), before smoothing."""
        if self.problem.loss == "categorical":
            return self.rows(self.problem.labels).astype(self.work)
        return (self.labels()[:, None] == np.arange(self.n)).astype(self.work)

    def smoothed(self, targets: Array) -> Array:
        """With label smoothing."""
        e = self.problem.label_smoothing
        return targets * self.work(1 - e) + self.work(e / self.n) if e else targets

    def class_weight(self) -> Any:
        """One per class; 1 without any."""
        w = self.problem.class_weight
        return self.work(1) if w is None else w.astype(self.work)

    def coefficients(self) -> Array:
        """a, (samples, classes)."""
        return self.smoothed(self.targets()) * self.class_weight()

    def weights(self) -> Array:
        """sum w_c t_c before smoothing, times the sample's own."""
        return self.added(self.targets() * self.class_weight()) * self.sample_weight()

    # ---- the softmax --------------------------------------------------------------------------

    def load(self, start: int) -> Array:
        """The tile of logits that begins at class `start`."""
        return self.x[:, start : start + self.tile]

    def starts(self) -> range:
        """Where the tiles begin."""
        return range(0, self.n, self.tile)

    @cached_property
    def normaliser(self) -> tuple[Array, Array]:
        """m and s, one per sample."""
        m = np.full(len(self.x), self.first_maximum, self.work)
        s = np.zeros(len(self.x), self.work)
        for start in self.starts():
            m, s = self.step(m, s, self.load(start))
        return m, s

    def step(self, m: Array, s: Array, tile: Array) -> tuple[Array, Array]:
        """m and s with another tile."""
        new = np.maximum(m, tile.max(axis=1))
        shift = np.where(new == -np.inf, 0, new)  # where all is masked so far
        return new, s * np.exp(m - shift) + self.added(np.exp(tile - shift[:, None]))

    def minus_log_p(self) -> Array:
        """(samples, classes)."""
        m, s = self.normaliser
        return np.log(s)[:, None] + (m[:, None] - self.x)

    def probabilities(self) -> Array:
        """(samples, classes)."""
        m, s = self.normaliser
        return np.exp(self.x - m[:, None]) / s[:, None]

    # ---- the answer ---------------------------------------------------------------------------

    def losses(self) -> Array:
        """sum_c a_c (-log p_c), where a_c is not 0."""
        own = self.added(self.product(self.a, self.minus_log_p()))
        return np.where(self.kept, self.product(self.sample_weight(), own), 0).astype(self.work)

    def slope(self) -> Array:
        """The gradient of each sample's own loss without its weight, (samples, classes)."""
        return self.probabilities() * self.added(self.a)[:, None] - self.a

    def gradient(self) -> Array:
        """The slopes times weights and cotangents, in the values' shape."""
        factor = self.column(self.sample_weight() * self.cotangent())
        rows = np.where(self.kept[:, None], self.slope() * factor, 0)
        return self.in_place(rows.astype(self.work))

    def in_place(self, rows: Array) -> Array:
        """(samples, classes) in the values' shape."""
        problem = self.problem
        shaped = rows.reshape(*problem.samples_shape, self.n)
        return np.moveaxis(shaped, -1, problem.class_axis)
