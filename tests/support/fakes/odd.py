"""Losses of a user that answer oddly, each in one way, or not at all."""

from __future__ import annotations

import asyncio
import ctypes
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def _losses(logits: Array, labels: Array) -> Array:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    losses: Array = -np.take_along_axis(log_p, labels[..., None], axis=-1)[..., 0]
    return losses


def one_number(logits: Array, labels: Array) -> Any:
    """None of the totals."""
    return _losses(logits, labels).mean(dtype=logits.dtype) / logits.dtype.type(2)


def one_number_all_the_same(logits: Array, labels: Array, reduction: str = "mean") -> Any:
    return _losses(logits, labels).mean(dtype=logits.dtype)


def an_axis_more(logits: Array, labels: Array) -> Array:
    return _losses(logits, labels)[..., None]


def one_per_class(logits: Array, labels: Array) -> Array:
    below_the_largest: Array = logits - logits.max(axis=-1, keepdims=True)
    return below_the_largest


def one_per_sequence(logits: Array, labels: Array) -> Array:
    """Its own wrong number where the samples have one axis."""
    losses: Array = _losses(logits, labels).sum(axis=-1) * logits.dtype.type(1.5)
    return losses


def turned_round(logits: Array, labels: Array) -> Array:
    losses: Array = _losses(logits, labels).T * logits.dtype.type(1.5)
    return losses


def in_a_row(logits: Array, labels: Array) -> Array:
    losses: Array = _losses(logits, labels).reshape(-1) * logits.dtype.type(1.5)
    return losses


def nothing(logits: Array, labels: Array) -> None:
    _losses(logits, labels)


def a_list(logits: Array, labels: Array) -> Any:
    return _losses(logits, labels).tolist()


def masked(logits: Array, labels: Array) -> Any:
    return np.ma.masked_where(labels == 0, _losses(logits, labels))


def integers(logits: Array, labels: Array) -> Array:
    return _losses(logits, labels).astype(np.int64)


def booleans(logits: Array, labels: Array) -> Array:
    return _losses(logits, labels) > 1


def complex_numbers(logits: Array, labels: Array) -> Array:
    return _losses(logits, labels).astype(np.complex64)


def text(logits: Array, labels: Array) -> str:
    return str(_losses(logits, labels))


def wider(logits: Array, labels: Array) -> Array:
    return _losses(logits.astype(np.float64), labels)


def a_pair(logits: Array, labels: Array) -> tuple[Array, Array]:
    return logits, _losses(logits, labels)


def a_pair_without_losses(logits: Array, labels: Array) -> tuple[str, None]:
    return str(_losses(logits, labels)), None


@dataclass
class Output:
    loss: str


def a_dataclass_without_losses(logits: Array, labels: Array) -> Output:
    return Output(str(_losses(logits, labels)))


def a_mapping_without_losses(logits: Array, labels: Array) -> dict[str, None]:
    _losses(logits, labels)
    return {"loss": None}


def a_generator(logits: Array, labels: Array) -> Iterator[Any]:
    yield from _losses(logits, labels)


async def a_coroutine(logits: Array, labels: Array) -> Array:
    await asyncio.sleep(0)
    return _losses(logits, labels)


def a_function(logits: Array, labels: Array) -> Callable[[], Array]:
    return lambda: _losses(logits, labels)


def prints(logits: Array, labels: Array) -> Array:
    print("step 1 of 2: the maximum of each row")
    return _losses(logits, labels)


def exits(logits: Array, labels: Array) -> Array:
    sys.exit("no such label")


def raises(logits: Array, labels: Array) -> Array:
    return _checked(logits)


def _checked(logits: Array) -> Array:
    inverse: Array = np.linalg.inv(logits[..., :2])
    return inverse


def hangs(logits: Array, labels: Array) -> None:
    time.sleep(600)


def segfaults(logits: Array, labels: Array) -> Any:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return ctypes.string_at(0)


def of_logits_alone(logits: Array) -> Array:
    return logits


def of_something_more(logits: Array, labels: Array, chunk_size: int) -> Array:
    return _losses(logits, labels)


class MadeWithSomething:
    def __init__(self, chunk_size: int) -> None:
        self.chunk_size = chunk_size

    def __call__(self, logits: Array, labels: Array) -> Array:
        return _losses(logits, labels)


def of_tensors(logits: Any, labels: Any) -> Any:
    """Nothing says that it takes those of PyTorch."""
    return logits.logsumexp(dim=-1) - logits.gather(-1, labels.unsqueeze(-1)).squeeze(-1)


def soft(logits: Array, labels: Array) -> Array:
    """Another loss than that of class indices."""
    losses: Array = -(labels * (logits - np.log(np.exp(logits).sum(-1, keepdims=True)))).sum(-1)
    return losses


a_number = 3.0
