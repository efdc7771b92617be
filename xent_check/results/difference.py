"""Difference: numbers held against a target, elementwise, and how much of it is allowed."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.problem.chunks import NUMBERS, chunks
from xent_check.problem.distance import distance, in_ulps
from xent_check.problem.dtypes import Float64s, largest, ulp, ulp_name
from xent_check.problem.expectation import Published
from xent_check.problem.kept import Kept
from xent_check.problem.tolerance import Auto, Tolerance
from xent_check.problem.vocabulary import PARAMETER_PARTS
from xent_check.reference.bounds import Bounds
from xent_check.reference.enclosure import Enclosure

from .fingerprint import digest, digest_of_texts

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]
Array = npt.NDArray[Any]
_FEW = 32


# Of an exact value, computed once for all the implementations that answer in one dtype.
_LIMITS: Kept[Float64s] = Kept()


class UndecidedError(Exception):
    """The elements that were kept do not decide under this tolerance."""


@dataclass(frozen=True, eq=False)
class Excerpt:
    """The elements of a large array that a saved result keeps, the worst first."""

    indices: tuple[tuple[int, ...], ...]
    """the index of each kept element in the whole array"""
    shape: tuple[int, ...]
    """of the whole array"""
    diverging: int
    """how many elements of the whole array diverge"""
    classes: str
    """the kinds of numbers in the whole array"""
    digest: str
    """of the whole array; of its chunks' digests where it was compared in chunks"""
    least: Float64s
    """the smallest abs(target) of the elements that each kept one stands for; nan where none"""
    stands_for: Ints
    """how many elements each kept one is the furthest off of, itself included"""
    at_least: bool = False
    """whether more than `diverging` elements may diverge"""


@dataclass(frozen=True, eq=False)
class Difference:
    """Numbers compared with a target, elementwise: arrays of one shape."""

    actual: Float64s
    """the numbers that were computed"""
    target: Float64s
    """the exact or the expected numbers"""
    abs_diff: Float64s
    """abs(actual - target); 0 where both are nan or the same infinity, else inf where one of the
    two is not finite"""
    allowed: Float64s
    """the largest abs_diff that agrees"""
    dtype: str
    """the dtype that was computed"""
    unit: Float64s | float = 0.0
    """the part of `allowed` that is one unit of a published target's last printed digit"""
    excerpt: Excerpt | None = None
    """where these are not all the numbers"""
    asked: str = ""
    """the case's dtype"""

    @property
    def agrees(self) -> Bools:
        """Elementwise; an infinite difference never agrees, even where `allowed` is inf too."""
        return np.asarray(np.isfinite(self.abs_diff) & (self.abs_diff <= self.allowed))

    @property
    def ulps(self) -> Float64s:
        """abs_diff in spacings at the target, of `dtype`, or of `asked` where those are smaller;
        not kept, for few of them are read."""
        return in_ulps(self.abs_diff, ulp(self.target, self.dtype, self.asked))

    def ulps_at(self, index: tuple[int, ...]) -> float:
        """The one of `ulps` at this index."""
        spaced = ulp(self.target[index], self.dtype, self.asked)
        return float(in_ulps(np.asarray(self.abs_diff[index]), spaced))

    @property
    def diverging(self) -> int:
        """How many numbers diverge, kept or not."""
        return int((~self.agrees).sum()) if self.excerpt is None else self.excerpt.diverging

    @property
    def at_least(self) -> bool:
        """Whether more than `diverging` numbers may diverge."""
        return self.excerpt is not None and self.excerpt.at_least

    @property
    def distance(self) -> Float64s:
        """abs_diff, but inf where `auto` counts an infinity beyond the range as 0."""
        finite = np.isfinite(distance(self.actual, self.target))
        return np.where(finite, self.abs_diff, np.inf)

    @property
    def size(self) -> int:
        """How many numbers there are, kept or not."""
        return self.actual.size if self.excerpt is None else math.prod(self.excerpt.shape)

    @property
    def classes(self) -> str:
        """The kinds of numbers: `value`, or how many of each, as in `nan (1), value (2)`."""
        return classes(self.actual) if self.excerpt is None else self.excerpt.classes

    def place(self, index: tuple[int, ...]) -> tuple[int, ...]:
        """The index in the whole array of the number at `index` of these arrays."""
        return index if self.excerpt is None else self.excerpt.indices[index[0]]

    def ulps_of(self, index: tuple[int, ...]) -> str:
        """The dtype in whose spacings the difference at `index` is counted."""
        return ulp_name(float(self.target[index]), self.dtype, self.asked)

    @property
    def worst(self) -> tuple[int, ...]:
        """The index of the largest difference, among those that diverge if any does."""
        scored = np.where(self.agrees, -1.0, self.abs_diff) if self.diverging else self.abs_diff
        return tuple(int(i) for i in np.unravel_index(int(np.argmax(scored)), scored.shape))


