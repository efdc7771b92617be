"""Recorded: what one answer was, small enough to keep and exact enough to compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .difference import Difference
from .digest import digest
from .dtypes import Float64s
from .evaluation import Computed, Failed
from .report import CaseResult

WORST = 5
Place = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Part:
    """Losses, one total or the gradient.

    values: all of them, and what the run allowed; None where only a digest was kept. worst: the
    worst few by their place, the number and what the run allowed. Nothing is allowed by a
    baseline.
    """

    dtype: str
    shape: tuple[int, ...]
    digest: str
    values: Float64s | None
    allowed: Float64s | None
    worst: Mapping[Place, tuple[float, float]]

    def same_bits(self, other: Part) -> bool:
        return (self.dtype, self.shape, self.digest) == (other.dtype, other.shape, other.digest)

    def at(self, places: tuple[Place, ...]) -> tuple[Float64s, Float64s]:
        """The numbers at these places, and what was allowed there."""
        if self.values is None:
            pairs = [self.worst[place] for place in places]
            return np.array([v for v, _ in pairs]), np.array([a for _, a in pairs])
        index = tuple(np.array(places, dtype=np.intp).reshape(len(places), -1).T)
        allowed = np.zeros_like(self.values) if self.allowed is None else self.allowed
        return self.values[index], allowed[index]


@dataclass(frozen=True, eq=False)
class Recorded:
    """One implementation on one case.

    behaviour: what kind of answer it was: `value`, `nan (1), value (2)`, `IndexError`,
    `unsupported`. share: the largest error of a loss as a share of what rounding explains.
    because: why a divergence was accepted; None where it was not.
    """

    status: str
    behaviour: str
    parts: Mapping[str, Part] = field(default_factory=dict)
    share: float | None = None
    because: str | None = None


def recorded(result: CaseResult) -> Recorded:
    """The record of a result, with every number that it has."""
    comparison = result.comparison
    if comparison is None:
        return Recorded(result.status, _kind(result))
    parts = comparison.by_reference
    told = [parts["losses"].classes]
    told += [f"{n} {d.classes}" for n, d in parts.items() if n != "losses" and d.classes != "value"]
    told += [f"no {name}" for name in sorted(comparison.unsupported)]
    made = {name: _part(d) for name, d in parts.items()}
    return Recorded(result.status, "; ".join(told), made, comparison.share)


def _kind(result: CaseResult) -> str:
    """Of an answer without numbers to compare: the error it raised, or how it failed."""
    evaluation = result.evaluation
    if isinstance(evaluation, Failed):
        raised = evaluation.kind == "error"
        return evaluation.message.partition(":")[0] if raised else evaluation.kind
    return "another shape" if isinstance(evaluation, Computed) else result.status


def _part(d: Difference) -> Part:
    order = np.argsort(-d.abs_diff.reshape(-1), kind="stable")[:WORST]
    indices = [tuple(int(i) for i in np.unravel_index(int(k), d.actual.shape)) for k in order]
    worst = {d.place(i): (float(d.actual[i]), float(d.allowed[i])) for i in indices}
    if d.excerpt is not None:
        return Part(d.dtype, d.excerpt.shape, d.excerpt.digest, None, None, worst)
    return Part(d.dtype, d.actual.shape, digest(d.actual, d.dtype), d.actual, d.allowed, worst)
