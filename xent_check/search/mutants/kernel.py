"""Kernel: what right losses and their mutants have in common.

A kernel answers a problem in its steps, each a method. A mutant is a right kernel with one step
that is wrong: its docstring says what is wrong, `source` who met it, `needs` what a problem must
have for it to show.
"""

from __future__ import annotations

import inspect
import re
import time
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import rounded
from xent_check.problem.evaluation import Computed
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Given, Loss, Reduction

Array = npt.NDArray[Any]
_WORD = re.compile(r"[A-Z][a-z]*|[0-9]+")
_DTYPE = re.compile(r"(float|int)-([0-9]+)")


class Kernel:
    """A loss in NumPy, its gradient and its totals. It computes in float32, float64 in float64,
    and rounds what it returns to the problem's dtype."""

    source: ClassVar[str] = ""
    """the public report, below https://github.com/; empty for a right one"""
    losses_taken: ClassVar[tuple[Loss, ...]] = ()
    given: ClassVar[Given] = "logits"
    reasons: ClassVar[tuple[str, ...]] = ()
    """the ids by which `explain` may name the bug, read off the code; joined by + where it is two
    at once; none where an id does not say it"""
    needs: ClassVar[tuple[str, ...]] = ()
    """what a problem must have for the bug to show: names of `needs.NEEDS`"""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.work: Any = np.float64 if problem.dtype == "float64" else np.float32
        self.kept = self.is_kept()

    @classmethod
    def id(cls) -> str:
        """`maximum-from-zero` for MaximumFromZero, `in-float32` for InFloat32."""
        words = "-".join(_WORD.findall(cls.__name__)).lower()
        return _DTYPE.sub(r"\1\2", words)

    @classmethod
    def wrong(cls) -> str:
        """What is wrong with it, in one sentence."""
        return " ".join((inspect.getdoc(cls) or cls.__name__).split()).rstrip(".")

    def answer(self) -> Computed:
        """The losses, the totals and the gradient that the problem asks for."""
        problem, start = self.problem, time.perf_counter()
        with np.errstate(all="ignore"):
            losses = self.losses()
            totals = {r: self.total(r, losses) for r in problem.reductions}
            gradient = self.gradient() if problem.gradient else None
            shaped = self.returned(losses).reshape(problem.samples_shape)
        return Computed(
            shaped,
            {r: self.returned(np.asarray(total)) for r, total in totals.items()},
            self.id(),
            time.perf_counter() - start,
            None if gradient is None else self.returned(gradient),
        )

    # ---- the steps ----------------------------------------------------------------------------

    def losses(self) -> Array:
        """One per sample, weights included, flat."""
        raise NotImplementedError

    def gradient(self) -> Array:
        """Of sum(cotangent * losses), of the values' shape."""
        raise NotImplementedError

    def is_kept(self) -> Array:
        """Whether each sample counts, flat."""
        return self.problem.kept.reshape(-1)

    def count(self) -> Any:
        """The divisor of the mean."""
        return self.work(np.count_nonzero(self.kept))

    def weights(self) -> Array:
        """Of each sample in the weighted mean, flat."""
        return self.sample_weight() * np.ones(self.kept.size, self.work)

    def product(self, factor: Any, numbers: Array) -> Array:
        """factor * numbers; a factor of 0 leaves the number out."""
        return np.where(factor == 0, 0, factor * numbers).astype(self.work)

    def added(self, numbers: Array) -> Any:
        """The sum of numbers in one row or, of two axes, along each row."""
        return numbers.sum(axis=-1)

    def total(self, reduction: Reduction, losses: Array) -> Any:
        """The losses added up and divided."""
        total = self.summed(losses)
        if reduction == "sum":
            return total
        if reduction == "mean":
            return total / self.count()
        weight = self.added(np.where(self.kept, self.weights(), 0).astype(self.work))
        return total / weight if weight else self.work(np.nan)

    def summed(self, losses: Array) -> Any:
        """The sum of the losses of all samples."""
        return self.added(losses)

    def returned(self, numbers: Array) -> Array:
        """Rounded to the problem's dtype."""
        return rounded(numbers, self.problem.dtype)

    def sample_weight(self) -> Any:
        """One per sample, flat; 1 without any."""
        return self.per_sample(self.problem.sample_weight)

    def cotangent(self) -> Any:
        """One per sample, flat; 1 without any."""
        return self.per_sample(self.problem.cotangent)

    def per_sample(self, array: Array | None) -> Any:
        """An array of the samples' shape, flat; 1 without one."""
        return self.work(1) if array is None else array.astype(self.work).reshape(-1)

    def column(self, numbers: Any) -> Any:
        """Numbers of the samples, to stand beside rows of classes."""
        return numbers[:, None] if np.ndim(numbers) else numbers
