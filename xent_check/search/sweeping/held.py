"""Held: the answers to some inputs beside their exact values."""

from __future__ import annotations

from dataclasses import dataclass

from xent_check.reference.enclosure import Enclosure
from xent_check.results.difference import Allowance, Difference

from .domain import Scores
from .expected import Expected, Indices


@dataclass(frozen=True, eq=False)
class Held:
    """Numbers of an answer beside their exact values."""

    expected: Expected
    actual: Scores
    """in the dtype of the answer. Shape: [inputs, numbers]"""

    def at(self, rows: slice | Indices) -> Held:
        """Those of some inputs."""
        return Held(self.expected.at(rows), self.actual[rows])

    @property
    def decided(self) -> Held:
        """Beside values that are exact enough for each."""
        return Held(self.expected.decided, self.actual)

    @property
    def difference(self) -> Difference:
        """Under the tolerance auto."""
        of = self.expected
        exact = Enclosure(of.high, of.low, of.radius)
        name = "gradient" if of.domain.gradient else "losses"
        return Allowance("auto", of.bounds, of.domain.dtype).by_reference(name, self.actual, exact)
