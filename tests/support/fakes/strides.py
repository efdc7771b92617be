"""Losses that raise the strides, in numbers, of what they get."""

from __future__ import annotations

from typing import Any, NoReturn


def numpy_strides(logits: Any, labels: Any) -> NoReturn:
    steps = [tuple(step // array.itemsize for step in array.strides) for array in (logits, labels)]
    raise ValueError(f"{steps[0]} and {steps[1]}")


def torch_strides(logits: Any, labels: Any) -> NoReturn:
    raise ValueError(f"{logits.stride()} and {labels.stride()}")
