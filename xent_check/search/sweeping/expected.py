"""Expected: some inputs of a domain, their exact values, and the bounds of what answers err by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s
from xent_check.reference.bounds import Bounds
from xent_check.reference.bounds_between import least_bounds, some_bounds
from xent_check.reference.reference import Reference
from xent_check.reference.truth import Truth, truth

from .domain import Domain, Scores

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Expected:
    """Arrays of shape [inputs, numbers]."""

    domain: Domain
    indices: Indices | range
    """of the inputs. Shape: [inputs]"""
    scores: Scores
    """their scores. Shape: [inputs], or [inputs, 2]"""
    high: Float64s
    """high, low and radius: of the exact values' enclosure"""
    low: Float64s
    radius: Float64s
    stored: Float64s | None
    """the bounds of the errors that rounding explains; None: computed where they are looked at"""
    stored_bounds: Bounds | None
    """what else is said of them"""

    @classmethod
    def of(
        cls, domain: Domain, indices: Indices | range, scores: Scores, exact: Truth | Reference
    ) -> Expected:
        """exact: without bounds only of what `has_least_bound`."""
        reference = exact if isinstance(exact, Reference) else exact.reference
        target = reference.gradient if domain.gradient else reference.losses
        assert target is not None
        shape = (len(scores), -1)
        high, low, radius = (
            part.reshape(shape) for part in (target.high, target.low, target.radius)
        )
        if isinstance(exact, Reference):
            return cls(domain, indices, scores, high, low, radius, None, None)
        bound = exact.bounds.gradient if domain.gradient else exact.bounds.losses
        assert bound is not None
        stored = bound.reshape(shape)
        return cls(domain, indices, scores, high, low, radius, stored, exact.bounds)

    def at(self, rows: slice | Indices) -> Expected:
        """Those of some inputs."""
        high, low, radius = self.high[rows], self.low[rows], self.radius[rows]
        stored = None if self.stored is None else self.stored[rows]
        return Expected(
            self.domain, self.indices_at(rows), self.scores[rows], high, low, radius, stored,
            self.stored_bounds,
        )  # fmt: skip

    def indices_at(self, rows: slice | Indices) -> Indices | range:
        """The indices of some inputs."""
        if isinstance(self.indices, range):
            # a range of all that lie between two
            return self.indices[rows] if isinstance(rows, slice) else self.indices[0] + rows
        return self.indices[rows]

    @cached_property
    def bounds(self) -> Bounds:
        """Those of the losses, or of the gradient where that is looked at."""
        if self.stored is None or self.stored_bounds is None:
            found = some_bounds(self.domain.problem_of(self.scores), self.high[:, 0])
            return replace(found, losses=found.losses.reshape(self.high.shape))
        if self.domain.gradient:
            return replace(self.stored_bounds, gradient=self.stored)
        return replace(self.stored_bounds, losses=self.stored)

    @property
    def bound(self) -> Float64s:
        """The bound of each number."""
        return self.bounds.losses if self.stored is None else self.stored

    def least_bounds(self, starts: Indices) -> Float64s:
        """For each run of neighbours a number that none of their bounds is below. starts: where
        each begins, the last of which ends with all. Shape: [runs]"""
        if self.stored is not None:
            return np.asarray(np.minimum.reduceat(self.stored.min(axis=1), starts))
        return least_bounds(self.domain.problem_of(self.scores), self.high[:, 0], starts)

    @property
    def decided(self) -> Expected:
        """The same with the values of pairs or ball arithmetic, exact enough for each."""
        balls = truth(self.domain.problem_of(self.scores)).reference
        exact = balls.gradient if self.domain.gradient else balls.losses
        assert exact is not None
        high, low, radius = (
            array.reshape(self.high.shape) for array in (exact.high, exact.low, exact.radius)
        )
        return replace(
            self, high=high, low=low, radius=radius, stored=self.bound, stored_bounds=self.bounds
        )
