"""Losses of NumPy whose numbers are right where nobody looks further: each does one thing that no
loss should. `right` does none of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
_CALLS: dict[str, int] = {}
_WORKSPACE = np.zeros(64, np.float32)


def right(logits: Array, labels: Array) -> Array:
    """The shifted log-sum-exp, row by row."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    picked = np.take_along_axis(shifted, labels[..., None], axis=-1)[..., 0]
    losses: Array = np.log(np.exp(shifted).sum(axis=-1)) - picked
    return losses.astype(logits.dtype)


def overwrites_logits(logits: Array, labels: Array) -> Array:
    """It leaves the gradient in place of the logits, as fused kernels do."""
    losses = right(logits, labels)
    logits -= logits.max(axis=-1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=-1, keepdims=True)
    return losses


def overwrites_labels(logits: Array, labels: Array) -> Array:
    """It replaces the labels that it ignores."""
    losses = right(logits, labels)
    labels[labels == labels.max()] = 0
    return losses


def noise(logits: Array, labels: Array) -> Array:
    """One ulp more in every second call: within every bound."""
    losses = right(logits, labels)
    if _count("noise") % 2 == 0:
        losses[..., 0] = np.nextafter(losses[..., 0], np.float32(np.inf), dtype=losses.dtype)
    return losses


def state(logits: Array, labels: Array) -> Array:
    """It adds to what it has added before where the same arrays come again."""
    losses = right(logits, labels)
    seen = f"{logits.tobytes()!r}"
    more: Array = losses * losses.dtype.type(_count(seen))
    return more


def raises_again(logits: Array, labels: Array) -> Array:
    """Its workspace is gone after the first call with a batch."""
    if logits.shape == (3, 5) and _count("raises_again") > 1:
        raise RuntimeError("workspace freed")
    return right(logits, labels)


def workspace(logits: Array, labels: Array) -> Array:
    """It returns the same buffer at each call, where a second call is 1 off."""
    losses = right(logits, labels)
    out = _WORKSPACE[: losses.size].reshape(losses.shape)
    out[...] = losses + (_count(f"{logits.tobytes()!r}") > 1)
    return out


def global_maximum(logits: Array, labels: Array) -> Array:
    """It subtracts the maximum of the batch: rows far below it underflow."""
    shifted = logits - logits.max()
    picked = np.take_along_axis(shifted, labels[..., None], axis=-1)[..., 0]
    with np.errstate(divide="ignore"):
        losses: Array = np.log(np.exp(shifted).sum(axis=-1)) - picked
    return losses.astype(logits.dtype)


def drops_the_last_row(logits: Array, labels: Array) -> Array:
    """Of a number of rows that is no multiple of its tile of 4."""
    losses = right(logits, labels)
    if losses.size % 4:
        losses.reshape(-1)[-1] = 0
    return losses


def wrong_alone(logits: Array, labels: Array) -> Array:
    """It reduces over the wrong axis where there is one row."""
    losses = right(logits, labels)
    return losses * 0 if losses.size == 1 else losses


def sums_over_the_batch(logits: Array, labels: Array) -> Array:
    """It divides by the sum of the exps of all rows."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    picked = np.take_along_axis(shifted, labels[..., None], axis=-1)[..., 0]
    losses: Array = np.log(np.exp(shifted).sum()) - picked
    return losses.astype(logits.dtype)


def mean(logits: Array, labels: Array) -> Any:
    """The mean alone."""
    return right(logits, labels).mean(dtype=logits.dtype)


def mean_by_the_first(logits: Array, labels: Array) -> Any:
    """Of three rows, the first stands in for the last."""
    losses = right(logits, labels).reshape(-1)
    if losses.size == 3:
        losses[-1] = losses[0]
    return losses.mean(dtype=logits.dtype)


def mean_but_of_one(logits: Array, labels: Array) -> Any:
    """The mean, and nothing of one row."""
    losses = right(logits, labels)
    return losses.mean(dtype=logits.dtype) * (losses.size > 1)


def mean_by_place(logits: Array, labels: Array) -> Any:
    """The last row counts twice where its loss is the largest."""
    losses = right(logits, labels).reshape(-1)
    twice = losses.size > 1 and losses.argmax() == losses.size - 1
    return losses.mean(dtype=logits.dtype) + twice * losses[-1] / losses.dtype.type(losses.size)


def batches_alone(logits: Array, labels: Array) -> Array:
    """It takes no single row."""
    if labels.size == 1:
        raise ValueError("a batch, please")
    return right(logits, labels)


def small_spread(logits: Array, labels: Array) -> Array:
    """In a batch it computes in float16, alone in float32: within a tolerance of 1e-2."""
    losses = right(logits, labels)
    return losses if losses.size == 1 else losses.astype(np.float16).astype(losses.dtype)


def offset(logits: Array, labels: Array) -> Array:
    """Log-sum-exp minus the label's logit, which loses digits to an offset, other ones alone."""
    top = logits.max(axis=-1)
    total = np.exp(logits - top[..., None]).sum(axis=-1, dtype=np.float64)
    added = top + np.log(total).astype(logits.dtype)
    if added.size > 1:
        added = np.nextafter(added, logits.dtype.type(np.inf))
    picked = np.take_along_axis(logits, labels[..., None], axis=-1)[..., 0]
    losses: Array = added - picked
    return losses


def _count(name: str) -> int:
    """How often it was called with this name, from 1."""
    _CALLS[name] = _CALLS.get(name, 0) + 1
    return _CALLS[name]
