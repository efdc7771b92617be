"""Losses for `sweep`: binary from logits, right but for a single number."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
WRONG_AT = 2.75
BUMP, BUMP_AT = 2.0**-40, 1.4142135623730951  # the largest error of `bumpy`, and where


def right(logits: Array, labels: Array) -> Array:
    """max(z, 0) - z t + log1p(exp(-abs(z)))."""
    losses: Array = np.maximum(logits, 0) - logits * labels + np.log1p(np.exp(-np.abs(logits)))
    return losses


def wrong_once(logits: Array, labels: Array) -> Array:
    """Off by a thousandth at one number."""
    losses = right(logits, labels)
    return np.where(logits == WRONG_AT, losses + losses.dtype.type(0.01), losses)


def dying(logits: Array, labels: Array) -> Array:
    """It raises where a large number is among them."""
    if (logits > 1e4).any():
        raise ValueError("too large")
    return right(logits, labels)


def failing(logits: Array, labels: Array) -> Array:
    """It raises for more logits than it is tried with before, and says so in the file that
    SWEPT_CALLS names."""
    if logits.size < 200:
        return right(logits, labels)
    with Path(os.environ["SWEPT_CALLS"]).open("a", encoding="utf-8") as file:
        file.write("called\n")
    raise ValueError("never")


def bumpy(logits: Array, labels: Array) -> Array:
    """Off by BUMP at BUMP_AT, and by less the further from it."""
    losses: Array = right(logits, labels) + BUMP / (1 + np.abs(logits - BUMP_AT) * 2.0**20)
    return losses


def wrong_within(logits: Array, labels: Array) -> Array:
    """Off by a billionth of it where a number is between 10 and 10.5."""
    losses = right(logits, labels)
    return np.where((logits > 10) & (logits < 10.5), losses * (1 + 1e-9), losses)


def short(logits: Array, labels: Array) -> Array:
    """Three losses, whatever is asked."""
    return np.zeros(3)
