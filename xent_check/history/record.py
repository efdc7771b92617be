"""Recorded: what one answer was, small enough to keep and exact enough to compare."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.errors import visible
from xent_check.problem.dtypes import Float64s
from xent_check.problem.evaluation import Computed, Failed
from xent_check.results.comparison import Comparison, share_of
from xent_check.results.difference import Difference
from xent_check.results.fingerprint import digest
from xent_check.results.report import CaseResult

WORST = 5
MOST_DIVERGING = 1_000  # of one part of an accepted divergence; of more the digest has to do
Ints = npt.NDArray[np.intp]
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]+")
_NUMBER = re.compile(r"(?<![A-Za-z0-9])[-+]?\d+\.?\d*(?:e[-+]?\d+)?", re.ASCII | re.IGNORECASE)
_LONGEST = 300  # characters of a message


@dataclass(frozen=True, eq=False)
class PartRecord:
    """Losses, one total or the gradient.

    numbers: flat. index: where each of them stands in the flat array of `shape`; None where they
    are all. judged: what a run holds them against, number by number; nothing of a baseline.
    """

    dtype: str
    shape: tuple[int, ...]
    digest: str
    numbers: Float64s
    index: Ints | None = None
    judged: tuple[Difference, ...] = ()

    def same_bits(self, other: PartRecord) -> bool:
        return (self.dtype, self.shape, self.digest) == (other.dtype, other.shape, other.digest)

    @property
    def positions(self) -> Ints:
        """Where the numbers stand in the flat array."""
        return np.arange(self.numbers.size) if self.index is None else self.index

    def rows(self, positions: Ints) -> Ints:
        """Which of `numbers` stand at these positions; -1 for what was not kept."""
        if self.index is None:
            return positions
        if not self.index.size:
            return np.full_like(positions, -1)
        order = np.argsort(self.index)
        found = np.searchsorted(self.index, positions, sorter=order)
        rows = order[np.minimum(found, order.size - 1)]
        return np.where(self.index[rows] == positions, rows, -1)

    def kept(self, accepted: bool) -> Ints:
        """The rows for a baseline: the worst few, and of an accepted divergence all that diverge,
        where they are not too many."""
        if not self.judged:
            return np.arange(self.numbers.size)
        worst = np.argsort(-self.judged[0].abs_diff.reshape(-1), kind="stable")[:WORST]
        diverging = [np.flatnonzero(~d.agrees) for d in self.judged if accepted]
        bad = np.unique(np.concatenate([worst[:0], *diverging]))
        return np.union1d(worst, bad) if bad.size <= MOST_DIVERGING else np.sort(worst)


@dataclass(frozen=True, eq=False)
class Recorded:
    """One implementation on one case.

    behaviour: what kind of answer it was: `value`, `nan (1), value (2)`, `unsupported`; the error
    that it raised, the shape that was wrong. shares: by part, the largest error as a share of what
    rounding explains. because: why a divergence was accepted; None where it was not. inputs: the
    digest of the problem; None where it is not known.
    """

    status: str
    behaviour: str
    parts: Mapping[str, PartRecord] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    because: str | None = None
    inputs: str | None = None

    @property
    def forms(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """The dtype and the shape of each part."""
        return {name: (part.dtype, part.shape) for name, part in self.parts.items()}


def recorded(result: CaseResult) -> Recorded:
    """The record of a result, with every number that it has, whatever a baseline excused."""
    result = result.own
    comparison, inputs = result.comparison, result.inputs
    if comparison is None:
        return Recorded(result.status, _kind(result), inputs=inputs)
    parts, stated = comparison.by_reference, comparison.by_expectation
    told = [parts["losses"].classes]
    told += [f"{n} {d.classes}" for n, d in parts.items() if n != "losses" and d.classes != "value"]
    told += [f"no {name}" for name in sorted(comparison.unsupported)]
    made = {name: _part(d, stated.get(name)) for name, d in parts.items()}
    return Recorded(result.status, "; ".join(told), made, _shares(comparison), inputs=inputs)


def _kind(result: CaseResult) -> str:
    """Of an answer without numbers to compare: the error it raised, how it failed, or which shape
    it has. What a case declares has its words there, and is told by its kind alone."""
    evaluation, declared = result.evaluation, result.status in ("agrees", "known")
    if isinstance(evaluation, Failed):
        if evaluation.kind != "error":
            return f"{evaluation.kind}: {folded(evaluation.message)}"
        name = evaluation.message.partition(":")[0]
        return name if declared else folded(evaluation.message)
    if isinstance(evaluation, Computed):
        return "another shape" if declared else f"another shape: {result.reason}"
    return result.status


def folded(message: str) -> str:
    """An error's message without what is another each time: addresses and numbers are `#`, but for
    those in a word, as in `float32`; of a long one the beginning, and a digest of all of it."""
    text = visible(" ".join(message.split()))
    text = _NUMBER.sub("#", _ADDRESS.sub("#", text))
    if len(text) <= _LONGEST:
        return text
    codes = np.array([ord(sign) for sign in text], dtype=np.float64)
    return f"{text[:_LONGEST]}... {digest(codes, 'float64')}"


def _shares(comparison: Comparison) -> dict[str, float]:
    """The losses' own where it was saved: it may be of more of them than were kept."""
    bounds, losses = comparison.bounds, comparison.share
    shares = {} if losses is None else {"losses": losses}
    if bounds is None:
        return shares
    given: dict[str, Any] = {str(name): bound for name, bound in bounds.totals.items()}
    given["gradient"] = bounds.gradient
    for name, difference in comparison.by_reference.items():
        if name != "losses" and given.get(name) is not None:
            shares[name] = share_of(difference, np.asarray(given[name]))
    return shares


def _part(d: Difference, stated: Difference | None) -> PartRecord:
    """stated: the same numbers against what `expect` states."""
    judged = (d,) if stated is None else (d, stated)
    numbers = d.actual.reshape(-1)
    if d.excerpt is None:
        return PartRecord(d.dtype, d.actual.shape, digest(d.actual, d.dtype), numbers, None, judged)
    shape = d.excerpt.shape
    places = np.array(d.excerpt.indices, dtype=np.intp).reshape(numbers.size, len(shape))
    index = np.asarray(np.ravel_multi_index(tuple(places.T), shape), dtype=np.intp)
    return PartRecord(d.dtype, shape, d.excerpt.digest, numbers, index, judged)
