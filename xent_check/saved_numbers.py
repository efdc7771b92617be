"""Saved numbers: what a saved result has of losses, totals and gradient, as a comparison again."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from .bounds import Bounds
from .comparison import Comparison, share_of
from .difference import Difference, Excerpt, Judge
from .dtypes import Float64s, spacing, unit_roundoff
from .enclosure import Enclosure
from .excerpts import WORST
from .expectation import Published
from .saved_checks import ContradictionError
from .saved_fields import SavedArray, SavedGradient, SavedResult, SavedTotal


def comparison_of(r: SavedResult) -> Comparison:
    """The comparison of a result that was compared, under the tolerance that it was saved with."""
    bounds = _bounds(r)
    judge = Judge(r.tolerance, bounds, r.asked_dtype or "")
    saved = r.gradient
    given = {name: total for name, total in r.totals.items() if total.reason is None}
    unsupported: dict[str, str] = {n: t.reason for n, t in r.totals.items() if t.reason is not None}
    gradient = expected_gradient = None
    if saved is not None and saved.reason is not None:
        unsupported["gradient"] = saved.reason
    elif saved is not None:
        gradient = _difference(judge, "gradient", saved.actual, saved, saved.diverging_elements)
        expected_gradient = _expected(judge, "gradient", saved.actual, saved)
    made = Comparison(
        losses=_difference(judge, "losses", r.losses, r, r.diverging_samples or 0),
        totals={name: _total(judge, name, total) for name, total in given.items()},
        expected_losses=_expected(judge, "losses", r.losses, r),
        expected_totals={
            name: _expected_total(judge, name, total)
            for name, total in given.items()
            if total.expected is not None
        },
        unsupported=unsupported,
        wide_radius=False,
        gradient=gradient,
        expected_gradient=expected_gradient,
        share=None,
        bounds=bounds,
        divisors={n: t.divisor for n, t in given.items() if t.divisor is not None},
        asked=r.asked,
        unheld=_unheld(r),
    )
    if bounds is not None:
        made = replace(made, share=share_of(made.losses, bounds.losses))
    if not made.divisors:
        return made
    whole = replace(made, gradient=None, expected_gradient=None)
    return replace(made, expected_totals=whole.under(r.tolerance).expected_totals)


def _unheld(r: SavedResult) -> dict[str, Published]:
    """What is stated of the parts that the implementation does not have."""
    parts: dict[str, SavedTotal | SavedGradient] = {str(n): t for n, t in r.totals.items()}
    if r.gradient is not None:
        parts["gradient"] = r.gradient
    return {
        name: Published(_array(part.expected), _array(part.expected_unit))
        for name, part in parts.items()
        if part.reason is not None and part.expected is not None
    }


def _bounds(r: SavedResult) -> Bounds | None:
    """Without the terms that they were made of; of an excerpt, for what it holds."""
    totals = {name: total.bound for name, total in r.totals.items() if total.bound is not None}
    losses = _bound_of(r, r.shape)
    if losses is None or r.dtype is None:
        return None
    gradient = None if r.gradient is None else _bound_of(r.gradient, r.gradient.shape)
    return Bounds(losses, totals, gradient, {}, unit_roundoff(r.asked_dtype or r.dtype))


def _bound_of(saved: SavedArray, shape: tuple[int, ...] | None) -> Float64s | None:
    if saved.worst is None:
        return None if saved.bound is None else _array(saved.bound, shape)
    rows = [row.bound for row in saved.rows if row.bound is not None]
    return _array(rows) if len(rows) == len(saved.rows) else None


def _difference(
    judge: Judge, part: str, actual: Any, saved: SavedArray, diverging: int
) -> Difference:
    """The whole array, or the excerpt that was kept of it."""
    dtype, shape = saved.dtype or "float64", saved.shape or ()
    if saved.worst is None:
        target, distance = _array(saved.reference, shape), _array(saved.abs_diff, shape)
        return judge.again(part, _unjudged(_array(actual, shape), target, distance, dtype, 0.0))
    rows = saved.rows
    _complete(part, saved)
    target = _array([row.reference for row in rows])
    distance = _array([row.abs_diff for row in rows])
    numbers = _array([row.actual for row in rows])
    kept = judge.again(part, _unjudged(numbers, target, distance, dtype, 0.0))
    least = kept.diverging
    possible = least == diverging if saved.at_least or not least else least <= diverging
    excerpt = Excerpt(
        indices=tuple(row.index for row in rows),
        shape=shape,
        diverging=diverging if possible and diverging <= math.prod(shape) else least,
        classes=saved.classes,
        digest=saved.digest,
        least=_array([np.nan if r.least_reference is None else r.least_reference for r in rows]),
        stands_for=np.array([row.stands_for for row in rows], dtype=np.intp),
        at_least=saved.at_least,
    )
    return replace(kept, excerpt=excerpt)


def _complete(part: str, saved: SavedArray) -> None:
    """ContradictionError where the rows of an excerpt cannot be all that were kept."""
    size, rows = math.prod(saved.shape or ()), saved.rows
    stand = sum(row.stands_for for row in rows)
    if len(saved.worst or ()) != min(WORST, size) or stand != size:
        raise ContradictionError(f"{part}: its rows stand for {stand} of {size} numbers")
    shape = saved.shape or ()
    for row in rows:
        if len(row.index) != len(shape) or any(
            not 0 <= i < n for i, n in zip(row.index, shape, strict=True)
        ):
            raise ContradictionError(f"{part}: no place {list(row.index)} in {list(shape)}")
    if len({row.index for row in rows}) < len(rows):
        raise ContradictionError(f"{part}: a row stands there twice")


def _total(judge: Judge, name: str, total: SavedTotal) -> Difference:
    target, distance = _array(total.reference), _array(total.abs_diff)
    made = _unjudged(_array(total.actual), target, distance, total.dtype or "float64", 0.0)
    return judge.again(name, made)


def _expected(judge: Judge, part: str, actual: Any, saved: SavedArray) -> Difference | None:
    if saved.expected is None:
        return None
    shape, dtype = saved.shape or (), saved.dtype or "float64"
    unit = _array(saved.expected_unit, shape)
    return _stated(judge, part, _array(actual, shape), _array(saved.expected, shape), dtype, unit)


def _expected_total(judge: Judge, name: str, total: SavedTotal) -> Difference:
    dtype, unit = total.dtype or "float64", _array(total.expected_unit or 0.0)
    return _stated(judge, name, _array(total.actual), _array(total.expected), dtype, unit)


def _stated(
    judge: Judge, part: str, actual: Float64s, target: Float64s, dtype: str, unit: Float64s
) -> Difference:
    zero = np.zeros_like(target)
    distance = Enclosure(target, zero, zero).distance(actual)
    return judge.again(part, _unjudged(actual, target, distance, dtype, unit))


def _unjudged(
    actual: Float64s, target: Float64s, distance: Float64s, dtype: str, unit: Float64s | float
) -> Difference:
    """The distance is from the exact value, of which `target` is the nearest float64: it is the
    difference of the two to within the spacing of either, or it is not believed."""
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.abs(actual - target)
        near = spacing(target, "float64") + 2 * spacing(apart, "float64")
        believed = ~np.isfinite(apart) | (np.abs(distance - apart) <= near)
    distance = np.where(believed, distance, apart)
    return Difference(actual, target, distance, distance, np.zeros_like(target), dtype, unit)


def _array(numbers: Any, shape: tuple[int, ...] | None = None) -> Float64s:
    array = np.asarray(numbers, dtype=np.float64)
    return array if shape is None else array.reshape(shape)
