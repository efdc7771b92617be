"""Reference: the exact mathematical value of a problem, as an enclosure.

It shares no code with any implementation. The smallest problems go through ball arithmetic
(balls.py), larger ones through pairs of float64 numbers (pairs_classes.py), large ones through a
float64 pass (float64.py), both with a proven error bound. What these do not compute, or not closely
enough, goes on to the next that is closer, and to ball arithmetic in the end.

The extended reals follow the meaning of the case file: -log 0 is inf, a coefficient of 0 drops
its term, a nan or +inf logit is nan, inf - inf is nan, a label outside the classes is nan.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s
from xent_check.problem.options import refuse_unknown
from xent_check.problem.parts import in_threads, order_of, parts, samples_at
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import PARAMETER_PARTS, Parameter, Reduction

from .balls import (
    SmallProblem,
    exact_gradient,
    exact_layer_gradients,
    exact_losses,
    exact_totals,
)
from .divisors import Divisor, divisor, nearest
from .enclosure import Enclosure, is_narrow
from .float64 import fast_losses, fast_totals
from .float64_gradient import fast_gradient
from .pairs_classes import in_pairs, pair_gradient, pair_losses

Indices = npt.NDArray[np.intp]

SMALL = 20_000  # values; below it ball arithmetic takes well under a second
_FEWEST = 200  # values; below it ball arithmetic is the quickest
# Values of binary taken to float64 at once: more leave the cache, and ask the system for the memory
# of each array; fewer spend more on Python between NumPy's calls.
_IN_CACHE = 2**15
# The options that the reference gives a meaning to; `reference` refuses any other.
KNOWN = frozenset({
    "class_axis", "normalize", "ignore_index", "label_smoothing", "class_weight", "pos_weight",
    "sample_weight", "reduction", "check", "cotangent", "logit_scale", "softcap", "z_loss",
    "num_items", "shift", "smoothing_formula", "layout", "weight", "bias",
})  # fmt: skip


@dataclass(frozen=True, eq=False)
class Reference:
    """The exact values of a problem."""

    losses: Enclosure  # the samples' shape
    totals: dict[Reduction, Enclosure]  # shape ()
    divisors: dict[Reduction, float]  # total = sum of losses / divisor, to the nearest float64
    gradient: Enclosure | None  # the values' shape; None: not asked for
    # By each parameter of the last layer, of its shape; empty where there is none, or not asked for
    by_parameters: Mapping[Parameter, Enclosure] = field(default_factory=dict)

    @property
    def gradients(self) -> dict[str, Enclosure]:
        """The gradients that were asked for, by the name of the part."""
        parts = {} if self.gradient is None else {"gradient": self.gradient}
        return parts | {PARAMETER_PARTS[name]: part for name, part in self.by_parameters.items()}


def reference(problem: Problem) -> Reference:
    """The enclosure of every loss, total and gradient entry: each radius at most 1/1024 ulp of
    the problem's dtype.

    Near 0, where float64 cannot represent 1/1024 ulp, the radius is at most the smallest float64
    above 0. NotImplementedError where the problem has an option that is not KNOWN.
    """
    problem = problem.aligned
    refuse_unknown(problem, KNOWN, "the reference")
    divisors = {r: divisor(problem, r) for r in problem.reductions}
    pairs = in_pairs(problem) and problem.num_scores > _FEWEST
    small = SmallProblem(problem) if problem.num_scores <= SMALL and not pairs else None
    if small is not None:
        losses, totals = small.losses(), small.totals(divisors)
    else:
        losses = _large_losses(problem)
        totals = fast_totals(losses, divisors)
        overflow = problem.dtype == "float64" and np.isinf(losses.high).any()
        if overflow or not all(is_narrow(t, problem.dtype) for t in totals.values()):
            totals = exact_totals(problem, divisors)
    gradient: Enclosure | None = None
    by_parameters: Mapping[Parameter, Enclosure] = {}
    if problem.gradient and small is not None and problem.given != "hidden":
        gradient = small.gradient()
    elif problem.gradient:
        gradient, by_parameters = _gradients(problem)
    divided = {r: nearest(d) for r, d in divisors.items()}
    return Reference(losses, totals, divided, gradient, by_parameters)


def of_chunks(problem: Problem, losses: Enclosure) -> Reference:
    """The reference of a problem whose losses were enclosed chunk by chunk: with the exact totals
    of these, and without a gradient."""
    divisors = {r: divisor(problem, r) for r in problem.reductions}
    nearest_divisors = {r: nearest(d) for r, d in divisors.items()}
    return Reference(losses, fast_totals(losses, divisors), nearest_divisors, None)


def _large_losses(problem: Problem) -> Enclosure:
    """The losses, a part at a time: in float64 where that form applies to a large problem, in pairs
    where that one does, both in threads; the others in ball arithmetic, in this thread, because all
    threads share one arb precision."""
    large, count = problem.num_scores > SMALL, math.prod(problem.samples_shape)
    high, radius = np.empty(count), np.empty(count)
    low: Float64s = np.broadcast_to(np.zeros(1), count)
    lows: list[tuple[slice | Indices, Float64s]] = []  # those that are not 0, as in float64
    remaining: list[tuple[slice | Indices, Problem]] = []

    def work(samples: slice, part: Problem) -> None:
        losses = fast_losses(part) if large else None
        if losses is not None:
            high[samples], radius[samples] = losses.high, losses.radius
        elif in_pairs(part):
            losses, decided = pair_losses(part)
            high[samples], radius[samples] = losses.high, losses.radius
            lows.append((samples, losses.low))
            remaining.extend(_undecided(samples, part, decided))
        else:
            remaining.append((samples, part))

    _on_parts(problem, work)
    for place, part in remaining:
        losses = exact_losses(part)
        high[place], radius[place] = losses.high, losses.radius
        lows.append((place, losses.low))
    if lows:
        low = np.zeros(count)
    for place, numbers in lows:
        low[place] = numbers
    shape = problem.samples_shape
    return Enclosure(high.reshape(shape), low.reshape(shape), radius.reshape(shape))


def _undecided(
    samples: slice, part: Problem, decided: npt.NDArray[np.bool_]
) -> Iterator[tuple[Indices, Problem]]:
    """The samples of a part that are not decided, if any: where they stand, and their part."""
    left = np.flatnonzero(~decided)
    if left.size:
        yield samples.start + left, samples_at(part, left)


def _on_parts(problem: Problem, work: Callable[[slice, Problem], None]) -> None:
    """Call `work` on every part, in threads where the problem is large."""
    if problem.num_scores > SMALL:
        in_threads(problem, work, _IN_CACHE if problem.loss == "binary" else None)
        return
    for samples, part in parts(problem):
        work(samples, part)


def gradients_of_total(
    problem: Problem, reduction: Reduction
) -> tuple[Enclosure, Mapping[Parameter, Enclosure]]:
    """d total / d values, and by each parameter of the last layer, whatever the cotangent of the
    problem; nan where the total divides by 0. Shapes: the values', the parameters'."""
    plain = replace(problem.aligned, cotangent=None)
    return _gradients(plain, divisor(plain, reduction))


def _gradients(
    problem: Problem, over: Divisor = Fraction(1)
) -> tuple[Enclosure, Mapping[Parameter, Enclosure]]:
    """The gradient over a divisor, by the values and by each parameter of the last layer."""
    if problem.given == "hidden":
        return exact_layer_gradients(problem, over)
    return _gradient(problem, over), {}


def _by_class(count: int, n: int) -> Float64s:
    """Shape: [3, count, n]."""
    by_class = order_of(n) == "F"
    return np.empty((3, n, count)).swapaxes(1, 2) if by_class else np.empty((3, count, n))


def _gradient(problem: Problem, over: Divisor = Fraction(1)) -> Enclosure:
    """The gradient over a divisor, a part at a time, by the same ways as the losses; over a divisor
    that is not 1 in ball arithmetic alone. Shape: the values'."""
    large = problem.num_scores > SMALL
    binary, count = problem.loss == "binary", math.prod(problem.samples_shape)
    arrays: Float64s = np.empty((3, count)) if binary else _by_class(count, problem.num_classes)
    remaining: list[tuple[slice | Indices, Problem]] = []

    def work(samples: slice, part: Problem) -> None:
        entries = fast_gradient(part) if large and over == 1 else None
        if entries is not None and is_narrow(entries, part.dtype):
            arrays[:, samples] = entries.high, entries.low, entries.radius
        elif over == 1 and problem.num_scores > _FEWEST and in_pairs(part):
            enclosed, decided = pair_gradient(part)
            arrays[:, samples] = enclosed.high, enclosed.low, enclosed.radius
            remaining.extend(_undecided(samples, part, decided))
        else:
            remaining.append((samples, part))

    _on_parts(problem, work)
    for place, part in remaining:
        entries = exact_gradient(part, over)
        arrays[:, place] = entries.high, entries.low, entries.radius
    if binary:
        return Enclosure(*arrays.reshape(3, *problem.values.shape))
    classes_last = arrays.reshape(3, *problem.samples_shape, problem.num_classes)
    axis = problem.class_axis % problem.values.ndim
    return Enclosure(*np.moveaxis(classes_last, -1, axis + 1))
