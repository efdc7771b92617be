"""What the oracle says of the answers of right losses and of mutants."""

from __future__ import annotations

from tests.support.random_problems import oracle
from xent_check.problem.evaluation import Computed
from xent_check.problem.problem import Problem
from xent_check.reference.bounds_promised import promised_bounds
from xent_check.results.comparison import compare
from xent_check.search.asking import with_own_arrays
from xent_check.search.mutants.mutant import Mutant


def answer(one: Mutant, problem: Problem) -> Computed:
    """What a loss in NumPy answers; it may write to the values that it gets."""
    assert one.kernel is not None
    return one.kernel(with_own_arrays(problem)[0]).answer()


class Judge:
    """The oracle's exact value of a problem, and the bounds of what computes 16 bits in float32."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._exact, self._bounds = oracle(problem)
        if problem.dtype in ("float16", "bfloat16"):
            self._bounds = promised_bounds(problem, self._exact, "float32")

    def agrees(self, computed: Computed) -> bool:
        """Whether rounding explains every difference."""
        asked = frozenset({"losses", *self.problem.reductions, "gradient"})
        comparison = compare(
            computed, self._exact, "auto", None, self._bounds, self.problem.dtype, asked
        )
        return comparison.agrees_with_reference
