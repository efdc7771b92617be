"""Domain: inputs of a loss by their place, in the order of their numbers.

binary: each number of a dtype between two ends, with one target. Two classes: each pair of numbers
of a 16-bit dtype, with one label. With a stride, each number that lies so many on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import largest, numpy_dtype, rounded
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DType, Given, Loss

Scores = npt.NDArray[Any]
DTYPES: tuple[DType, ...] = ("float16", "bfloat16", "float32", "float64")
PAIRS: tuple[DType, ...] = ("float16", "bfloat16")  # of two classes
# The unsigned integers of as many bits, and how many that is.
_BITS: dict[str, tuple[np.dtype[Any], int]] = {
    "float16": (np.dtype(np.uint16), 16),
    "bfloat16": (np.dtype(np.uint16), 16),
    "float32": (np.dtype(np.uint32), 32),
    "float64": (np.dtype(np.uint64), 64),
}


@dataclass(frozen=True)
class Domain:
    """Inputs by their index, from 0. A place is the index that an input has at a stride of 1."""

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
    stride: int = 1
    """from each number to the next, counted in numbers of the dtype"""

    @cached_property
    def numbers(self) -> int:
        """How many numbers the dtype has from low to high, both counted, 0 and -0 too."""
        return self._ordinal(self.high) - self._ordinal(self.low) + 1

    @cached_property
    def taken(self) -> int:
        """How many of these there are at the stride."""
        return (self.numbers - 1) // self.stride + 1

    @property
    def count(self) -> int:
        """How many inputs there are."""
        return self.taken if self.loss == "binary" else self.taken**2

    @property
    def width(self) -> int:
        """How many scores an input has."""
        return 1 if self.loss == "binary" else 2

    def scores(self, start: int, stop: int) -> npt.NDArray[Any]:
        """The scores of the inputs from start to stop. Shape: [inputs], or [inputs, 2]."""
        if self.loss == "binary":
            neighbours = self._neighbours(start, stop)
            if neighbours is not None:
                return neighbours
            return self._at(start * self.stride, np.arange(stop - start, dtype=np.uint64))
        index = np.arange(start, stop, dtype=np.uint64)
        return self._at(0, np.stack([index // self.taken, index % self.taken])).T

    def place(self, index: int) -> int:
        """The place of the input at an index."""
        if self.loss == "binary":
            return index * self.stride
        first, second = divmod(index, self.taken)
        return (first * self.numbers + second) * self.stride

    def scores_at(self, place: int) -> npt.NDArray[Any]:
        """The scores of the input at a place. Shape: [1], or [1, 2]."""
        offsets = [place] if self.loss == "binary" else divmod(place, self.numbers)
        scores = np.concatenate([self._at(offset, np.zeros(1, np.uint64)) for offset in offsets])
        return scores if self.loss == "binary" else scores[None]

    def problem(self, start: int, stop: int) -> Problem:
        """The inputs from start to stop as one problem."""
        return self.problem_of(self.scores(start, stop))

    def problem_of(self, scores: npt.NDArray[Any]) -> Problem:
        """Inputs with these scores as one problem."""
        kind = numpy_dtype(self.dtype) if self.loss == "binary" else np.int64
        labels = np.broadcast_to(np.asarray(self.label, dtype=kind), len(scores))
        normalize = False if self.given == "probs" and self.loss != "binary" else None
        return Problem(
            self.loss, self.given, scores, labels, self.dtype,
            normalize=normalize, gradient=self.gradient,
        )  # fmt: skip

    def bits(self, place: int) -> str:
        """The bits of the scores at a place, in hexadecimal."""
        kind, width = _BITS[self.dtype]
        scores = np.atleast_1d(self.scores_at(place)[0])
        return " ".join(f"0x{int(bits):0{width // 4}x}" for bits in scores.view(kind))

    @property
    def directions(self) -> tuple[int, ...]:
        """Whether each number of an answer grows (1) with the score that changes between
        neighbours, the last, or falls (-1), or does not depend on it (0): the loss, or the
        gradient's entries."""
        towards = 1 if self.label == 0 else -1  # of the loss, for the score of another class
        if self.loss == "binary":
            return (1,) if self.gradient else (towards,)
        if self.given == "probs":
            return (0, self.label) if self.gradient else (-self.label,)
        return (-1, 1) if self.gradient else (towards,)

    def around(self, place: int, reach: int, stride: int) -> Domain:
        """The numbers of a binary domain that lie at most `reach` from the one at a place."""
        first, last = max(0, place - reach), min(self.numbers - 1, place + reach)
        low, high = (float(self.scores_at(end)[0]) for end in (first, last))
        return replace(self, low=low, high=high, stride=stride)

    def offset_of(self, inner: Domain) -> int:
        """The place here of the first number of a domain within this one."""
        return self._ordinal(inner.low) - self._ordinal(self.low)

    def _ordinal(self, number: float) -> int:
        """The place of a number among all of its dtype: 0 is that of 0, -1 that of -0."""
        kind, width = _BITS[self.dtype]
        bits = int(np.asarray(number).astype(numpy_dtype(self.dtype)).view(kind))
        sign = 1 << (width - 1)
        return sign - 1 - bits if bits >= sign else bits

    def _neighbours(self, start: int, stop: int) -> npt.NDArray[Any] | None:
        """The scores of the inputs from start to stop, where these are numbers of one sign without
        a gap: their bits count up or down. None where they are not."""
        kind, width = _BITS[self.dtype]
        low = self._ordinal(self.low)
        first, end = low + start, low + stop
        if self.stride != 1 or first < 0 < end:
            return None
        if first < 0:
            sign = (1 << (width - 1)) - 1
            first, end = sign - first, sign - end
        bits = np.arange(first, end, 1 if end > first else -1, dtype=kind)
        scores: npt.NDArray[Any] = bits.view(numpy_dtype(self.dtype))
        return scores

    def _at(self, offset: int, steps: npt.NDArray[np.uint64]) -> npt.NDArray[Any]:
        """The numbers at an offset from low and so many strides further."""
        kind, width = _BITS[self.dtype]
        first = np.uint64((self._ordinal(self.low) + offset) % 2**64)
        if self.stride != 1:
            steps = steps * np.uint64(self.stride)
        bits = ordinals = (steps + first).view(np.int64)  # modulo 2^64
        if ordinals.min(initial=0) < 0:
            negative = np.int64(-(2**63)) if width == 64 else np.int64(1 << (width - 1))
            bits = np.where(ordinals >= 0, ordinals, ~ordinals | negative)
        scores: npt.NDArray[Any] = bits.view(np.uint64).astype(kind).view(numpy_dtype(self.dtype))
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