@dataclass(frozen=True)
class Allowance:
    """What the tolerance allows of each part: `losses`, a gradient or a reduction."""

    tolerance: Tolerance | Auto
    """of the case"""
    bounds: Bounds | None
    """needed for `auto`, else ValueError"""
    asked: str = ""
    """the case's dtype: a coarser dtype that was computed is counted in its spacings"""

    def by_reference(self, part: str, actual: Array, target: Enclosure) -> Difference:
        """A part against its exact value, of the same shape."""
        if actual.size > NUMBERS:
            return self._in_chunks(part, actual, target)
        upcast = np.asarray(actual, dtype=np.float64)
        off, name = target.distance(upcast), actual.dtype.name
        allowed = _LIMITS.get(
            target, (self, part, name), lambda: self._limits(part, target.high, name, 0.0)
        )
        return self._difference(upcast, target.high, off, allowed, name, 0.0)

    def _in_chunks(self, part: str, actual: Array, target: Enclosure) -> Difference:
        upcast, off, allowed = (np.empty(actual.shape) for _ in range(3))
        for place in chunks(actual.shape):
            chunk = Enclosure(target.high[place], target.low[place], target.radius[place])
            d = self._of(part, place).by_reference(part, actual[place], chunk)
            upcast[place], off[place], allowed[place] = d.actual, d.abs_diff, d.allowed
        dtype = actual.dtype.name
        return Difference(upcast, target.high, off, allowed, dtype, asked=self.asked)

    def _of(self, part: str, place: tuple[slice, ...]) -> Allowance:
        """The allowance of the numbers at `place` of a part: with their bounds."""
        bounds = self.bounds
        if bounds is None:
            return self
        if part == "losses":
            return replace(self, bounds=replace(bounds, losses=bounds.losses[place]))
        if part == "gradient":
            gradient = None if bounds.gradient is None else bounds.gradient[place]
            return replace(self, bounds=replace(bounds, gradient=gradient))
        by = {n: b for n, b in bounds.by_parameters.items() if PARAMETER_PARTS[n] == part}
        at = {name: bound[place] for name, bound in by.items()}
        return replace(self, bounds=replace(bounds, by_parameters=at))

    def by_text(self, part: str, actual: Array, published: Published) -> Difference:
        """A part against its published value, of the same shape."""
        upcast, name = np.asarray(actual, dtype=np.float64), actual.dtype.name
        off = distance(upcast, published.values)
        allowed = self._limits(part, published.values, name, published.units)
        return self._difference(upcast, published.values, off, allowed, name, published.units)

    def again(self, part: str, d: Difference) -> Difference:
        """The same numbers under this tolerance; UndecidedError where too few were kept."""
        allowed = self._limits(part, d.target, d.dtype, d.unit)
        again = self._difference(d.actual, d.target, d.distance, allowed, d.dtype, d.unit)
        if d.excerpt is None:
            return again
        diverging = int((~again.agrees).sum())
        if not diverging:
            self._stands_for_all(part, again, d.excerpt)
        excerpt = replace(d.excerpt, diverging=diverging, at_least=diverging > 0)
        return replace(again, excerpt=excerpt)

    def _stands_for_all(self, part: str, d: Difference, excerpt: Excerpt) -> None:
        """UndecidedError where the kept elements agree, but those they stand for may not."""
        if self.tolerance == "auto":  # the largest share of the bound was kept
            return
        least = np.fmin(excerpt.least, np.abs(d.target))
        with np.errstate(invalid="ignore", over="ignore"):
            allowed = self._allowed(part, least, d.dtype)
        if (np.isfinite(d.target) & (d.abs_diff > allowed)).any():
            raise UndecidedError(part)

    def _limits(self, part: str, target: Float64s, dtype: str, unit: Float64s | float) -> Float64s:
        """The largest difference that agrees, at each target."""
        with np.errstate(invalid="ignore", over="ignore"):
            allowed = self._allowed(part, target, dtype) + np.asarray(unit)
        return np.where(np.isfinite(target), allowed, 0.0)

    def _difference(
        self,
        actual: Float64s,
        target: Float64s,
        off: Float64s,
        allowed: Float64s,
        dtype: str,
        unit: Float64s | float,
    ) -> Difference:
        if self.tolerance == "auto":
            off = within_range(actual, target, off, allowed, dtype, self.asked)
        return Difference(actual, target, off, allowed, dtype, unit, asked=self.asked)

    def _allowed(self, part: str, target: Float64s, dtype: str) -> Float64s:
        if isinstance(self.tolerance, Tolerance):
            t = self.tolerance
            spaced = ulp(target, dtype, self.asked)
            return np.fmax(t.atol + t.rtol * np.abs(target), t.ulps * spaced)
        if self.bounds is None:
            raise ValueError("the tolerance auto needs the bounds")
        if target.size == 0:
            return np.zeros_like(target)
        bound = self.bounds.parts[part]
        return np.asarray(bound, dtype=np.float64)


