"""Limits: what the answers of one dtype to some inputs have in common."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s, ulp
from xent_check.reference.truth import Truth

from .domain import Domain

IN_CACHE = 2**15  # numbers looked at at once
SLACK = 2.0**-7  # ulps, or shares: exact values that are known better need no look one by one


@dataclass(frozen=True, eq=False)
class Limits:
    """What is the same for all answers of a dtype to some inputs, where no exact value is infinite
    or nan. Such answers need no look at their kinds, which takes most of the time."""

    plain: bool
    """whether the rest can be used: all exact values are numbers, known well enough"""
    per_ulp: Float64s
    """1 over the spacing at each exact value, a power of two. Shape: [inputs, numbers]"""
    slack: float
    """the most by which an error in ulps may be wrong"""
    share_slack: float
    """the same of an error as a share of its bound"""

    @classmethod
    def of(cls, domain: Domain, exact: Truth, dtype: str) -> Limits:
        """Those of answers of the dtype `dtype`."""
        high, low, radius, bound = rows_of(domain, exact)
        per_ulp = np.empty_like(high)
        step = max(1, IN_CACHE // domain.width)
        slack, share_slack, plain = 0.0, 0.0, not low.any()
        for first in range(0, len(high), step):
            at = slice(first, first + step)
            with np.errstate(all="ignore"):
                np.divide(1.0, ulp(high[at], dtype, domain.dtype), out=per_ulp[at])
                slack = max(slack, 2 * float((radius[at] * per_ulp[at]).max()))
                share_slack = max(share_slack, 2 * float((radius[at] / bound[at]).max()))
            plain &= bool(np.isfinite(per_ulp[at]).all() and (bound[at] > 0).all())
        return cls(plain and slack < SLACK and share_slack < SLACK, per_ulp, slack, share_slack)

    def at(self, rows: slice | npt.NDArray[np.intp]) -> Limits:
        """Those of some inputs."""
        return replace(self, per_ulp=self.per_ulp[rows])


def rows_of(domain: Domain, exact: Truth) -> tuple[Float64s, Float64s, Float64s, Float64s]:
    """The exact values' high, low and radius, and their bounds. Shape: [inputs, numbers]."""
    target = exact.reference.gradient if domain.gradient else exact.reference.losses
    bound = exact.bounds.gradient if domain.gradient else exact.bounds.losses
    assert target is not None
    assert bound is not None
    inputs = len(bound)
    high, low, radius = (
        part.reshape(inputs, -1) for part in (target.high, target.low, target.radius)
    )
    return high, low, radius, bound.reshape(inputs, -1)
