"""The record of an answer: small enough to keep, and exact enough to compare."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

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
MOST_DIVERGING = 1_000  # diverging numbers of a part that are kept; of more, the digest alone is
Ints = npt.NDArray[np.intp]
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]+")
_NUMBER = re.compile(r"(?<![A-Za-z0-9])[-+]?\d+\.?\d*(?:e[-+]?\d+)?", re.ASCII | re.IGNORECASE)
_LONGEST = 300  # characters of a message


@dataclass(frozen=True, eq=False)
class PartRecord:
    """The losses, a total or the gradient of an answer."""

    dtype: str  # of the numbers, as the implementation gave them
    shape: tuple[int, ...]  # of the whole part
    digest: str  # of all its numbers
    numbers: Float64s  # those that were kept, flat
    index: Ints | None = None  # their places in the flat array of `shape`; None: all were kept
    # Their differences from the reference, and from what `expect` states; none in a baseline.
    differences: tuple[Difference, ...] = ()

    def same_bits(self, other: PartRecord) -> bool:
        """Whether every number has the same bits in both, those included that were not kept."""
        return (self.dtype, self.shape, self.digest) == (other.dtype, other.shape, other.digest)

    @property
    def positions(self) -> Ints:
        """The places of the numbers in the flat array of `shape`."""
        return np.arange(self.numbers.size) if self.index is None else self.index

    def rows(self, positions: Ints) -> Ints:
        """The indices into `numbers` of these positions; -1 where the number was not kept."""
        if self.index is None:
            return positions
        if not self.index.size:
            return np.full_like(positions, -1)
        order = np.argsort(self.index)
        places = np.searchsorted(self.index, positions, sorter=order)
        rows = order[np.minimum(places, order.size - 1)]
        return np.where(self.index[rows] == positions, rows, -1)

    def rows_to_keep(self, accepted: bool) -> Ints:
        """The indices of the numbers that a baseline keeps: the WORST worst; and all that diverge,
        of an accepted divergence with at most MOST_DIVERGING of them."""
        if not self.differences:
            return np.arange(self.numbers.size)
        worst = np.argsort(-self.differences[0].abs_diff.reshape(-1), kind="stable")[:WORST]
        diverging = [np.flatnonzero(~d.agrees) for d in self.differences if accepted]
        bad = np.unique(np.concatenate([worst[:0], *diverging]))
        return np.union1d(worst, bad) if bad.size <= MOST_DIVERGING else np.sort(worst)


@dataclass(frozen=True, eq=False)
class AnswerRecord:
    """The answer of one implementation to one case."""

    status: str  # before a baseline excused it
    # The kind of answer: `value`, `nan (1), value (2)`, `unsupported`, the error that was raised,
    # or the wrong shape.
    behaviour: str
    # By name: losses, totals by reduction, gradient. Empty where nothing was computed.
    parts: Mapping[str, PartRecord] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)  # largest error / bound, by part
    because: str | None = None  # why a divergence was accepted; None where it was not
    inputs: str | None = None  # the digest of the problem; None where it is not known

    @property
    def forms(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """The dtype and the shape of each part."""
        return {name: (part.dtype, part.shape) for name, part in self.parts.items()}


def answer_record(result: CaseResult) -> AnswerRecord:
    """The record of a result with all its numbers, as it was before a baseline excused it."""
    result = result.without_gate
    comparison, inputs = result.comparison, result.inputs
    if comparison is None:
        return AnswerRecord(result.status, _behaviour(result), inputs=inputs)
    parts, expected = comparison.by_reference, comparison.by_expectation
    others = [(name, d.classes) for name, d in parts.items() if name != "losses"]
    clauses = [parts["losses"].classes] if "losses" in parts else []
    clauses += [f"{name} {classes}" for name, classes in others if classes != "value"]
    clauses += [f"no {name}" for name in sorted(comparison.unsupported)]
    clauses += [departure.behaviour for departure in comparison.departures]
    records = {name: _part(d, expected.get(name)) for name, d in parts.items()}
    return AnswerRecord(
        result.status, "; ".join(clauses), records, _shares(comparison), inputs=inputs
    )


def _behaviour(result: CaseResult) -> str:
    """The behaviour of an answer without comparable numbers: its error, failure or wrong shape.
    Where the case declares it, the kind of error is enough: the case has the words."""
    evaluation, declared = result.evaluation, result.status in ("agrees", "known")
    if isinstance(evaluation, Failed):
        if evaluation.kind != "error":
            return f"{evaluation.kind}: {normalized_message(evaluation.message)}"
        name = evaluation.message.partition(":")[0]
        return name if declared else normalized_message(evaluation.message)
    if isinstance(evaluation, Computed):
        return "another shape" if declared else f"another shape: {result.reason}"
    return result.status


def normalized_message(message: str) -> str:
    """An error's message without what differs each time: addresses and numbers become `#`, except
    in a word such as `float32`. A long message is its beginning and a digest of all of it."""
    text = visible(" ".join(message.split()))
    text = _NUMBER.sub("#", _ADDRESS.sub("#", text))
    if len(text) <= _LONGEST:
        return text
    codes = np.array([ord(sign) for sign in text], dtype=np.float64)
    return f"{text[:_LONGEST]}... {digest(codes, 'float64')}"


def _shares(comparison: Comparison) -> dict[str, float]:
    """The shares by part. That of the losses is the saved one, over all losses, kept or not."""
    bounds, losses = comparison.bounds, comparison.share
    shares = {} if losses is None else {"losses": losses}
    if bounds is None:
        return shares
    by_part = bounds.parts
    for name, difference in comparison.by_reference.items():
        if name != "losses" and by_part.get(name) is not None:
            shares[name] = share_of(difference, np.asarray(by_part[name]))
    return shares


def _part(d: Difference, expected: Difference | None) -> PartRecord:
    """The record of a part. expected: its difference from what `expect` states."""
    differences = (d,) if expected is None else (d, expected)
    numbers = d.actual.reshape(-1)
    if d.excerpt is None:
        return PartRecord(
            d.dtype, d.actual.shape, digest(d.actual, d.dtype), numbers, None, differences
        )
    shape = d.excerpt.shape
    places = np.array(d.excerpt.indices, dtype=np.intp).reshape(numbers.size, len(shape))
    index = np.asarray(np.ravel_multi_index(tuple(places.T), shape), dtype=np.intp)
    return PartRecord(d.dtype, shape, d.excerpt.digest, numbers, index, differences)
