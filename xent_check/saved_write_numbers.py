"""The numbers of a comparison as the JSON models have them: losses, totals, gradient."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from .comparison import Comparison
from .difference import Difference
from .dtypes import Float64s
from .excerpts import WORST, shortened
from .saved_parts import (
    MAX_NUMBERS,
    AnyGradient,
    AnyTotal,
    Element,
    ExcerptOfGradient,
    Gap,
    Row,
    Sample,
    Total,
    WholeGradient,
)
from .saved_results import AnyCompared, ComparedExcerpt, ComparedWhole
from .words import REDUCTIONS, DType


def saved_numbers(
    common: dict[str, Any], comparison: Comparison, radius: float, everything: bool
) -> AnyCompared:
    """A result that was compared: every loss of up to 1,000 (of all, where asked), else the worst.

    common: what every result has. radius: of the exact losses.
    """
    losses, bounds = comparison.losses, comparison.bounds
    bound = None if bounds is None else bounds.losses
    common = common | {
        "dtype": losses.dtype,
        "asked_dtype": losses.asked or None,
        "asked": tuple(sorted(comparison.asked)),
        **_worst(losses, "worst_sample"),
        "samples": losses.size,
        "diverging_samples": losses.diverging,
        "shape": _shape(losses),
        "smallest_atol": comparison.smallest_atol,
        "share_of_bound": comparison.share,
        "reference_radius": radius,
        "totals": _totals(comparison),
    }
    if not _whole(losses, comparison.expected_losses, everything):
        return ComparedExcerpt(**common, **_excerpt(losses, bound, Sample, "sample"))
    return ComparedWhole(
        **common,
        losses=losses.actual,
        reference=losses.target,
        abs_diff=losses.abs_diff,
        bound=bound,
        **_expected(comparison.expected_losses),
    )


def _totals(comparison: Comparison) -> dict[str, AnyTotal]:
    """By reduction; those that were not given too."""
    totals: dict[str, AnyTotal] = {}
    for name, difference in comparison.totals.items():
        expected = comparison.expected_totals.get(name)
        diverging = difference.diverging or (expected is not None and expected.diverging)
        totals[name] = Total(
            actual=float(difference.actual),
            reference=float(difference.target),
            abs_diff=float(difference.abs_diff),
            ulps=float(difference.ulps),
            dtype=cast(DType, difference.dtype),
            status="diverges" if diverging else "agrees",
            bound=None if comparison.bounds is None else float(comparison.bounds.totals[name]),
            divisor=comparison.divisors.get(name),
            expected=None if expected is None else float(expected.target),
            expected_unit=None if expected is None else float(np.asarray(expected.unit)),
        )
    gaps = [name for name in comparison.unsupported if name in REDUCTIONS]
    return totals | {name: _gap(comparison, name) for name in gaps}


def _gap(comparison: Comparison, name: str) -> Gap:
    stated = comparison.unheld.get(name)
    return Gap(
        status="unsupported",
        reason=comparison.unsupported[name],
        expected=None if stated is None else stated.values,
        expected_unit=None if stated is None else stated.units,
    )


def saved_gradient(comparison: Comparison) -> AnyGradient | None:
    """The gradient, likewise; None where it was not asked for."""
    if "gradient" in comparison.unsupported:
        return _gap(comparison, "gradient")
    difference, bounds = comparison.gradient, comparison.bounds
    if difference is None:
        return None
    judged = comparison.expected_gradient or difference
    bound = None if bounds is None else bounds.gradient
    common: dict[str, Any] = {
        "status": "diverges" if judged.diverging else "agrees",
        **_worst(difference, "worst_element"),
        "elements": difference.size,
        "diverging_elements": difference.diverging,
        "dtype": difference.dtype,
        "shape": _shape(difference),
    }
    if not _whole(difference, comparison.expected_gradient, False):
        return ExcerptOfGradient(**common, **_excerpt(difference, bound, Element, "element"))
    return WholeGradient(
        **common,
        actual=difference.actual,
        reference=difference.target,
        abs_diff=difference.abs_diff,
        bound=bound,
        **_expected(comparison.expected_gradient),
    )


def _worst(difference: Difference, place: str) -> dict[str, Any]:
    """The largest difference and, under the key `place`, where it is; nothing of no numbers."""
    if not difference.actual.size:
        return {"max_abs_diff": None, "max_ulps": None, place: None}
    worst = difference.worst
    return {
        "max_abs_diff": float(difference.abs_diff[worst]),
        "max_ulps": float(difference.ulps[worst]),
        place: difference.place(worst),
    }


def _expected(expected: Difference | None) -> dict[str, Any]:
    """What was stated, and one unit of its last printed digit."""
    if expected is None:
        return {}
    units = np.broadcast_to(np.asarray(expected.unit), expected.target.shape)
    return {"expected": expected.target, "expected_unit": units}


def _whole(difference: Difference, stated: Difference | None, everything: bool) -> bool:
    """Stated numbers stand in the case file one by one, so all can be kept to be judged again."""
    few = difference.size <= MAX_NUMBERS or stated is not None
    return difference.excerpt is None and (few or everything)


def _shape(difference: Difference) -> tuple[int, ...]:
    excerpt = difference.excerpt
    return difference.actual.shape if excerpt is None else excerpt.shape


def _excerpt(
    difference: Difference, bound: Float64s | None, row: type[Row], place: str
) -> dict[str, Any]:
    """The worst 20, what else decides under any tolerance, and a digest of all; the rows are of
    the class `row`, where `place` is the key of the indices."""
    if difference.excerpt is None:
        difference, bound = shortened(difference, bound)
    excerpt = difference.excerpt
    assert excerpt is not None
    order = np.argsort(-difference.abs_diff, kind="stable")
    rows = [
        row(
            actual=float(difference.actual[i]),
            reference=float(difference.target[i]),
            abs_diff=float(difference.abs_diff[i]),
            allowed=float(difference.allowed[i]),
            bound=None if bound is None else float(bound[i]),
            ulps=float(difference.ulps[i]),
            stands_for=int(excerpt.stands_for[i]),
            least_reference=float(excerpt.least[i]) if excerpt.stands_for[i] else None,
            **{place: excerpt.indices[i]},
        )
        for i in [*order[:WORST], *sorted(order[WORST:])]
    ]
    return {
        "worst": tuple(rows[:WORST]),
        "deciding": tuple(rows[WORST:]),
        "at_least": excerpt.at_least,
        "classes": excerpt.classes,
        "digest": excerpt.digest,
    }
