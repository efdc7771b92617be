"""The answer of ball arithmetic for one sample, and a problem's arrays as Python floats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xent_check.problem.problem import Problem

from .extended_reals import Extended


@dataclass(frozen=True)
class Answer:
    """The exact loss and gradient of one sample."""

    loss: Extended  # in units of the natural logarithm
    gradient: Sequence[Extended]  # d (cotangent * loss) / d value, for each of its values


def floats(weight: npt.NDArray[np.generic] | None, count: int) -> list[float]:
    """The weights, flat; `count` times 1 where there are none."""
    if weight is None:
        return [1.0] * count
    flat: list[float] = weight.astype(np.float64).reshape(-1).tolist()
    return flat


def rows(problem: Problem, array: npt.NDArray[np.generic]) -> list[list[float]]:
    """The array as one row per sample, with one number per class."""
    last = np.moveaxis(array, problem.class_axis, -1).reshape(-1, problem.num_classes)
    rows: list[list[float]] = last.astype(np.float64).tolist()
    return rows
