"""Truth: the exact value of a problem, and what rounding may add to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from xent_check.problem.dtypes import Float64s
from xent_check.problem.kept import Kept
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DType, Reduction

from .bounds import Bounds
from .bounds_in_parts import bounds_in_parts
from .bounds_inside import inside_float32
from .bounds_promised import promised_bounds
from .bounds_totals import gradient_bound
from .enclosure import Enclosure
from .reference import Reference, gradients_of_total, reference

_INSIDE: Kept[Bounds] = Kept()  # of 16-bit numbers computed in float32


@dataclass(frozen=True, eq=False)
class Truth:
    """What an answer is compared with."""

    reference: Reference  # the exact value, its error proven
    bounds: Bounds  # of the errors that rounding explains

    def inside_float32(self, problem: Problem) -> Truth:
        """For what computes a problem of 16 bits in float32 and rounds the result to them."""
        bounds = _INSIDE.get(self, (), lambda: inside_float32(problem, self.reference, self.bounds))
        return replace(self, bounds=bounds)

    def as_promised(self, problem: Problem, promise: DType) -> Truth:
        """For a function that promises to compute a problem of 16 bits in the dtype `promise`."""
        return replace(self, bounds=promised_bounds(problem, self.reference, promise))

    def of_total(self, problem: Problem, reduction: Reduction) -> Truth:
        """For what gives the gradient of a total, which is among the problem's reductions, in place
        of that of the losses' sum. The problem has no cotangent."""
        bounds, reference = self.bounds, self.reference
        assert bounds.gradient is not None
        assert reference.gradient is not None
        dtype = bounds.promise or ("float32" if bounds.in_float32 else problem.dtype)

        def allowed(exact: Enclosure, bound: Float64s) -> Float64s:
            return gradient_bound(problem, reference, (exact, bound), reduction, dtype)

        gradient, of = allowed(reference.gradient, bounds.gradient), reference.by_parameters
        by_parameters = {n: allowed(of[n], b) for n, b in bounds.by_parameters.items()}
        exact, exact_by = gradients_of_total(problem, reduction)
        return Truth(
            replace(reference, gradient=exact, by_parameters=exact_by),
            replace(bounds, gradient=gradient, by_parameters=by_parameters),
        )


def truth(problem: Problem) -> Truth:
    """The reference, its error proven, and the bounds of the problem's own dtype."""
    exact = reference(problem)
    return Truth(exact, bounds_in_parts(problem, exact))
