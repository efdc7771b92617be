"""The bounds of some samples, and numbers that no bound of a run of neighbours is below.

With a target of 0 or 1 and no options, the bound of a binary loss from logits is

    B(z) = u (abs(z) + (ke + 1) s + (kl + 1) log1p(s) + 2 l) + f + 5 f max(1, l)

with s = exp(-abs(z)) and l the loss (bounds_binary.py; 2 l is what storing it costs). As abs(z)
grows, s and log1p(s) fall; so does l on the side of the target, and on the other it grows by at
most what abs(z) grows by. So where a <= c are the sizes of two logits of one sign,

    B(a) >= B(c) - u (c - a)                on the side of the target
    B(a) >= B(c) - (3 u + 5 f) (c - a)      on the other

One u more than these, and 2^-30 of what is left, are more than float64 and the error of l make.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s, unit_roundoff
from xent_check.problem.problem import Problem

from .bounds import Bounds, bounds
from .bounds_in_parts import losses_alone
from .reference import Reference, reference
from .rounding import once
from .truth import Truth, truth

Indices = npt.NDArray[np.intp]


def has_least_bound(problem: Problem) -> bool:
    """Whether `least_bounds` knows its bounds."""
    if problem.loss != "binary" or problem.given != "logits" or problem.gradient:
        return False
    target = once(problem.labels)
    return not problem.options and target.size == 1 and target.item() in (0, 1)


def sparing_truth(problem: Problem) -> Truth | Reference:
    """The truth; of what `has_least_bound` the exact values alone, for the bounds can be computed
    of those samples that they are looked at for."""
    return reference(problem) if has_least_bound(problem) else truth(problem)


def some_bounds(problem: Problem, exact: Float64s) -> Bounds:
    """The bounds of the losses of some samples of a problem, whose exact losses these are; without
    their terms. The same numbers as in the whole."""
    return bounds(problem, losses_alone(exact), exact.size)


def least_bounds(problem: Problem, exact: Float64s, starts: Indices) -> Float64s:
    """For each run of neighbours a number that none of their bounds is below: 0, or little below
    the smallest of them.

    problem: one that `has_least_bound`, of logits in their order. exact: their losses. starts:
    where each run begins, the last of which ends with the problem. Shape: [runs]
    """
    last = np.append(starts[1:], exact.size) - 1
    first, end = (problem.values[at].astype(np.float64) for at in (starts, last))
    outer = np.where(end > 0, last, starts)
    some = Problem("binary", "logits", problem.values[outer], problem.labels[outer], problem.dtype)
    bound = some_bounds(some, exact[outer]).losses
    on_its_side = (first > 0) == (once(problem.labels).item() == 1)
    falls = np.where(on_its_side, 2.0, 4.0) * unit_roundoff(problem.dtype)
    least = (bound - falls * np.abs(end - first)) * (1 - 2.0**-30)
    one_sign = (first > 0) == (end > 0)
    return np.where(one_sign & (least > 0), least, 0.0)
