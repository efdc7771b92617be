"""Bounds of large problems: a part at a time, without their terms."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from xent_check.problem.dtypes import Float64s, unit_roundoff
from xent_check.problem.parts import VALUES, in_threads, one_sample, order_of
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Parameter

from .bounds import Bounds, bounds
from .bounds_one_class import has_one_class
from .bounds_totals import total_bound
from .enclosure import Enclosure
from .reference import Reference
from .rounding import capped

# Values of a part. Larger ones leave the cache, smaller ones wait for Python between NumPy's calls;
# those of binary have a dozen arrays of as many numbers, which must come from what was freed.
_AT_ONCE, _AT_ONCE_OF_BINARY = 2**16, 2**15
_ROWS = 16  # of a part at least, where these are cut again


def bounds_in_parts(
    problem: Problem,
    reference: Reference,
    make: Callable[[Problem, Reference, int | None], Bounds] = bounds,
) -> Bounds:
    """The bounds of a problem, by `make`. With more than VALUES values they have no terms."""
    problem = problem.aligned
    if problem.num_scores <= VALUES:
        return make(problem, reference, None)
    exact = reference.losses.high.reshape(-1)
    losses, gradient = np.empty(exact.size), _empty_gradient(problem)
    by_parameters: dict[Parameter, Float64s] = {}

    def work(samples: slice, part: Problem) -> Mapping[Parameter, Float64s]:
        part_bounds = make(part, losses_alone(exact[samples]), exact.size)
        losses[samples] = part_bounds.losses
        if gradient is not None and part_bounds.gradient is not None:
            gradient[samples] = part_bounds.gradient
        return part_bounds.by_parameters

    def add(of_part: Mapping[Parameter, Float64s]) -> None:
        for name, entries in of_part.items():
            by_parameters[name] = capped(by_parameters.get(name, 0.0) + entries)

    in_threads(problem, work, _values_at_once(problem), add)
    losses = losses.reshape(problem.samples_shape)
    totals = {r: total_bound(problem, reference, losses, r) for r in reference.totals}
    u, shaped = unit_roundoff(problem.dtype), _shaped(problem, gradient)
    return Bounds(losses, totals, shaped, {}, u, by_parameters=by_parameters)


def _values_at_once(problem: Problem) -> int:
    """How many values a part has. Long rows of one class each are cut again: some of them together
    take little more than each alone."""
    if problem.loss == "binary":
        return _AT_ONCE_OF_BINARY
    return max(_AT_ONCE, _ROWS * problem.num_classes) if has_one_class(problem) else _AT_ONCE


def terms_at(problem: Problem, reference: Reference, index: tuple[int, ...]) -> dict[str, float]:
    """The terms of the bound of the loss at `index`, in units of u, by name."""
    part, exact = sample_at(problem, reference, index)
    return {name: float(term[0]) for name, term in bounds(part, exact).terms.items()}


def sample_at(
    problem: Problem, reference: Reference, index: tuple[int, ...]
) -> tuple[Problem, Reference]:
    """The problem of the sample at `index` alone, and a reference with its exact loss."""
    flat = int(np.ravel_multi_index(index, problem.samples_shape))
    exact = reference.losses.high.reshape(-1)[flat : flat + 1]
    return one_sample(problem, flat), losses_alone(exact)


def losses_alone(exact: Float64s) -> Reference:
    zero = np.zeros_like(exact)
    return Reference(Enclosure(exact, zero, zero), {}, {}, None)


def _empty_gradient(problem: Problem) -> Float64s | None:
    """An array for the gradient's bounds: samples first, classes last, or features."""
    if not problem.gradient:
        return None
    count = math.prod(problem.samples_shape)
    if problem.given == "hidden":
        return np.empty((count, problem.values.shape[-1]))
    if problem.loss == "binary":
        return np.empty(count)
    n = problem.num_classes
    return np.empty((count, n), order=order_of(n))


def _shaped(problem: Problem, gradient: Float64s | None) -> Float64s | None:
    if gradient is None or problem.loss == "binary" or problem.given == "hidden":
        return None if gradient is None else gradient.reshape(problem.values.shape)
    classes_last = gradient.reshape(*problem.samples_shape, problem.num_classes)
    return np.moveaxis(classes_last, -1, problem.class_axis)
