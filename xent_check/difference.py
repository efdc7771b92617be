"""Difference: numbers held against a target, elementwise, and what of it is allowed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .bounds import Bounds
from .case import Auto, Tolerance
from .digest import digest
from .dtypes import Float64s, largest, spacing
from .enclosure import Enclosure
from .expectation import Published

Bools = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]
_FEW = 32


@dataclass(frozen=True)
class Excerpt:
    """What a saved result kept of a large array: some elements, the worst first.

    indices: where they stood in the array of `shape`. Of all of it: diverging, how many did;
    classes, what kinds of numbers; digest.
    """

    indices: tuple[tuple[int, ...], ...]
    shape: tuple[int, ...]
    diverging: int
    classes: str
    digest: str


@dataclass(frozen=True, eq=False)
class Difference:
    """Numbers held against a target, elementwise.

    abs_diff: abs(actual - target); 0 for the same nan or infinity, inf where only one of the two
    is finite or they are different non-finite values. ulps: the same in spacings of `dtype` at
    the target. allowed: the largest abs_diff that agrees; `unit` of it is one unit of the last
    digit that a published target was printed with. excerpt: where these are not all the numbers.
    """

    actual: Float64s
    target: Float64s
    abs_diff: Float64s
    ulps: Float64s
    allowed: Float64s
    dtype: str
    unit: Float64s | float = 0.0
    excerpt: Excerpt | None = None

    @property
    def agrees(self) -> Bools:
        """No difference that is infinite agrees, were `allowed` to overflow to the same."""
        return np.asarray(np.isfinite(self.abs_diff) & (self.abs_diff <= self.allowed))

    @property
    def diverging(self) -> int:
        return int((~self.agrees).sum()) if self.excerpt is None else self.excerpt.diverging

    @property
    def size(self) -> int:
        """How many numbers there are, kept or not."""
        return self.actual.size if self.excerpt is None else math.prod(self.excerpt.shape)

    @property
    def classes(self) -> str:
        """What kinds of numbers: `value`, or how many of each, as in `nan (1), value (2)`."""
        return classes(self.actual) if self.excerpt is None else self.excerpt.classes

    def place(self, index: tuple[int, ...]) -> tuple[int, ...]:
        """Where the number at `index` of these arrays stands among all of them."""
        return index if self.excerpt is None else self.excerpt.indices[index[0]]

    @property
    def worst(self) -> tuple[int, ...]:
        """The index of the largest difference, among those that diverge if any does."""
        scored = np.where(self.agrees, -1.0, self.abs_diff) if self.diverging else self.abs_diff
        return tuple(int(i) for i in np.unravel_index(int(np.argmax(scored)), scored.shape))


@dataclass(frozen=True, eq=False)
class Judge:
    """What is allowed, part by part."""

    tolerance: Tolerance | Auto
    bounds: Bounds | None

    def by_reference(self, part: str, actual: Array, target: Enclosure) -> Difference:
        upcast = np.asarray(actual, dtype=np.float64)
        distance, name = target.distance(upcast), actual.dtype.name
        return self._difference(part, upcast, target.high, distance, name, 0.0)

    def by_text(self, part: str, actual: Array, published: Published) -> Difference:
        upcast, zero = np.asarray(actual, dtype=np.float64), np.zeros_like(published.values)
        distance = Enclosure(published.values, zero, zero).distance(upcast)
        name = actual.dtype.name
        return self._difference(part, upcast, published.values, distance, name, published.units)

    def again(self, part: str, d: Difference) -> Difference:
        """The same numbers under this tolerance."""
        same = (d.actual == d.target) | (np.isnan(d.actual) & np.isnan(d.target))
        known = same | (np.isfinite(d.actual) & np.isfinite(d.target))
        distance = np.where(known, d.abs_diff, np.inf)  # `auto` may have made it 0
        return self._difference(part, d.actual, d.target, distance, d.dtype, d.unit)

    def _difference(
        self,
        part: str,
        actual: Float64s,
        target: Float64s,
        distance: Float64s,
        dtype: str,
        unit: Float64s | float,
    ) -> Difference:
        ulp = spacing(target, dtype)
        if self.tolerance == "auto":  # what lies beyond the dtype's range rounds to inf
            beyond = np.abs(target) > largest(dtype)
            distance = np.where(beyond & (actual == np.copysign(np.inf, target)), 0.0, distance)
        with np.errstate(invalid="ignore", over="ignore"):
            allowed = self._allowed(part, target, ulp) + np.asarray(unit)
        allowed = np.where(np.isfinite(target), allowed, 0.0)
        return Difference(actual, target, distance, in_ulps(distance, ulp), allowed, dtype, unit)

    def _allowed(self, part: str, target: Float64s, ulp: Float64s) -> Float64s:
        if isinstance(self.tolerance, Tolerance):
            t = self.tolerance
            return np.fmax(t.atol + t.rtol * np.abs(target), t.ulps * ulp)
        if self.bounds is None:
            raise ValueError("the tolerance auto needs the bounds")
        parts: dict[str, Any] = {str(r): total for r, total in self.bounds.totals.items()}
        parts |= {"losses": self.bounds.losses, "gradient": self.bounds.gradient}
        return np.asarray(parts[part])


def in_ulps(distance: Float64s, ulp: Float64s) -> Float64s:
    """A distance in spacings; as it is where the spacing is nan."""
    with np.errstate(over="ignore"):
        return np.where(np.isnan(ulp), distance, distance / np.where(np.isnan(ulp), 1.0, ulp))


def classes(values: Float64s) -> str:
    """`value`, `nan`, `inf` or `-inf`; how many of each where they are mixed, with a digest of
    which is which where they are many. A zero is a value: rounding makes one of a tiny number."""
    masks = {
        "inf": values == np.inf,
        "-inf": values == -np.inf,
        "nan": np.isnan(values),
        "value": np.isfinite(values),
    }
    counts = {name: int(mask.sum()) for name, mask in masks.items() if mask.any()}
    if len(counts) < 2:
        return next(iter(counts), "no numbers")
    told = ", ".join(f"{name} ({count})" for name, count in counts.items())
    if values.size <= _FEW:
        return told
    which = np.zeros_like(values)
    for number, mask in enumerate(masks.values()):
        which[mask] = number
    return f"{told}, places {digest(which, 'float64')[:8]}"
