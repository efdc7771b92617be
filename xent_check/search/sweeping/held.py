"""Held: the answers to some inputs beside their exact values."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s, dtype_name
from xent_check.reference.bounds import Bounds
from xent_check.reference.enclosure import Enclosure
from xent_check.reference.truth import Truth, truth
from xent_check.results.difference import Allowance, Difference

from .domain import Domain, Scores
from .limits import Limits, rows_of

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Held:
    """Numbers of an answer beside their exact values. Arrays of shape [inputs, numbers]."""

    domain: Domain
    indices: Indices | range
    """of the inputs. Shape: [inputs]"""
    scores: Scores
    """their scores. Shape: [inputs], or [inputs, 2]"""
    actual: Scores
    """in the dtype of the answer"""
    high: Float64s
    """high, low and radius: of the exact values' enclosure"""
    low: Float64s
    radius: Float64s
    bound: Float64s
    """of the errors that rounding explains"""
    bounds: Bounds
    """what else is said of it"""
    limits: Limits
    """of answers of the dtype"""

    @classmethod
    def of(
        cls,
        domain: Domain,
        indices: Indices | range,
        scores: Scores,
        actual: Scores,
        exact: Truth,
        limits: Limits,
    ) -> Held:
        """An answer of the right shape."""
        high, low, radius, bound = rows_of(domain, exact)
        actual = actual.reshape(high.shape)
        return cls(domain, indices, scores, actual, high, low, radius, bound, exact.bounds, limits)

    @property
    def dtype(self) -> str:
        """That was computed."""
        return dtype_name(self.actual.dtype)

    def at(self, rows: slice | Indices) -> Held:
        """Those of some inputs."""
        actual, high, low = self.actual[rows], self.high[rows], self.low[rows]
        radius, bound = self.radius[rows], self.bound[rows]
        return Held(
            self.domain, self.indices_at(rows), self.scores[rows], actual, high, low, radius, bound,
            self.bounds, self.limits.at(rows),
        )  # fmt: skip

    def indices_at(self, rows: slice | Indices) -> Indices | range:
        """Those of some inputs."""
        if isinstance(rows, slice) or not isinstance(self.indices, range):
            return self.indices[rows]
        return self.indices[0] + rows  # a range of all that lie between two

    @property
    def difference(self) -> Difference:
        """Under the tolerance auto."""
        exact = Enclosure(self.high, self.low, self.radius)
        if self.domain.gradient:
            name, bounds = "gradient", replace(self.bounds, gradient=self.bound)
        else:
            name, bounds = "losses", replace(self.bounds, losses=self.bound)
        return Allowance("auto", bounds, self.domain.dtype).by_reference(name, self.actual, exact)

    @property
    def decided(self) -> Difference:
        """The same against the values of pairs or ball arithmetic, exact enough for each."""
        balls = truth(self.domain.problem_of(self.scores)).reference
        exact = balls.gradient if self.domain.gradient else balls.losses
        assert exact is not None
        high, low, radius = (
            array.reshape(self.actual.shape) for array in (exact.high, exact.low, exact.radius)
        )
        return replace(self, high=high, low=low, radius=radius).difference
