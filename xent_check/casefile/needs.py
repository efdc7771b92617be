"""Needs: how much memory a run takes beside the arrays of its case files.

Per loss, and per entry of a gradient, in bytes. The process that the user starts holds the exact
value in two numbers, its radius and its bound (TRUTH), and of every answer the number, its
difference, that in ulps, and what is allowed (ANSWER); comparing one takes a few more that go again
(PASSING). A framework's process takes copies of what it gets and gives (WORKER), each of the
inputs' size. Measured by `python -m tests.bench.large`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from xent_check.problem.dtypes import numpy_dtype
from xent_check.problem.problem import Array, Problem
from xent_check.problem.vocabulary import DType

TRUTH = 32
ANSWER = 32
PASSING = 24
WORKER = 6


@dataclass(frozen=True)
class Size:
    """values: how many logits, probs or log_probs there are; samples: how many losses."""

    values: int
    samples: int
    dtype: DType
    gradient: bool

    @property
    def held(self) -> int:
        """What the exact values take, as long as the run."""
        return self._numbers * TRUTH

    @property
    def of_answer(self) -> int:
        """What one answer takes, as long as the run."""
        return self._numbers * ANSWER

    @property
    def passing(self) -> int:
        """What comparing one answer takes, and no longer."""
        return self._numbers * PASSING

    @property
    def of_worker(self) -> int:
        """What a framework's process takes while it answers."""
        width = numpy_dtype(self.dtype).itemsize
        return WORKER * width * (self.values + self._numbers)

    @property
    def alone(self) -> int:
        """What one implementation's answer takes in all."""
        return self.held + self.of_answer + max(self.passing, self.of_worker)

    @property
    def _numbers(self) -> int:
        return self.samples + (self.values if self.gradient else 0)


def size_of(problem: Problem) -> Size:
    """The size of a problem."""
    samples = math.prod(problem.samples_shape)
    return Size(problem.values.size, samples, problem.dtype, problem.gradient)


def copies(arrays: Mapping[str, Array], dtype: DType) -> int:
    """What rounding arrays to the dtype takes: nothing for those that have it."""
    to = numpy_dtype(dtype)
    return sum(a.size * to.itemsize for a in arrays.values() if a.dtype not in (to, "int64"))
