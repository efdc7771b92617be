"""Domain: every input of a loss that has finitely many, in the order of its numbers.

binary: each number of a dtype between two ends, with one target. Two classes: each pair of numbers
of a 16-bit dtype, with one label.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import largest, numpy_dtype, rounded
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DType, Given, Loss

DTYPES: tuple[DType, ...] = ("float16", "bfloat16", "float32")
PAIRS: tuple[DType, ...] = ("float16", "bfloat16")  # of two classes
# The unsigned integers of as many bits, and how many that is.
_BITS: dict[str, tuple[np.dtype[Any], int]] = {
    "float16": (np.dtype(np.uint16), 16),
    "bfloat16": (np.dtype(np.uint16), 16),
    "float32": (np.dtype(np.uint32), 32),
}


@dataclass(frozen=True)
class Domain:
    """Inputs by their place, from 0."""

    loss: Loss
    """binary, or sparse_categorical of two classes"""
    given: Given
    """logits or probs"""
    dtype: DType
    label: int
    """the target of binary, 0 or 1; the class"""
    low: float
    """the smallest number of all scores, one of the dtype"""
    high: float
    """the largest"""
    gradient: bool = False
    """whether the gradient is looked at, in place of the loss"""

    @cached_property
    def numbers(self) -> int:
        """How many numbers the dtype has from low to high, both counted, 0 and -0 too."""
        return self._ordinal(self.high) - self._ordinal(self.low) + 1

    @property
    def count(self) -> int:
        """How many inputs there are."""
        return self.numbers if self.loss == "binary" else self.numbers**2

    @property
    def width(self) -> int:
        """How many scores an input has."""
        return 1 if self.loss == "binary" else 2

    def scores(self, start: int, stop: int) -> npt.NDArray[Any]:
        """The scores of the inputs at these places. Shape: [inputs], or [inputs, 2]."""
        places = np.arange(start, stop, dtype=np.int64)
        if self.loss == "binary":
            return self._at(places)
        pairs = np.stack([places // self.numbers, places % self.numbers], axis=-1)
        return self._at(pairs)

    def problem(self, start: int, stop: int) -> Problem:
        """The inputs at these places as one problem."""
        scores, size = self.scores(start, stop), stop - start
        if self.loss == "binary":
            labels = np.full(size, self.label, dtype=numpy_dtype(self.dtype))
        else:
            labels = np.full(size, self.label, dtype=np.int64)
        normalize = False if self.given == "probs" and self.loss != "binary" else None
        return Problem(
            self.loss, self.given, scores, labels, self.dtype,
            normalize=normalize, gradient=self.gradient,
        )  # fmt: skip

    def bits(self, place: int) -> str:
        """The bits of an input's scores, in hexadecimal."""
        kind, width = _BITS[self.dtype]
        scores = np.atleast_1d(self.scores(place, place + 1)[0])
        return " ".join(f"0x{int(bits):0{width // 4}x}" for bits in scores.view(kind))

    def _ordinal(self, number: float) -> int:
        """The place of a number among all of its dtype, those below 0 first."""
        kind, width = _BITS[self.dtype]
        bits = int(np.asarray(number).astype(numpy_dtype(self.dtype)).view(kind))
        sign = 1 << (width - 1)
        return sign - 1 - (bits - sign) if bits >= sign else sign + bits

    def _at(self, places: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        kind, width = _BITS[self.dtype]
        ordinals, sign = places + self._ordinal(self.low), 1 << (width - 1)
        bits = np.where(ordinals >= sign, ordinals - sign, 2 * sign - 1 - ordinals)
        scores: npt.NDArray[Any] = bits.astype(kind).view(numpy_dtype(self.dtype))
        return scores


def default_range(given: Given, dtype: DType) -> tuple[float, float]:
    """All that have a finite loss from logits: the finite numbers; all probabilities."""
    return (0.0, 1.0) if given == "probs" else (-largest(dtype), largest(dtype))


def rounded_range(given: Given, dtype: DType, low: float, high: float) -> tuple[float, float]:
    """The numbers of the dtype from low to high, the outermost ones; ValueError where there is
    none, or one is no such score."""
    ends = np.array([low, high])
    if np.isnan(ends).any() or low > high:
        raise ValueError("two numbers, the smaller one first")
    if given == "probs" and not (low >= 0 and high <= 1):
        raise ValueError("probabilities are from 0 to 1")
    first, last = (float(end) for end in rounded(ends, dtype).astype(np.float64))
    if first < low:
        first = _next(first, np.inf, dtype)
    if last > high:
        last = _next(last, -np.inf, dtype)
    if first > last:
        raise ValueError(f"no {dtype} lies between them")
    return first, last


def _next(number: float, towards: float, dtype: DType) -> float:
    kind = numpy_dtype(dtype)
    return float(np.nextafter(kind.type(number), kind.type(towards)))
