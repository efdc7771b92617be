"""The numbers of a result as plain data: losses, totals, gradient. nan and inf become strings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..comparison import Comparison
from ..difference import Difference
from ..digest import digest
from ..dtypes import Float64s
from ..words import REDUCTIONS

MAX_NUMBERS = 1000
WORST = 20


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
    if not _whole(losses, everything):
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
        name: {"status": "unsupported", "reason": reason}
        for name, reason in comparison.unsupported.items()
        if name in REDUCTIONS
    }


def plain_gradient(comparison: Comparison) -> dict[str, Any] | None:
    """The gradient, likewise; None where it was not asked for."""
    if "gradient" in comparison.unsupported:
        return {"status": "unsupported", "reason": comparison.unsupported["gradient"]}
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
    if not _whole(difference, False):
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


def _whole(difference: Difference, everything: bool) -> bool:
    return difference.excerpt is None and (difference.size <= MAX_NUMBERS or everything)


def _shape(difference: Difference) -> list[int]:
    excerpt = difference.excerpt
    return list(difference.actual.shape if excerpt is None else excerpt.shape)


def _excerpt(difference: Difference, word: str, bound: Float64s | None) -> dict[str, Any]:
    """The worst 20, and a digest of all."""
    order = np.argsort(-difference.abs_diff.reshape(-1), kind="stable")[:WORST]
    rows = []
    for flat in order:
        index = tuple(int(i) for i in np.unravel_index(int(flat), difference.actual.shape))
        rows.append(
            {
                word: list(difference.place(index)),
                "actual": plain(difference.actual[index]),
                "reference": plain(difference.target[index]),
                "abs_diff": plain(difference.abs_diff[index]),
                "allowed": plain(difference.allowed[index]),
                "bound": None if bound is None else plain(bound[index]),
                "ulps": plain(difference.ulps[index]),
            }
        )
    excerpt = difference.excerpt
    whole = digest(difference.actual, difference.dtype) if excerpt is None else excerpt.digest
    return {"worst": rows, "classes": difference.classes, "digest": whole}


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
