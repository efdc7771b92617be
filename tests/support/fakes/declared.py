"""Losses of a user with NumPy that need to be told about: each asserts what is declared of it."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
TILE = os.environ.get("FAKE_TILE", "not set")  # read when the file is imported


def _log_softmax(x: Array, inside: Any) -> Array:
    shifted = x.astype(inside) - x.max(axis=-1, keepdims=True).astype(inside)
    log_p: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True, dtype=inside))
    return log_p


def _losses(log_p: Array, labels: Array) -> Array:
    losses: Array = -np.take_along_axis(log_p, labels[..., None], axis=-1)[..., 0]
    return losses


def fused(a: Array, b: Array, vocab: int, inplace: bool = True) -> Any:
    """The mean, of labels that come first, in tiles that a variable sets."""
    assert (vocab, inplace, TILE) == (b.shape[-1], False, "64"), (vocab, inplace, TILE)
    return _losses(_log_softmax(b, b.dtype), a).mean(dtype=b.dtype)


def tile(logits: Array, labels: Array) -> Array:
    """Right in tiles of 128."""
    losses = _losses(_log_softmax(logits, logits.dtype), labels)
    return losses if TILE == "128" else losses + logits.dtype.type(1)


def smoothed(logits: Array, labels: Array) -> Array:
    """With a label smoothing of 0.1 that nobody can change."""
    log_p = _log_softmax(logits, logits.dtype)
    share = logits.dtype.type(0.1)
    losses: Array = (1 - share) * _losses(log_p, labels) - share * log_p.mean(axis=-1)
    return losses


def kept(logits: Array, labels: Array) -> Array:
    """It computes in float32 and rounds once."""
    return _losses(_log_softmax(logits, np.float32), labels).astype(logits.dtype)


def broken(logits: Array, labels: Array) -> Array:
    """It computes in whatever dtype it gets."""
    return _losses(_log_softmax(logits, logits.dtype), labels)
