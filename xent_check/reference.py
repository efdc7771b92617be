"""Reference: the exact mathematical value of a problem, as an enclosure.

Shares no code with any implementation. Small problems go through ball arithmetic (exact.py);
large ones through a float64 pass with a proven error bound (fast.py), and ball arithmetic again
where that bound is not small enough.

The extended reals follow the meaning of the case file: -log 0 is inf, a coefficient of 0 drops
its term, a nan or +inf logit is nan, inf - inf is nan, a label outside the classes is nan.
"""

from __future__ import annotations

from dataclasses import dataclass

from .enclosure import Enclosure, is_narrow
from .exact import divisor, exact_gradient, exact_losses, exact_totals
from .fast import fast_losses, fast_totals
from .problem import Problem
from .words import Reduction

SMALL = 20_000  # values; below it ball arithmetic takes well under a second


@dataclass(frozen=True, eq=False)
class Reference:
    """losses: the samples' shape. totals: one number per reduction. gradient: the values' shape,
    None where it was not asked for.

    divisors: what each total's sum of losses is divided by.
    """

    losses: Enclosure
    totals: dict[Reduction, Enclosure]
    divisors: dict[Reduction, float]
    gradient: Enclosure | None


def reference(problem: Problem) -> Reference:
    """The enclosure of every loss, total and gradient entry: each radius at most 1/1024 ulp of
    the problem's dtype.

    A value so near 0 that float64 cannot hold the 1/1024 ulp gets the smallest float64 above 0
    as its radius.
    """
    divisors = {r: float(divisor(problem, r)) for r in problem.reductions}
    losses = fast_losses(problem) if problem.values.size > SMALL else None
    if losses is None:
        losses, totals = exact_losses(problem), exact_totals(problem)
    else:
        totals = fast_totals(losses, divisors)
        if not all(is_narrow(t, problem.dtype) for t in totals.values()):
            totals = exact_totals(problem)
    gradient = exact_gradient(problem) if problem.gradient else None
    return Reference(losses, totals, divisors, gradient)
