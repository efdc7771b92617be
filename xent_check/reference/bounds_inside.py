"""The bounds of what computes numbers of 16 bits in float32 and rounds the result to them.

A loss or an entry of the gradient is within the bound of the same problem in float32, and r u of
its size, u being that of the 16 bits: r is 1 for the result, and one more for each of class_weight,
sample_weight and cotangent, which multiply it, and whose products may be flushed to 0. An
implementation's row in the table says whether it computes so; one that comes to round on the way, a
log-sum-exp for example, exceeds this. Totals keep the bound of any losses of the dtype: what adds
them up is another function.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from xent_check.problem.dtypes import Float64s, unit_roundoff
from xent_check.problem.problem import Problem

from .bounds import Bounds, bounds
from .bounds_binary import binary_parts
from .bounds_classes import class_parts
from .bounds_in_parts import bounds_in_parts, sample_at
from .reference import Reference
from .rounding import FLUSHED


def inside_float32(problem: Problem, reference: Reference, own: Bounds) -> Bounds:
    """The bounds of a problem of 16 bits whose losses are computed in float32. own: those of the
    dtype, which stay where smoothing is made of labels in 16 bits, and for the gradient of soft
    labels, which need not add up to 1."""
    if problem.label_smoothing:
        return own
    wide = bounds_in_parts(problem, reference, _wide)
    u, floor = unit_roundoff(problem.dtype), FLUSHED[problem.dtype]
    weights = (problem.class_weight, problem.sample_weight)
    roundings = 1.0 + sum(weight is not None for weight in weights)
    stored = roundings * np.where(problem.kept, _size(reference.losses.high), 0.0)
    losses = wide.losses + u * stored + floor
    terms = {name: term * (wide.u / u) for name, term in wide.terms.items()}
    terms |= {"round": stored} if terms else {}
    gradient = own.gradient
    if wide.gradient is not None and reference.gradient is not None and _one_hot(problem):
        roundings += problem.cotangent is not None
        gradient = wide.gradient + u * roundings * _size(reference.gradient.high) + floor
    return Bounds(losses, own.totals, gradient, terms, u, in_float32=True)


def _wide(problem: Problem, reference: Reference) -> Bounds:
    """The bounds in float32, and what products of 16 bits that are flushed to 0 can lose."""
    made = bounds(replace(problem, dtype="float32"), reference)
    of = binary_parts if problem.loss == "binary" else class_parts
    lost = of(problem, unit_roundoff(problem.dtype), FLUSHED[problem.dtype])
    losses = made.losses + np.where(problem.kept, lost.flushed, 0.0)
    if made.gradient is None or lost.gradient_flushed is None:
        return replace(made, losses=losses)
    return replace(made, losses=losses, gradient=made.gradient + lost.gradient_flushed)


def terms_inside_at(
    problem: Problem, reference: Reference, index: tuple[int, ...]
) -> dict[str, float]:
    """The parts of one loss's bound in units of the 16 bits' u, by name."""
    part, exact = sample_at(problem, reference, index)
    made = inside_float32(part, exact, bounds(part, exact))
    return {name: float(term[0]) for name, term in made.terms.items()}


def _size(exact: Float64s) -> Float64s:
    return np.abs(np.where(np.isfinite(exact), exact, 0.0))


def _one_hot(problem: Problem) -> bool:
    """Whether every label has one class, and all of it."""
    if problem.loss == "sparse_categorical":
        return True
    masses = problem.labels.astype(np.float64)
    ones = masses.sum(axis=problem.class_axis) == 1
    return bool(np.isin(masses, (0.0, 1.0)).all() and ones.all())
