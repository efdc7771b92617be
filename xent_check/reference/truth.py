"""Truth: the exact value of a problem, and what rounding may add to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DType, Reduction

from .bounds import Bounds
from .bounds_in_parts import bounds_in_parts
from .bounds_inside import inside_float32
from .bounds_promised import promised_bounds
from .bounds_totals import gradient_bound
from .reference import Reference, gradient_of_total, reference


@dataclass(frozen=True, eq=False)
class Truth:
    """What an answer is compared with."""

    reference: Reference  # the exact value, its error proven
    bounds: Bounds  # of the errors that rounding explains

    def inside_float32(self, problem: Problem) -> Truth:
        """For what computes a problem of 16 bits in float32 and rounds the result to them."""
        return replace(self, bounds=inside_float32(problem, self.reference, self.bounds))

    def as_promised(self, problem: Problem, promise: DType) -> Truth:
        """For a function that promises to compute a problem of 16 bits in the dtype `promise`."""
        return replace(self, bounds=promised_bounds(problem, self.reference, promise))

    def of_total(self, problem: Problem, reduction: Reduction) -> Truth:
        """For what gives the gradient of a total, which is among the problem's reductions, in place
        of that of the losses' sum. The problem has no cotangent."""
        bounds = self.bounds
        assert bounds.gradient is not None
        dtype = bounds.promise or ("float32" if bounds.in_float32 else problem.dtype)
        allowed = gradient_bound(problem, self.reference, bounds.gradient, reduction, dtype)
        exact = gradient_of_total(problem, reduction)
        return Truth(replace(self.reference, gradient=exact), replace(bounds, gradient=allowed))


def truth(problem: Problem) -> Truth:
    """The reference, its error proven, and the bounds of the problem's own dtype."""
    exact = reference(problem)
    return Truth(exact, bounds_in_parts(problem, exact))
