"""Losses for `fuzz`: a right one, and two that are wrong where few look."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def right(logits: Array, labels: Array) -> tuple[Array, Array]:
    """Losses and their gradient."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    exps = np.exp(shifted)
    sums = exps.sum(axis=-1, keepdims=True)
    rows = np.arange(len(labels))
    losses = np.log(sums[:, 0]) - shifted[rows, labels]
    gradient = exps / sums
    gradient[rows, labels] -= 1
    return losses, gradient


def wrong_far_out(logits: Array, labels: Array) -> tuple[Array, Array]:
    """Off where a logit is above 1e4."""
    losses, gradient = right(logits, labels)
    return np.where(
        np.abs(logits).max(axis=-1) > 1e4, losses + losses.dtype.type(3), losses
    ), gradient


def wrong_where_sure(logits: Array, labels: Array) -> tuple[Array, Array]:
    """A wrong gradient where one class has more than 0.999."""
    losses, gradient = right(logits, labels)
    top = np.exp(logits - logits.max(axis=-1, keepdims=True))
    sure = top.max(axis=-1) / top.sum(axis=-1) > 0.999
    return losses, np.where(sure[:, None], gradient + gradient.dtype.type(0.01), gradient)
