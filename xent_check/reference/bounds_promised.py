"""The bounds of a function that promises to compute 16-bit numbers in a wider dtype.

Every loss, total and gradient entry errs by at most the bound of the same problem in that dtype,
and by the rounding of the result to 16 bits. Unlike the built-in implementations of
bounds_inside.py it rounds nothing else: no label that is smoothed, no weighted loss before the last
product, and it adds up its own total.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from xent_check.problem.dtypes import Float64s, unit_roundoff
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DType

from .bounds import Bounds
from .bounds_in_parts import bounds_in_parts, sample_at
from .bounds_totals import total_bound
from .reference import Reference
from .rounding import FLUSHED, capped


def promised_bounds(problem: Problem, reference: Reference, promise: DType) -> Bounds:
    """The bounds of a 16-bit problem that is computed in the dtype `promise` and rounded once."""
    u, floor = unit_roundoff(problem.dtype), FLUSHED[problem.dtype]
    inner = replace(problem.aligned, dtype=promise)
    wide = bounds_in_parts(inner, reference)

    def once(bound: Float64s, exact: Float64s) -> Float64s:
        size = np.abs(np.where(np.isfinite(exact), exact, 0.0))
        with np.errstate(over="ignore"):
            return capped(bound + u * (size + bound) + floor)

    totals = {}
    for reduction, exact in reference.totals.items():
        bound = np.asarray(total_bound(inner, reference, wide.losses, reduction))
        totals[reduction] = float(once(bound, exact.high))
    gradient, exact_by = None, reference.by_parameters
    by_parameters = {n: once(b, exact_by[n].high) for n, b in wide.by_parameters.items()}
    if wide.gradient is not None and reference.gradient is not None:
        gradient = once(wide.gradient, reference.gradient.high)
    terms = {name: term * (wide.u / u) for name, term in wide.terms.items()}
    if terms:
        exact_losses = reference.losses.high
        terms["round"] = np.abs(np.where(np.isfinite(exact_losses), exact_losses, 0.0))
    losses = once(wide.losses, reference.losses.high)
    return Bounds(losses, totals, gradient, terms, u, promise=promise, by_parameters=by_parameters)


def promised_terms_at(
    problem: Problem, reference: Reference, index: tuple[int, ...], promise: DType
) -> dict[str, float]:
    """The terms of the bound of the loss at `index`, in units of the 16-bit dtype's u, by name."""
    part, exact = sample_at(problem, reference, index)
    terms = promised_bounds(part, exact, promise).terms
    return {name: float(term[0]) for name, term in terms.items() if math.isfinite(term[0])}
