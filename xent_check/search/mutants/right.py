"""Other right losses, which no case may flag."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from xent_check.problem.problem import Problem

from .kernel import Array
from .softmax import Softmax


class TwoPasses(Softmax):
    """The maximum first, then the sum."""

    @cached_property
    def normaliser(self) -> tuple[Array, Array]:
        m = self.x.max(axis=1, initial=-np.inf)
        return m, self.added(np.exp(self.x - m[:, None]))


class VocabularyParallel(Softmax):
    """Two shards of the classes: their maxima and sums are put together."""

    @cached_property
    def normaliser(self) -> tuple[Array, Array]:
        parts = [self.x[:, : self.n // 2], self.x[:, self.n // 2 :]]
        tops = [part.max(axis=1, initial=-np.inf) for part in parts]
        m = np.maximum(*tops)
        shift = np.where(m == -np.inf, 0, m)
        return m, self.added(np.exp(parts[0] - shift[:, None])) + self.added(
            np.exp(parts[1] - shift[:, None])
        )


class RecursiveSums(Softmax):
    """32 numbers are added one after another, and then the sums of such blocks likewise."""

    def added(self, numbers: Array) -> Array:
        *rows, count = numbers.shape
        if count <= 32:
            return np.cumsum(numbers, axis=-1)[..., -1] if count else super().added(numbers)
        blocks = -(-count // 32)
        padded = np.zeros((*rows, blocks * 32), numbers.dtype)
        padded[..., :count] = numbers
        sums = np.cumsum(padded.reshape(*rows, blocks, 32), axis=-1)[..., -1]
        return self.added(sums)


class PlainLoop(TwoPasses):
    """One number is added after another, in float32, or float64 for float64: a loop in C. The
    samples of a batch, of which there may be millions, are not."""

    def added(self, numbers: Array) -> Array:
        sums = np.add.accumulate(np.asarray(numbers, self.work), axis=-1)
        return np.asarray(sums[..., -1] if numbers.shape[-1] else super().added(numbers))

    def summed(self, losses: Array) -> Any:
        return super().added(losses)


class Compensated(TwoPasses):
    """Kahan's sum."""

    def added(self, numbers: Array) -> Array:
        total = np.zeros(numbers.shape[:-1], self.work)
        if not np.isfinite(numbers).all():
            return np.asarray(super().added(numbers))
        lost = np.zeros_like(total)
        for column in np.moveaxis(numbers, -1, 0):
            corrected = column - lost
            larger = total + corrected
            lost = (larger - total) - corrected
            total = larger
        return np.asarray(total)

    def summed(self, losses: Array) -> Any:
        return self.work(np.sum(losses, dtype=np.float64))


class Wide(Softmax):
    """Everything in float64, rounded at the end."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.work = np.float64
        self.x, self.a = self.x.astype(np.float64), self.coefficients()


class LogSoftmaxAndGather(TwoPasses):
    """x - m - log s for every class, and the label's is picked."""

    def minus_log_p(self) -> Array:
        m, s = self.normaliser
        return -((self.x - m[:, None]) - np.log(s)[:, None])


class OneTile(Softmax):
    """A tile of 1,024 classes."""

    tile = 1024


class LogOfOneMore(Softmax):
    """log1p of the other exps, exact where the label is nearly certain."""

    def minus_log_p(self) -> Array:
        m, _ = self.normaliser
        e = np.exp(self.x - m[:, None])
        first = np.arange(self.n) == self.x.argmax(axis=1)[:, None]
        others = self.added(np.where(first, 0, e).astype(self.work))
        top = np.where(m == np.inf, np.nan, m)
        return np.log1p(others)[:, None] + (top[:, None] - self.x)
