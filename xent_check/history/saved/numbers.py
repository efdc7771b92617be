"""Saved numbers: the losses, totals and gradient of a saved result, read as a comparison."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import numpy as np

from xent_check.problem.distance import distance
from xent_check.problem.dtypes import Float64s, spacing, unit_roundoff
from xent_check.problem.expectation import Published
from xent_check.problem.vocabulary import GRADIENTS, PARAMETER_PARTS, Reduction
from xent_check.reference.bounds import Bounds
from xent_check.results.comparison import Comparison, share_of
from xent_check.results.departure import Checked, Departure
from xent_check.results.difference import Allowance, Difference, Excerpt
from xent_check.results.excerpts import WORST

from .checks import ContradictionError
from .parts import (
    AnyGradient,
    AnyGradients,
    AnyTotal,
    Check,
    ExcerptOfGradient,
    Gap,
    LayerGradients,
    Total,
    WholeGradient,
)
from .results import AnyCompared, ComparedExcerpt, ComparedWhole

_Whole = ComparedWhole | WholeGradient | Total
_Excerpt = ComparedExcerpt | ExcerptOfGradient


def comparison_of(r: AnyCompared) -> Comparison:
    """The comparison in a saved result, under the tolerance that it was saved with."""
    parts: dict[str, AnyCompared | AnyTotal | AnyGradient] = {"losses": r}
    parts |= {str(name): total for name, total in r.totals.items()}
    parts |= _gradients(r.gradient)
    gaps = {name: part for name, part in parts.items() if isinstance(part, Gap)}
    present = {name: part for name, part in parts.items() if not isinstance(part, Gap)}
    totals = {name: part for name, part in r.totals.items() if isinstance(part, Total)}
    bounds = _bounds(present, unit_roundoff(r.asked_dtype or r.dtype))
    allowance = Allowance(r.tolerance, bounds, r.asked_dtype or "")
    differences = {name: _difference(allowance, name, part) for name, part in present.items()}
    expected = {
        name: _expected_difference(allowance, name, part, part.expected)
        for name, part in present.items()
        if isinstance(part, _Whole) and part.expected is not None
    }
    losses = r.losses_not_given is None
    comparison = Comparison(
        losses=differences["losses"],
        totals={name: differences[name] for name in totals},
        expected_losses=expected.get("losses"),
        expected_totals={name: expected[name] for name in totals if name in expected},
        unsupported={
            **({} if r.losses_not_given is None else {"losses": r.losses_not_given}),
            **{name: gap.reason for name, gap in gaps.items()},
            **{name: c.reason for name, c in (r.conduct or {}).items() if c.reason is not None},
        },
        wide_radius=False,
        gradient=differences.get("gradient"),
        expected_gradient=expected.get("gradient"),
        by_parameters=_of_layer(differences),
        expected_by_parameters=_of_layer(expected),
        share=share_of(differences["losses"], bounds.losses) if bounds and losses else None,
        bounds=bounds,
        divisors={n: total.divisor for n, total in totals.items() if total.divisor is not None},
        asked=frozenset(r.asked),
        unheld={
            name: Published(gap.expected, gap.expected_unit)
            for name, gap in gaps.items()
            if gap.expected is not None and gap.expected_unit is not None
        },
        rows={n: total.rows for n, total in totals.items() if total.rows is not None},
        conduct={n: _checked(c) for n, c in (r.conduct or {}).items() if c.reason is None},
    )
    if not comparison.divisors:
        return comparison
    no_gradient = replace(
        comparison,
        gradient=None,
        expected_gradient=None,
        by_parameters={},
        expected_by_parameters={},
    )
    return replace(comparison, expected_totals=no_gradient.under(r.tolerance).expected_totals)


def _gradients(saved: AnyGradients | None) -> dict[str, AnyGradient]:
    """The gradients by the name of the part."""
    if not isinstance(saved, LayerGradients):
        return {} if saved is None else {"gradient": saved}
    parts = {"gradient": saved.hidden}
    parts |= {name: getattr(saved, p) for p, name in PARAMETER_PARTS.items()}
    return {name: part for name, part in parts.items() if part is not None}


def _of_layer(differences: Mapping[str, Difference]) -> dict[str, Difference]:
    names = PARAMETER_PARTS.values()
    return {name: difference for name, difference in differences.items() if name in names}


def _checked(saved: Check) -> Checked:
    if saved.id is None:
        return Checked(saved.extent or "")
    departure = Departure(saved.id, saved.sentence or "", saved.parameters or {})
    return Checked(saved.extent or "", departure)


def _bounds(present: Mapping[str, _Whole | _Excerpt], u: float) -> Bounds | None:
    """The saved bounds, without terms; those of an excerpt for its rows alone."""
    bounds = {name: _bound(part) for name, part in present.items()}
    losses = bounds.pop("losses")
    if losses is None:
        return None
    for name, bound in bounds.items():
        if bound is None:
            where = name if name in GRADIENTS else f"totals.{name}"
            raise ContradictionError(f"no {where}.bound, but the losses have a bound")
    gradient = bounds.pop("gradient", None)
    of_layer = {p: bounds.pop(name, None) for p, name in PARAMETER_PARTS.items()}
    by_parameters = {p: bound for p, bound in of_layer.items() if bound is not None}
    totals = {cast(Reduction, n): float(b) for n, b in bounds.items() if b is not None}
    return Bounds(losses, totals, gradient, {}, u, by_parameters=by_parameters)


def _bound(saved: _Whole | _Excerpt) -> Float64s | None:
    if isinstance(saved, _Whole):
        return None if saved.bound is None else saved.bound.reshape(saved.shape)
    rows = [row.bound for row in saved.rows if row.bound is not None]
    return np.asarray(rows) if len(rows) == len(saved.rows) else None


def _difference(allowance: Allowance, part: str, saved: _Whole | _Excerpt) -> Difference:
    """The difference of a whole array, or of the excerpt that was kept."""
    dtype, shape = saved.dtype, saved.shape
    if isinstance(saved, _Whole):
        actual, target, off = (
            numbers.reshape(shape) for numbers in (saved.actual, saved.reference, saved.abs_diff)
        )
        return allowance.again(part, _difference_without_verdict(actual, target, off, dtype, 0.0))
    _check_rows(part, saved)
    diverging = (
        saved.diverging_samples if isinstance(saved, ComparedExcerpt) else saved.diverging_elements
    )
    rows = saved.rows
    actual, target, off = (
        np.array([(row.actual, row.reference, row.abs_diff) for row in rows]).reshape(-1, 3).T
    )
    kept = allowance.again(part, _difference_without_verdict(actual, target, off, dtype, 0.0))
    counted = kept.diverging
    possible = counted == diverging if saved.at_least or not counted else counted <= diverging
    excerpt = Excerpt(
        indices=tuple(row.place for row in rows),
        shape=shape,
        diverging=diverging if possible and diverging <= math.prod(shape) else counted,
        classes=saved.classes,
        digest=saved.digest,
        least=np.array([np.nan if r.least_reference is None else r.least_reference for r in rows]),
        stands_for=np.array([row.stands_for for row in rows], dtype=np.intp),
        at_least=saved.at_least,
    )
    return replace(kept, excerpt=excerpt)


def _check_rows(part: str, saved: _Excerpt) -> None:
    """ContradictionError where the rows of an excerpt cannot be all that were kept."""
    shape, rows = saved.shape, saved.rows
    size, represented = math.prod(shape), sum(row.stands_for for row in rows)
    if len(saved.worst) != min(WORST, size) or represented != size:
        raise ContradictionError(f"{part}: its rows stand for {represented} of {size} numbers")
    for row in rows:
        if len(row.place) != len(shape) or any(
            not 0 <= i < n for i, n in zip(row.place, shape, strict=True)
        ):
            raise ContradictionError(f"{part}: no place {list(row.place)} in {list(shape)}")
    if len({row.place for row in rows}) < len(rows):
        raise ContradictionError(f"{part}: a row is repeated")


def _expected_difference(
    allowance: Allowance, part: str, saved: _Whole, expected: Float64s
) -> Difference:
    """The difference from what the case file states."""
    shape = saved.shape
    actual, target = saved.actual.reshape(shape), expected.reshape(shape)
    unit = 0.0 if saved.expected_unit is None else saved.expected_unit.reshape(shape)
    return allowance.again(
        part,
        _difference_without_verdict(actual, target, distance(actual, target), saved.dtype, unit),
    )


def _difference_without_verdict(
    actual: Float64s, target: Float64s, saved: Float64s, dtype: str, unit: Float64s | float
) -> Difference:
    """The difference before it is judged. saved: the distance from the exact value, whose nearest
    float64 is `target`; replaced where abs(actual - target) is further from it than rounding."""
    apart = distance(actual, target)
    near = spacing(target, "float64") + 2 * spacing(apart, "float64")
    off = np.where(distance(saved, apart) <= near, saved, apart)
    return Difference(actual, target, off, np.zeros_like(target), dtype, unit)
