"""The bounds of implementations that compute 16-bit numbers in float32 and round the result.

A loss or gradient entry errs by at most the bound of the same problem in float32, and r u times its
size, u that of the 16-bit dtype: r is 1 for the result, and one more for each of class_weight,
sample_weight and cotangent, which multiply it, and whose products may be flushed to 0. The table
of implementations says which ones compute so; one that rounds an intermediate, a log-sum-exp for
example, exceeds this bound. Totals keep the bound of the dtype, because another function adds the
losses up.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from xent_check.problem.dtypes import Float64s, unit_roundoff
from xent_check.problem.problem import Problem

from .bounds import Bounds, bounds, bounds_of_parts, rounding_parts
from .bounds_in_parts import bounds_in_parts, sample_at
from .reference import Reference
from .rounding import FLUSHED, capped


def inside_float32(problem: Problem, reference: Reference, in_dtype: Bounds) -> Bounds:
    """The bounds of a 16-bit problem whose losses are computed in float32. in_dtype: its bounds in
    the 16-bit dtype. They still hold with smoothing, which rounds the labels to 16 bits, and for
    the gradient of soft labels, which need not add up to 1."""
    if problem.label_smoothing:
        return in_dtype
    problem = problem.aligned
    wide = bounds_in_parts(problem, reference, _wide)
    u, floor = unit_roundoff(problem.dtype), FLUSHED[problem.dtype]
    weights = (problem.class_weight, problem.sample_weight)
    roundings = 1.0 + sum(weight is not None for weight in weights)
    rounding = roundings * np.where(problem.kept, _size(reference.losses.high), 0.0)
    with np.errstate(over="ignore"):
        losses = capped(wide.losses + u * rounding + floor)
    terms = {name: term * (wide.u / u) for name, term in wide.terms.items()}
    terms |= {"round": rounding} if terms else {}
    gradient = in_dtype.gradient
    if wide.gradient is not None and reference.gradient is not None and _one_hot(problem):
        roundings += problem.cotangent is not None
        with np.errstate(over="ignore"):
            size = u * roundings * _size(reference.gradient.high)
            gradient = capped(wide.gradient + size + floor)
    return Bounds(losses, in_dtype.totals, gradient, terms, u, in_float32=True)


def _wide(problem: Problem, reference: Reference, samples: int | None) -> Bounds:
    """The bounds in float32, and the errors of 16-bit products that are flushed to 0."""
    in_float32 = replace(problem, dtype="float32")
    parts = rounding_parts(in_float32)
    wide = bounds_of_parts(in_float32, reference, parts, samples)
    larger = FLUSHED[problem.dtype] / FLUSHED["float32"]  # they are as large as what is flushed
    with np.errstate(over="ignore"):  # where weights overflow, the largest float64 is the bound
        losses = capped(wide.losses + np.where(problem.kept, larger * parts.flushed, 0.0))
        if wide.gradient is None or parts.gradient_flushed is None:
            return replace(wide, losses=losses)
        gradient = capped(wide.gradient + larger * parts.gradient_flushed)
    return replace(wide, losses=losses, gradient=gradient)


def terms_inside_at(
    problem: Problem, reference: Reference, index: tuple[int, ...]
) -> dict[str, float]:
    """The terms of the bound of the loss at `index`, in units of the 16-bit dtype's u, by name."""
    part, exact = sample_at(problem, reference, index)
    inside = inside_float32(part, exact, bounds(part, exact))
    return {name: float(term[0]) for name, term in inside.terms.items()}


def _size(exact: Float64s) -> Float64s:
    return np.abs(np.where(np.isfinite(exact), exact, 0.0))


def _one_hot(problem: Problem) -> bool:
    """Whether every label is one class with mass 1."""
    if problem.loss == "sparse_categorical":
        return True
    masses = problem.labels.astype(np.float64)
    ones = masses.sum(axis=problem.class_axis) == 1
    return bool(np.isin(masses, (0.0, 1.0)).all() and ones.all())
