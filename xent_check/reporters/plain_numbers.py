"""The numbers of a result as plain data: losses, totals, gradient. nan and inf become strings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..comparison import Comparison
from ..difference import Difference
from ..dtypes import Float64s
from ..excerpts import WORST, shortened
from ..words import REDUCTIONS

MAX_NUMBERS = 1000


def plain_losses(comparison: Comparison, everything: bool) -> dict[str, Any]:
    """The losses: the worst, and every one of up to 1,000 (of all, where asked)."""
    losses, bounds = comparison.losses, comparison.bounds
    worst = losses.worst if losses.actual.size else None
    data: dict[str, Any] = {
        "max_abs_diff": _at(losses.abs_diff, worst),
        "max_ulps": _at(losses.ulps, worst),
        "worst_sample": None if worst is None else list(losses.place(worst)),
        "samples": losses.size,
        "diverging_samples": losses.diverging,
        "shape": _shape(losses),
        "smallest_atol": plain(comparison.smallest_atol),
        "share_of_bound": None if comparison.share is None else plain(comparison.share),
    }
    if not _whole(losses, comparison.expected_losses, everything):
        return data | _excerpt(losses, "sample", None if bounds is None else bounds.losses)
    return data | {
        "losses": plain(losses.actual),
        "reference": plain(losses.target),
        "abs_diff": plain(losses.abs_diff),
        "bound": None if bounds is None else plain(bounds.losses),
        **_expected(comparison.expected_losses),
    }


def plain_totals(comparison: Comparison) -> dict[str, Any]:
    """The totals by reduction; `divisor` where what is expected follows from stated losses."""
    totals: dict[str, Any] = {}
    for name, difference in comparison.totals.items():
        totals[name] = data = {
            "actual": plain(difference.actual),
            "reference": plain(difference.target),
            "abs_diff": plain(difference.abs_diff),
            "ulps": plain(difference.ulps),
            "dtype": difference.dtype,
            "status": "diverges" if difference.diverging else "agrees",
        }
        if comparison.bounds is not None:
            data["bound"] = plain(comparison.bounds.totals[name])
        expected = comparison.expected_totals.get(name)
        if expected is not None:
            data |= _expected(expected)
            data["status"] = "diverges" if expected.diverging else data["status"]
        if name in comparison.divisors:
            data["divisor"] = plain(comparison.divisors[name])
    return totals | {
        name: _not_given(comparison, name) for name in comparison.unsupported if name in REDUCTIONS
    }


def _not_given(comparison: Comparison, name: str) -> dict[str, Any]:
    """Why there is no such part, and what is stated of it."""
    data: dict[str, Any] = {"status": "unsupported", "reason": comparison.unsupported[name]}
    stated = comparison.unheld.get(name)
    if stated is None:
        return data
    return data | {"expected": plain(stated.values), "expected_unit": plain(stated.units)}


def plain_gradient(comparison: Comparison) -> dict[str, Any] | None:
    """The gradient, likewise; None where it was not asked for."""
    if "gradient" in comparison.unsupported:
        return _not_given(comparison, "gradient")
    difference, bounds = comparison.gradient, comparison.bounds
    if difference is None:
        return None
    judged = comparison.expected_gradient or difference
    worst = difference.worst if difference.actual.size else None
    data: dict[str, Any] = {
        "status": "diverges" if judged.diverging else "agrees",
        "max_abs_diff": _at(difference.abs_diff, worst),
        "max_ulps": _at(difference.ulps, worst),
        "worst_element": None if worst is None else list(difference.place(worst)),
        "elements": difference.size,
        "diverging_elements": difference.diverging,
        "dtype": difference.dtype,
        "shape": _shape(difference),
    }
    if not _whole(difference, comparison.expected_gradient, False):
        return data | _excerpt(difference, "element", None if bounds is None else bounds.gradient)
    whole = {
        "actual": plain(difference.actual),
        "reference": plain(difference.target),
        "abs_diff": plain(difference.abs_diff),
    }
    if bounds is not None and bounds.gradient is not None:
        whole["bound"] = plain(bounds.gradient)
    return data | whole | _expected(comparison.expected_gradient)


def _expected(expected: Difference | None) -> dict[str, Any]:
    """What was stated, and one unit of its last printed digit."""
    if expected is None:
        return {}
    units = np.broadcast_to(np.asarray(expected.unit), expected.target.shape)
    return {"expected": plain(expected.target), "expected_unit": plain(units)}


def _whole(difference: Difference, stated: Difference | None, everything: bool) -> bool:
    """Stated numbers stand in the case file one by one, so all can be kept to be judged again."""
    few = difference.size <= MAX_NUMBERS or stated is not None
    return difference.excerpt is None and (few or everything)


def _shape(difference: Difference) -> list[int]:
    excerpt = difference.excerpt
    return list(difference.actual.shape if excerpt is None else excerpt.shape)


def _excerpt(difference: Difference, word: str, bound: Float64s | None) -> dict[str, Any]:
    """The worst 20, what else decides under any tolerance, and a digest of all."""
    if difference.excerpt is None:
        difference, bound = shortened(difference, bound)
    excerpt = difference.excerpt
    assert excerpt is not None
    order = np.argsort(-difference.abs_diff, kind="stable")
    rows: list[dict[str, Any]] = [
        {
            word: list(excerpt.indices[i]),
            "actual": plain(difference.actual[i]),
            "reference": plain(difference.target[i]),
            "abs_diff": plain(difference.abs_diff[i]),
            "allowed": plain(difference.allowed[i]),
            "bound": None if bound is None else plain(bound[i]),
            "ulps": plain(difference.ulps[i]),
            "stands_for": int(excerpt.stands_for[i]),
            "least_reference": plain(excerpt.least[i]) if excerpt.stands_for[i] else None,
        }
        for i in [*order[:WORST], *sorted(order[WORST:])]
    ]
    return {
        "worst": rows[:WORST],
        "deciding": rows[WORST:],
        "at_least": excerpt.at_least,
        "classes": excerpt.classes,
        "digest": excerpt.digest,
    }


def _at(array: Any, index: tuple[int, ...] | None) -> Any:
    return None if index is None else plain(array[index])


def plain(value: Any) -> Any:
    """Numbers and arrays as JSON can say them."""
    if isinstance(value, np.ndarray) and value.ndim:
        return [plain(item) for item in value]
    number = float(value)
    if math.isfinite(number):
        return number
    return "nan" if math.isnan(number) else "inf" if number > 0 else "-inf"
