"""Bounds of large problems: a part at a time, without the terms that they are made of."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from xent_check.problem.dtypes import Float64s, unit_roundoff
from xent_check.problem.parts import VALUES, in_threads, one_sample
from xent_check.problem.problem import Problem

from .bounds import Bounds, bounds
from .bounds_totals import total_bound
from .enclosure import Enclosure
from .reference import Reference

_AT_ONCE = 2**16  # values: a bound is made of dozens of arrays


def bounds_in_parts(
    problem: Problem,
    reference: Reference,
    make: Callable[[Problem, Reference], Bounds] = bounds,
) -> Bounds:
    """The bounds of a problem by `make`; of one that has more values than a part, with no terms."""
    if problem.values.size <= VALUES:
        return make(problem, reference)
    exact = reference.losses.high.reshape(-1)
    losses, gradient = np.empty(exact.size), _room(problem)

    def work(samples: slice, part: Problem) -> None:
        made = make(part, _of_losses(exact[samples]))
        losses[samples] = made.losses
        if gradient is not None and made.gradient is not None:
            gradient[samples] = made.gradient

    in_threads(problem, work, _AT_ONCE)
    shaped = losses.reshape(problem.samples_shape)
    totals = {r: total_bound(problem, reference, shaped, r) for r in reference.totals}
    return Bounds(shaped, totals, _shaped(problem, gradient), {}, unit_roundoff(problem.dtype))


def terms_at(problem: Problem, reference: Reference, index: tuple[int, ...]) -> dict[str, float]:
    """The parts of one loss's bound in units of u, by name."""
    part, exact = sample_at(problem, reference, index)
    return {name: float(term[0]) for name, term in bounds(part, exact).terms.items()}


def sample_at(
    problem: Problem, reference: Reference, index: tuple[int, ...]
) -> tuple[Problem, Reference]:
    """One sample as a problem of its own, with its exact loss."""
    flat = int(np.ravel_multi_index(index, problem.samples_shape))
    exact = reference.losses.high.reshape(-1)[flat : flat + 1]
    return one_sample(problem, flat), _of_losses(exact)


def _of_losses(exact: Float64s) -> Reference:
    zero = np.zeros_like(exact)
    return Reference(Enclosure(exact, zero, zero), {}, {}, None)


def _room(problem: Problem) -> Float64s | None:
    """For the gradient's bounds: samples first, classes last."""
    if not problem.gradient:
        return None
    count = math.prod(problem.samples_shape)
    return np.empty(count if problem.loss == "binary" else (count, problem.num_classes))


def _shaped(problem: Problem, gradient: Float64s | None) -> Float64s | None:
    if gradient is None or problem.loss == "binary":
        return None if gradient is None else gradient.reshape(problem.values.shape)
    whole = gradient.reshape(*problem.samples_shape, problem.num_classes)
    return np.moveaxis(whole, -1, problem.class_axis)
