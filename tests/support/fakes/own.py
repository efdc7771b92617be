"""Losses of a user with NumPy, each with one thing to find out: what it computes and returns."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def _log_softmax(logits: Array) -> Array:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_p: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return log_p


def any_axes(logits: Array, labels: Array) -> Array:
    """Of any number of axes."""
    log_p = _log_softmax(logits)
    losses: Array = -np.take_along_axis(log_p, labels[..., None], axis=-1)[..., 0]
    return losses


def slow_losses(logits: Array, labels: Array) -> Array:
    """As `any_axes`, so that a run of many chunks can be killed between two of them."""
    time.sleep(0.005)
    return any_axes(logits, labels)


def two_axes(logits: Array, labels: Array) -> Array:
    """Of (samples, classes) alone."""
    assert logits.ndim == 2
    return any_axes(logits, labels)


def wrong_beyond_two_axes(logits: Array, labels: Array) -> Array:
    """It answers there, with half as much again."""
    losses = any_axes(logits, labels)
    return losses if logits.ndim == 2 else losses * logits.dtype.type(1.5)


def mean_over_the_first_axis(logits: Array, labels: Array) -> Any:
    """The mean where the samples have one axis."""
    return any_axes(logits, labels).sum(dtype=logits.dtype) / logits.dtype.type(len(labels))


def the_mean(logits: Array, labels: Array) -> Any:
    return any_axes(logits, labels).mean(dtype=logits.dtype)


def the_sum(logits: Array, labels: Array) -> Any:
    return any_axes(logits, labels).sum(dtype=logits.dtype)


def weighted_mean(logits: Array, labels: Array, weight: Array | None = None) -> Any:
    weights = np.ones(logits.shape[-1], logits.dtype) if weight is None else weight
    kept = weights[labels]
    return (any_axes(logits, labels) * kept).sum() / kept.sum()


def averaged(logits: Array, labels: Array, sample_weight: Array | None = None) -> Any:
    """As scikit-learn averages: over the sum of the weights."""
    return np.average(any_axes(logits, labels), weights=sample_weight)


def soft(labels: Array, logits: Array) -> Array:
    losses: Array = -(labels * _log_softmax(logits)).sum(axis=-1)
    return losses


def of_probs(p: Array, labels: Array) -> Array:
    with np.errstate(all="ignore"):  # it is tried with logits too
        losses: Array = -np.log(np.take_along_axis(p, labels[..., None], axis=-1)[..., 0])
    return losses


def binary(logits: Array, labels: Array) -> Array:
    losses: Array = np.logaddexp(np.zeros_like(logits), logits) - labels * logits
    return losses


def in_bits(logits: Array, labels: Array) -> Array:
    losses: Array = any_axes(logits, labels) / np.log(logits.dtype.type(2))
    return losses


@dataclass
class Output:
    logits: Array
    loss: Array
    gradient: Array


def with_gradient(logits: Array, labels: Array) -> Output:
    """The gradient of the sum of the losses beside them."""
    gradient = np.exp(_log_softmax(logits))
    np.put_along_axis(
        gradient, labels[..., None], np.take_along_axis(gradient, labels[..., None], -1) - 1, -1
    )
    return Output(np.zeros(1, logits.dtype), any_axes(logits, labels), gradient)


def none_although_asked(logits: Array, labels: Array, reduction: str = "mean") -> Any:
    return the_mean(logits, labels)
