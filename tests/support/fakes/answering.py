"""Functions that answer: the formula, and answers that are wrong in one way each."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def right(logits: Array, labels: Array) -> Array:
    """log(sum exp(x - max)) + max - x[label], in the dtype of the logits."""
    top = logits.max(axis=-1)
    log_sum = np.log(np.exp(logits - top[..., None]).sum(axis=-1))
    own = np.take_along_axis(logits, labels[..., None], axis=-1)[..., 0]
    losses: Array = log_sum + (top - own)
    return losses


def off_by_a_bit(logits: Array, labels: Array) -> Array:
    losses = right(logits, labels).copy()
    losses[-1] += losses.dtype.type(1e-3)
    return losses


def wider(logits: Array, labels: Array) -> Array:
    return right(logits.astype(np.float64), labels)


def narrower(logits: Array, labels: Array) -> Array:
    return right(logits, labels).astype(np.float16)


def other_byte_order(logits: Array, labels: Array) -> Array:
    losses = right(logits, labels)
    return losses.astype(losses.dtype.newbyteorder())


def strided(logits: Array, labels: Array) -> Array:
    losses: Array = np.repeat(right(logits, labels), 2)[::2]
    return losses


def as_list(logits: Array, labels: Array) -> list[float]:
    return [float(loss) for loss in right(logits, labels)]


def extra_axis(logits: Array, labels: Array) -> Array:
    return right(logits, labels)[:, None]


def nan(logits: Array, labels: Array) -> Array:
    return np.full_like(right(logits, labels), np.nan)


def none(logits: Array, labels: Array) -> None:
    return None


def text(logits: Array, labels: Array) -> str:
    return "2.3"


def complex_numbers(logits: Array, labels: Array) -> Array:
    return right(logits, labels).astype(np.complex64)


def whole_numbers(logits: Array, labels: Array) -> Array:
    return np.zeros_like(labels)


def ragged(logits: Array, labels: Array) -> list[list[float]]:
    return [[1.0], [2.0, 3.0]]


def process_id(logits: Array, labels: Array) -> Array:
    """Who answered: a number for each sample."""
    return np.full(labels.shape, os.getpid(), dtype=np.float64)


not_callable = 3
