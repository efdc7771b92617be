"""Comparison: an evaluation held against the reference, sample by sample. Arithmetic only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .case import Tolerance
from .dtypes import Float64s, spacing
from .enclosure import Enclosure
from .evaluation import Computed, Unsupported
from .expectation import Expectation, Published
from .reference import RADIUS_IN_ULPS, Reference
from .words import Reduction

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Difference:
    """Numbers held against a target, elementwise.

    abs_diff: abs(actual - target); 0 for the same nan or infinity, inf where only one of the two
    is finite or they are different non-finite values. ulps: the same in spacings of `dtype` at
    the target. allowed: the largest abs_diff that agrees.
    """

    actual: Float64s
    target: Float64s
    abs_diff: Float64s
    ulps: Float64s
    allowed: Float64s
    dtype: str

    @property
    def agrees(self) -> Bools:
        return np.asarray(self.abs_diff <= self.allowed)

    @property
    def diverging(self) -> int:
        return int((~self.agrees).sum())

    @property
    def worst(self) -> tuple[int, ...]:
        """The index of the largest difference, among those that diverge if any does."""
        scored = np.where(self.agrees, -1.0, self.abs_diff) if self.diverging else self.abs_diff
        return tuple(int(i) for i in np.unravel_index(int(np.argmax(scored)), scored.shape))


@dataclass(frozen=True, eq=False)
class Comparison:
    """Losses and totals against the reference, and against what was expected of them, if anything.

    against_reference, totals: the differences from the reference.
    against_expected, expected_totals: from the published or declared numbers, where stated.
    wide_radius: the reference is not known to 1/1024 ulp of the computed dtype.
    """

    losses: Difference
    totals: dict[Reduction, Difference]
    expected_losses: Difference | None
    expected_totals: dict[Reduction, Difference]
    unsupported_totals: dict[Reduction, str]
    wide_radius: bool

    @property
    def agrees_with_reference(self) -> bool:
        return not self.losses.diverging and not any(d.diverging for d in self.totals.values())

    @property
    def agrees_with_expected(self) -> bool:
        """Every stated number holds; what is not stated agrees with the reference."""
        losses = self.expected_losses or self.losses
        totals = {**self.totals, **self.expected_totals}
        return not losses.diverging and not any(d.diverging for d in totals.values())


class ShapeError(Exception):
    """The losses do not have the shape of the samples."""


def compare(
    computed: Computed,
    reference: Reference,
    tolerance: Tolerance,
    expectation: Expectation | None,
) -> Comparison:
    """Hold losses and totals against the reference and the expectation.

    Agreement, elementwise: abs_diff <= max(atol + rtol abs(target), ulps spacing(target)), the
    spacing of the dtype that was computed; for a published target, one unit of its last printed
    digit more. Totals beside stated losses follow from those: their tolerance is the losses' own,
    summed and divided alike.
    """
    shape = reference.losses.high.shape
    if computed.losses.shape != shape:
        raise ShapeError(f"losses of shape {list(computed.losses.shape)}, samples {list(shape)}")
    losses = difference(computed.losses, reference.losses, tolerance)
    actual = {r: t for r, t in computed.totals.items() if not isinstance(t, Unsupported)}
    for reduction, total in actual.items():
        if total.shape != ():
            raise ShapeError(f"{reduction} of shape {list(total.shape)}, not one number")
    totals = {r: difference(t, reference.totals[r], tolerance) for r, t in actual.items()}
    expected_losses, expected_totals = None, {}
    if expectation is not None:
        stated: Mapping[Reduction, Published] = expectation.totals
        if expectation.losses is not None:
            expected_losses = _from_published(computed.losses, expectation.losses, tolerance)
            followed = {
                r: _following(t, expected_losses, reference.divisors[r]) for r, t in actual.items()
            }
            expected_totals.update(followed)
        for reduction, number in stated.items():
            if reduction in actual:
                expected_totals[reduction] = _from_published(actual[reduction], number, tolerance)
    limit = spacing(reference.losses.high, losses.dtype) * RADIUS_IN_ULPS
    return Comparison(
        losses=losses,
        totals=totals,
        expected_losses=expected_losses,
        expected_totals=expected_totals,
        unsupported_totals={
            r: t.reason for r, t in computed.totals.items() if isinstance(t, Unsupported)
        },
        wide_radius=bool((reference.losses.radius > np.maximum(limit, 5e-324)).any()),
    )


def difference(actual: npt.NDArray[Any], target: Enclosure, tolerance: Tolerance) -> Difference:
    """Actual numbers against an enclosure, in ulps of the actual dtype."""
    upcast = np.asarray(actual, dtype=np.float64)
    return _difference(
        upcast, target.high, target.distance(upcast), tolerance, actual.dtype.name, 0.0
    )


def _from_published(
    actual: npt.NDArray[Any], published: Published, tolerance: Tolerance
) -> Difference:
    zero = np.zeros_like(published.values)
    upcast = np.asarray(actual, dtype=np.float64)
    distance = Enclosure(published.values, zero, zero).distance(upcast)
    name = actual.dtype.name
    return _difference(upcast, published.values, distance, tolerance, name, published.units)


def _following(total: npt.NDArray[Any], losses: Difference, divisor: float) -> Difference:
    """A total against the one that follows from expected losses."""
    with np.errstate(invalid="ignore", divide="ignore"):
        target = np.asarray(losses.target.sum() / divisor)
        allowed = np.asarray(np.nansum(losses.allowed) / abs(divisor))
    upcast = np.asarray(total, dtype=np.float64)
    zero = np.zeros(())
    distance = Enclosure(target, zero, zero).distance(upcast)
    ulp = spacing(target, total.dtype.name)
    return Difference(
        upcast, target, distance, _in_ulps(distance, ulp), np.fmax(allowed, ulp), total.dtype.name
    )


def _difference(
    actual: Float64s,
    target: Float64s,
    distance: Float64s,
    tolerance: Tolerance,
    dtype: str,
    unit: Float64s | float,
) -> Difference:
    ulp = spacing(target, dtype)
    with np.errstate(invalid="ignore"):
        allowed = np.fmax(
            tolerance.atol + tolerance.rtol * np.abs(target), tolerance.ulps * ulp
        ) + np.asarray(unit)
    allowed = np.where(np.isfinite(target), allowed, 0.0)
    return Difference(actual, target, distance, _in_ulps(distance, ulp), allowed, dtype)


def _in_ulps(distance: Float64s, ulp: Float64s) -> Float64s:
    with np.errstate(over="ignore"):
        return np.where(np.isnan(ulp), distance, distance / np.where(np.isnan(ulp), 1.0, ulp))
