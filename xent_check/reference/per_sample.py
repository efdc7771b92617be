"""What ball arithmetic says of one sample, and how it reads a problem's arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xent_check.problem.problem import Problem

from .extended_reals import Extended


@dataclass(frozen=True)
class Answer:
    """One sample: its loss, and the derivative of cotangent * loss by each of its values."""

    loss: Extended
    gradient: Sequence[Extended]


def floats(weight: npt.NDArray[np.generic] | None, count: int) -> list[float]:
    """A weight per item, 1 where there is none."""
    if weight is None:
        return [1.0] * count
    flat: list[float] = weight.astype(np.float64).reshape(-1).tolist()
    return flat


def rows(problem: Problem, array: npt.NDArray[np.generic]) -> list[list[float]]:
    """Classes last, one row per sample."""
    last = np.moveaxis(array, problem.class_axis, -1).reshape(-1, problem.num_classes)
    rows: list[list[float]] = last.astype(np.float64).tolist()
    return rows