def within_range(
    actual: Float64s,
    target: Float64s,
    off: Float64s,
    allowed: Float64s,
    dtype: str,
    asked: str,
) -> Float64s:
    """The distance `off`, elementwise; 0 for an infinity where the target, or a number within
    `allowed` of it, is beyond the range of both dtypes."""
    if not np.isinf(actual).any():
        return off
    beyond = np.abs(target) > max(map(largest, filter(None, (dtype, asked)))) - allowed
    return np.where(beyond & (actual == np.copysign(np.inf, target)), 0.0, off)


def classes(values: Float64s) -> str:
    """`value`, `nan`, `inf` or `-inf`; where they are mixed, how many of each, and for many numbers
    a digest of their places. A zero is a value: a tiny number rounds to it."""
    masks = {
        "inf": values == np.inf,
        "-inf": values == -np.inf,
        "nan": np.isnan(values),
        "value": np.isfinite(values),
    }
    counts = {name: int(mask.sum()) for name, mask in masks.items() if mask.any()}
    if len(counts) < 2:
        return next(iter(counts), "no numbers")
    text = ", ".join(f"{name} ({count})" for name, count in counts.items())
    if values.size <= _FEW:
        return text
    kinds = np.zeros_like(values)
    for number, mask in enumerate(masks.values()):
        kinds[mask] = number
    return f"{text}, places {digest(kinds, 'float64')[:8]}"


def joined_classes(parts: Sequence[tuple[str, int]]) -> str:
    """The classes of an array from those of its parts, each with its size; the places are a digest
    of the parts' texts."""
    counts: Counter[str] = Counter()
    for text, size in parts:
        found = re.findall(r"(\S+) \((\d+)\)", text)
        counts.update({name: int(count) for name, count in found} if found else {text: size})
    if len(counts) < 2:
        return next(iter(counts))
    order = [name for name in ("inf", "-inf", "nan", "value") if name in counts]
    text = ", ".join(f"{name} ({counts[name]})" for name in order)
    return f"{text}, places {digest_of_texts([text for text, _ in parts])[:8]}"
