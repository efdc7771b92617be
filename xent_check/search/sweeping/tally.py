"""Tally: what a sweep counts of one implementation, and how the tallies of two parts add up.

Adding is associative and takes the earlier place where two are equally bad, so that the sum over
all parts is the same in whatever order they come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

ULPS = (0.5, 1.0, 2.0, 4.0)  # errors beyond these are counted
ZERO = 2000  # a curve's key of the numbers from 2^(e - 1) to 2^e is this + e, signed as they are


@dataclass(frozen=True)
class Worst:
    """The input with the largest of something."""

    size: float = -1.0
    """below 0: there is none"""
    place: int = 0
    """of the input in its domain"""
    actual: float = 0.0
    """what was answered there"""
    exact: float = 0.0
    """the exact value, to the nearest float64"""
    entry: int = 0
    """which number of the answer it is: 0, or 1 of the second score's gradient"""

    def moved(self, by: int) -> Worst:
        """The same in a domain that begins so many places earlier."""
        return replace(self, place=self.place + by) if self.size >= 0 else self

    def or_worse(self, other: Worst) -> Worst:
        """The worse of two, the earlier one where they are equally bad."""
        return max(self, other, key=lambda one: (one.size, -one.place))


@dataclass(frozen=True)
class Tally:
    """Counts of some inputs of a domain."""

    inputs: int = 0
    diverging: int = 0
    """beyond the bound, or another kind of number than the exact value"""
    nan: int = 0
    """nan where the exact value is none"""
    over: tuple[int, ...] = (0,) * len(ULPS)
    """with more than 0.5, 1, 2 and 4 ulps"""
    decided: int = 0
    """so near one of these, or the bound, that ball arithmetic decided"""
    breaks: int = 0
    """inputs with a number larger than that of the input before, though the exact one is smaller,
    or the other way round; of two classes, where the second score alone is another"""
    by_ulps: Worst = field(default_factory=Worst)
    """the largest error in ulps"""
    by_share: Worst = field(default_factory=Worst)
    """the largest error as a share of its bound"""
    by_finite: Worst = field(default_factory=Worst)
    """the largest error in ulps that is finite"""
    curve: Mapping[int, float] = field(default_factory=dict)
    """the largest error in ulps by the binary exponent of the first score, above ZERO, signed as
    that score; 0 of 0"""

    def __add__(self, other: Tally) -> Tally:
        curve = dict(self.curve)
        for bucket, ulps in other.curve.items():
            curve[bucket] = max(ulps, curve.get(bucket, 0.0))
        return Tally(
            self.inputs + other.inputs,
            self.diverging + other.diverging,
            self.nan + other.nan,
            tuple(a + b for a, b in zip(self.over, other.over, strict=True)),
            self.decided + other.decided,
            self.breaks + other.breaks,
            self.by_ulps.or_worse(other.by_ulps),
            self.by_share.or_worse(other.by_share),
            self.by_finite.or_worse(other.by_finite),
            dict(sorted(curve.items())),
        )

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Tally:
        """From its plain values, as `dataclasses.asdict` or JSON gives them."""
        return cls(
            **{
                **plain,
                "over": tuple(plain["over"]),
                "by_ulps": Worst(**plain["by_ulps"]),
                "by_share": Worst(**plain["by_share"]),
                "by_finite": Worst(**plain["by_finite"]),
                "curve": {int(bucket): ulps for bucket, ulps in plain["curve"].items()},
            }
        )

    def moved(self, by: int) -> Tally:
        """The same of a domain that begins so many places earlier."""
        return replace(
            self,
            by_ulps=self.by_ulps.moved(by),
            by_share=self.by_share.moved(by),
            by_finite=self.by_finite.moved(by),
        )
