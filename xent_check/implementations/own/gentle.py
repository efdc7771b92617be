"""Gentle problems: one of each loss, input and count of axes, with its answers in float64.

They ask a user's loss what it computes, not how well. No number of one kind is near that of
another: the log-probabilities of a row do not sum to 1, so that they are no logits either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import GIVEN, LOSSES, Given, Loss, Reduction

Array = npt.NDArray[Any]
# The axes of the samples: one, several, none. Their sizes differ from the number of classes.
_SAMPLES: tuple[tuple[int, ...], ...] = ((4,), (2, 3), ())
_CLASSES = 5


@dataclass(frozen=True, eq=False)
class Gentle:
    """A problem and what it comes to."""

    problem: Problem
    """what is asked, in float32"""
    losses: Array
    """float64, of the samples' shape"""
    gradient: Array
    """of the sum of the losses, by the values; float64, of their shape"""

    @property
    def axes(self) -> int:
        """How many axes the samples have."""
        return self.losses.ndim

    @property
    def totals(self) -> dict[Reduction, float]:
        """Every total that differs from the others; without weights a weighted mean is a mean."""
        totals: dict[Reduction, float] = {"mean": self.losses.mean(), "sum": self.losses.sum()}
        weights = self.problem.class_weight
        if weights is not None:
            totals["weighted_mean"] = self.losses.sum() / weights[self.problem.labels].sum()
        return totals


def gentle_problems() -> Iterator[Gentle]:
    """Each loss and input with one axis of samples, then with several, then without."""
    for loss in LOSSES:
        for given in GIVEN:
            for samples in _SAMPLES:
                yield gentle(loss, given, samples)


def gentle(loss: Loss, given: Given, samples: tuple[int, ...] = _SAMPLES[0]) -> Gentle:
    """The problem of one kind."""
    shape = samples if loss == "binary" else (*samples, _CLASSES)
    wave = np.sin(1.7 * np.arange(np.prod(shape, dtype=int)) + 0.4).reshape(shape)
    logits = 1.3 * wave
    if loss == "binary":
        return _binary(given, logits)
    p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    log_p = np.log(p) - (0.4 if given == "log_probs" else 0.0)
    indices = np.array([3, 0, 4, 1, 2, 2])[: int(np.prod(samples, dtype=int))].reshape(samples)
    one_hot = np.eye(_CLASSES)[indices]
    t = one_hot if loss == "sparse_categorical" else 0.7 * one_hot + 0.3 * np.roll(one_hot, 1, -1)
    gradients = {"logits": p - t, "probs": -t / p, "log_probs": -t}
    labels = indices if loss == "sparse_categorical" else t.astype(np.float32)
    values = {"logits": logits, "probs": p, "log_probs": log_p}[given].astype(np.float32)
    problem = Problem(loss, given, values, labels, "float32", gradient=True)
    return Gentle(problem, -(t * log_p).sum(axis=-1), gradients[given])


def _binary(given: Given, logits: Array) -> Gentle:
    p = 1 / (1 + np.exp(-logits))
    t = np.resize([1.0, 0.0, 0.0, 1.0, 0.0], logits.shape)
    losses = np.asarray(-(t * np.log(p) + (1 - t) * np.log(1 - p)))
    slopes = {"logits": p - t, "probs": (p - t) / (p * (1 - p)), "log_probs": (p - t) / (1 - p)}
    values = {"logits": logits, "probs": p, "log_probs": np.log(p)}[given].astype(np.float32)
    problem = Problem("binary", given, values, t.astype(np.float32), "float32", gradient=True)
    return Gentle(problem, losses, np.asarray(slopes[given]))


def weighted(gentle: Gentle) -> Gentle:
    """The same of integer labels with a weight per class."""
    weights = np.array([1.0, 2.0, 0.5, 3.0, 1.5], dtype=np.float32)
    problem = replace(gentle.problem, class_weight=weights, gradient=False)
    return replace(gentle, problem=problem, losses=gentle.losses * weights[problem.labels])
