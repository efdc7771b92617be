"""The numbers of a comparison as JSON: losses, totals, gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from xent_check.problem.dtypes import Float64s
from xent_check.problem.vocabulary import CONDUCT_CHECKS, PARAMETER_PARTS, REDUCTIONS, ConductCheck
from xent_check.results.comparison import Comparison
from xent_check.results.difference import Difference
from xent_check.results.excerpts import WORST, shortened

from . import parts as form
from .results import AnyCompared, ComparedExcerpt, ComparedWhole


def saved_numbers(
    common: dict[str, Any], comparison: Comparison, radius: float, everything: bool
) -> AnyCompared:
    """A result that was compared: every loss, of up to 1,000; of more, an excerpt.

    common: the keys that every result has. radius: of the exact losses. everything: every loss,
    however many.
    """
    losses, expected = comparison.losses, comparison.expected_losses
    bound = None if comparison.bounds is None else comparison.bounds.losses
    if bound is not None and "losses" not in comparison.by_reference:
        bound = bound.reshape(-1)[:0]
    common = common | {
        "asked_dtype": losses.asked or None,
        "asked": tuple(sorted(comparison.asked)),
        **_worst(losses, "worst_sample"),
        "samples": losses.size,
        "diverging_samples": losses.diverging,
        "smallest_atol": comparison.smallest_atol,
        "share_of_bound": comparison.share,
        "losses_not_given": comparison.unsupported.get("losses"),
        "reference_radius": radius if "losses" in comparison.by_reference else 0.0,
        "totals": _totals(comparison),
        "conduct": _conduct(comparison),
    }
    if _all_kept(losses, expected, everything):
        return ComparedWhole(**common, **_whole(losses, bound, expected))
    return ComparedExcerpt(**common, **_excerpt(losses, bound, form.Sample))


def _conduct(comparison: Comparison) -> dict[ConductCheck, form.Check] | None:
    """The further checks that the case asks for; None where it asks for none."""
    checks: dict[ConductCheck, form.Check] = {}
    for name in CONDUCT_CHECKS:
        if name in comparison.unsupported:
            reason = comparison.unsupported[name]
            checks[name] = form.Check(status="unsupported", reason=reason)
        elif name in comparison.conduct:
            made = comparison.conduct[name]
            found = {} if made.departure is None else vars(made.departure)
            status = _status(made.departure is not None)
            checks[name] = form.Check(status=status, extent=made.extent, **found)
    return checks or None


def _totals(comparison: Comparison) -> dict[str, form.AnyTotal]:
    """The totals by reduction, with those that were asked for and not given."""
    totals: dict[str, form.AnyTotal] = {}
    for name, difference in comparison.totals.items():
        expected = comparison.expected_totals.get(name)
        bound = None if comparison.bounds is None else comparison.bounds.totals[name]
        totals[name] = form.Total(
            **_whole(difference, bound, expected),
            ulps=difference.ulps,
            status=_status(difference.diverging or (expected is not None and expected.diverging)),
            divisor=comparison.divisors.get(name),
            rows=comparison.rows.get(name),
        )
    gaps = [name for name in comparison.unsupported if name in REDUCTIONS]
    return totals | {name: _gap(comparison, name) for name in gaps}


def _gap(comparison: Comparison, name: str) -> form.Gap:
    expected = comparison.unheld.get(name)
    return form.Gap(
        status="unsupported",
        reason=comparison.unsupported[name],
        expected=None if expected is None else expected.values,
        expected_unit=None if expected is None else expected.units,
    )


def saved_gradients(comparison: Comparison) -> form.AnyGradients | None:
    """The gradient, or those through a last layer; None where none was asked for."""
    gradient = _saved_gradient(comparison, "gradient")
    of_layer = {p: _saved_gradient(comparison, name) for p, name in PARAMETER_PARTS.items()}
    if gradient is None or not any(of_layer.values()):
        return gradient
    return form.LayerGradients(hidden=gradient, **of_layer)


def _saved_gradient(comparison: Comparison, name: str) -> form.AnyGradient | None:
    """A gradient, whole or as an excerpt, by the name of the part; None where there is none."""
    if name in comparison.unsupported:
        return _gap(comparison, name)
    gradient = comparison.by_reference.get(name)
    expected = comparison.by_expectation.get(name)
    if gradient is None:
        return None
    bound: Any = None if comparison.bounds is None else comparison.bounds.parts[name]
    common: dict[str, Any] = {
        "status": _status((expected or gradient).diverging),
        **_worst(gradient, "worst_element"),
        "elements": gradient.size,
        "diverging_elements": gradient.diverging,
    }
    if _all_kept(gradient, expected, everything=False):
        return form.WholeGradient(**common, **_whole(gradient, bound, expected))
    return form.ExcerptOfGradient(**common, **_excerpt(gradient, bound, form.Element))


def _status(diverging: int) -> form.PartStatus:
    return "diverges" if diverging else "agrees"


def _worst(difference: Difference, place: str) -> dict[str, Any]:
    """The largest difference and, under the key `place`, its indices; None where there are no
    numbers."""
    if not difference.actual.size:
        return {"max_abs_diff": None, "max_ulps": None, place: None}
    worst = difference.worst
    return {
        "max_abs_diff": float(difference.abs_diff[worst]),
        "max_ulps": difference.ulps_at(worst),
        place: difference.place(worst),
    }


def _all_kept(difference: Difference, expected: Difference | None, everything: bool) -> bool:
    """Whether all numbers are written. Numbers that the case file states are few enough for it."""
    few = difference.size <= form.MAX_NUMBERS or expected is not None
    return difference.excerpt is None and (few or everything)


def _whole(
    difference: Difference, bound: Float64s | float | None, expected: Difference | None
) -> dict[str, Any]:
    """All numbers, and those that the case file states with the units of their last digits."""
    data: dict[str, Any] = {
        "dtype": difference.dtype,
        "shape": difference.actual.shape,
        "actual": difference.actual,
        "reference": difference.target,
        "abs_diff": difference.abs_diff,
        "bound": bound,
    }
    if expected is None:
        return data
    units = np.broadcast_to(np.asarray(expected.unit), expected.target.shape)
    return data | {"expected": expected.target, "expected_unit": units}


def _excerpt(difference: Difference, bound: Float64s | None, row: type[form.Row]) -> dict[str, Any]:
    """The worst 20 numbers, those that decide for all under any tolerance, and a digest of all."""
    if difference.excerpt is None:
        difference, bound = shortened(difference, bound)
    excerpt = difference.excerpt
    assert excerpt is not None
    order = np.argsort(-difference.abs_diff, kind="stable")
    ulps = difference.ulps
    rows = tuple(
        row(
            place=excerpt.indices[i],
            actual=float(difference.actual[i]),
            reference=float(difference.target[i]),
            abs_diff=float(difference.abs_diff[i]),
            allowed=float(difference.allowed[i]),
            bound=None if bound is None else float(bound[i]),
            ulps=float(ulps[i]),
            stands_for=int(excerpt.stands_for[i]),
            least_reference=float(excerpt.least[i]) if excerpt.stands_for[i] else None,
        )
        for i in [*order[:WORST], *sorted(order[WORST:])]
    )
    return {
        "dtype": difference.dtype,
        "shape": excerpt.shape,
        "worst": rows[:WORST],
        "deciding": rows[WORST:],
        "at_least": excerpt.at_least,
        "classes": excerpt.classes,
        "digest": excerpt.digest,
    }
