"""Limits: what the answers of one dtype to some neighbours have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xent_check.problem.dtypes import Float64s, per_ulp
from xent_check.reference.rounding import once

from .expected import Expected

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
    def of(cls, expected: Expected, least: float, dtype: str) -> Limits:
        """Those of answers of the dtype `dtype`. least: no bound is below it."""
        radius = expected.radius
        with np.errstate(all="ignore"):
            per = per_ulp(expected.high, dtype, expected.domain.dtype)
            widest = 2 * float(radius.max())
            largest = float(once(per).max())
            slack = widest * largest
            if not slack < SLACK:
                slack = 2 * float((radius * per).max())
            share_slack = widest / least if least > 0 else np.inf
            if not share_slack < SLACK and expected.stored is not None:
                share_slack = 2 * float((radius / expected.stored).max())
            plain = bool(np.isfinite(largest)) and least > 0 and not once(expected.low).any()
        plain &= slack < SLACK and share_slack < SLACK
        return cls(plain, per, slack, share_slack)
