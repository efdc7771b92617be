"""Atlas: what sweeps found, a line for each implementation, loss, input, dtype, and value or
gradient.

The labels and ranges of one line add up. Where two ranges overlap, inputs count twice.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from xent_check.errors import UserError, key_text, visible
from xent_check.history.machine import Machine
from xent_check.problem.vocabulary import CHECKS, DTYPES, GIVEN, LOSSES, DType, Given, Loss

from .sweeping.record import Check, SweepRecord, SweptRecord, WorstRecord

_Grid = tuple[tuple[float, float], int]  # a range and a stride


@dataclass(frozen=True)
class Kind:
    """What is asked."""

    loss: Loss
    given: Given
    dtype: DType
    check: Check

    @property
    def order(self) -> tuple[int, ...]:
        """Its place among all: losses in the order of their table, and so on."""
        lists: tuple[tuple[Sequence[str], str], ...] = (
            (LOSSES, self.loss), (GIVEN, self.given), (DTYPES, self.dtype), (CHECKS, self.check),
        )  # fmt: skip
        return tuple(list(words).index(word) for words, word in lists)


@dataclass(frozen=True)
class Who:
    """Who is asked, and where."""

    implementation: str
    version: str
    machine: int
    """its place among the atlas' machines"""


@dataclass(frozen=True, eq=False)
class Worst:
    """The worst input of a line."""

    record: WorstRecord
    label: int

    @property
    def place(self) -> tuple[float, ...]:
        """The scores."""
        scores = self.record.input
        return scores if isinstance(scores, tuple) else (scores,)


@dataclass(frozen=True, eq=False)
class Line:
    """One implementation on one kind."""

    kind: Kind
    who: Who
    records: tuple[SweptRecord, ...]
    """of its labels and ranges, all with inputs"""

    @property
    def inputs(self) -> int:
        """How many were compared."""
        return sum(record.inputs for record in self.records)

    @property
    def diverging(self) -> int:
        """How many answers are beyond the bound."""
        return sum(record.diverging for record in self.records)

    @property
    def nan(self) -> int:
        """How many answers are nan where the exact value is none."""
        return sum(record.nan for record in self.records)

    @property
    def order_broken(self) -> int:
        """How many neighbours are in the wrong order."""
        return sum(record.order_broken for record in self.records)

    @property
    def over_ulps(self) -> dict[str, int]:
        """How many err by more than so many ulps."""
        limits = self.records[0].over_ulps
        return {limit: sum(r.over_ulps[limit] for r in self.records) for limit in limits}

    @property
    def worst(self) -> Worst:
        """The largest error in ulps."""
        return _largest([(r.worst, r.label) for r in self.records])

    @property
    def worst_share(self) -> Worst:
        """The largest share of the bound."""
        return _largest([(r.worst_share, r.label) for r in self.records])

    @property
    def early(self) -> tuple[str, ...]:
        """Why it did not answer all, where it did not."""
        return tuple(record.absent for record in self.records if record.absent)

    def curve(self) -> list[tuple[float, float]]:
        """The largest error in ulps of all records, from each power of 2 (or 0) to the next, in the
        order of the scores."""
        starts = sorted({start for record in self.records for start, _ in record.curve})
        return [(start, max(_at(record, start) for record in self.records)) for start in starts]


@dataclass(frozen=True, eq=False)
class Coverage:
    """Which inputs were asked."""

    record: SweptRecord
    """one with their range and stride"""
    labels: tuple[int, ...]
    """in order"""
    of: tuple[Who, ...]
    """who was; empty for all that the kind has"""


@dataclass(frozen=True, eq=False)
class Atlas:
    """All lines, by kind, the implementations of each in the order of the sweeps."""

    lines: tuple[Line, ...]
    machines: tuple[Machine, ...]
    sweeps: tuple[tuple[str, SweepRecord], ...]
    """with the names of their files"""

    def name_of(self, who: Who) -> str:
        """The implementation; with its release or its machine where that tells it from another."""
        same = {line.who for line in self.lines if line.who.implementation == who.implementation}
        version = f" {who.version}" if len({other.version for other in same}) > 1 else ""
        machine = f" [{who.machine + 1}]" if len({other.machine for other in same}) > 1 else ""
        return who.implementation + version + machine

    @property
    def versions(self) -> dict[str, str]:
        """The release of each implementation; several are joined."""
        of: dict[str, dict[str, None]] = {}
        for line in self.lines:
            of.setdefault(line.who.implementation, {})[line.who.version] = None
        return {name: " and ".join(versions) for name, versions in of.items()}

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Each once."""
        return tuple(dict.fromkeys(line.kind for line in self.lines))

    def of(self, kind: Kind) -> tuple[Line, ...]:
        """The lines of a kind."""
        return tuple(line for line in self.lines if line.kind == kind)

    def coverage_of(self, kind: Kind) -> tuple[Coverage, ...]:
        """Which inputs were asked for a kind, of which labels and implementations."""
        lines = self.of(kind)
        records = [(line.who, record) for line in lines for record in line.records]
        asked: dict[_Grid, dict[int, list[Who]]] = {}
        for who, record in records:
            labels = asked.setdefault((record.range, record.stride), {})
            labels.setdefault(record.label, []).append(who)
        found: list[Coverage] = []
        for (ends, stride), labels in asked.items():
            first = next(r for _, r in records if (r.range, r.stride) == (ends, stride))
            for of in dict.fromkeys(tuple(of) for of in labels.values()):
                those = tuple(sorted(label for label in labels if tuple(labels[label]) == of))
                found.append(Coverage(first, those, of if len(of) < len(lines) else ()))
        return tuple(found)

    @property
    def absent(self) -> dict[tuple[str, str], list[Kind]]:
        """The kinds that an implementation did not answer, by its name and the reason."""
        absent: dict[tuple[str, str], list[Kind]] = {}
        for _, sweep in self.sweeps:
            for record in sweep.results:
                if not record.inputs:
                    kinds = absent.setdefault((record.implementation, record.absent or ""), [])
                    kinds += [kind_of(record)] if kind_of(record) not in kinds else []
        return absent


def kind_of(record: SweptRecord) -> Kind:
    """What was asked."""
    return Kind(record.loss, record.given, record.dtype, record.check)


def atlas_of(sweeps: Sequence[tuple[str, SweepRecord]]) -> Atlas:
    """The atlas of sweeps, each with the name of its file. UserError where two of them have the
    same domain of one implementation, release and machine."""
    machines: list[Machine] = []
    lines: dict[tuple[Kind, Who], list[SweptRecord]] = {}
    places: dict[object, str] = {}
    for name, sweep in sweeps:
        if sweep.machine not in machines:
            machines.append(sweep.machine)
        for record in sweep.results:
            if not record.inputs:
                continue
            machine = machines.index(sweep.machine)
            who = Who(record.implementation, record.version, machine)
            domain = (kind_of(record), who, record.label, record.range, record.stride)
            if domain in places:
                twice = f"{record.implementation} on label {record.label} of the same range"
                raise UserError(f"{visible(name)}: {twice} stands in {visible(places[domain])} too")
            places[domain] = name
            lines.setdefault((kind_of(record), who), []).append(record)
    found = [Line(kind, who, tuple(records)) for (kind, who), records in lines.items()]
    found.sort(key=lambda line: line.kind.order)  # stable: implementations as they came
    return Atlas(tuple(found), tuple(machines), tuple(sweeps))


def load_sweep(file: Path) -> SweepRecord:
    """The sweep in a file. UserError where there is none."""
    try:
        return SweepRecord.model_validate(json.loads(file.read_bytes()))
    except OSError as error:
        raise UserError(f"{visible(str(file))}: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = key_text(tuple(first["loc"]))
        why = f"{key}: {first['msg']}" if key else first["msg"]
    except (ValueError, RecursionError) as error:
        why = str(error)
    text = f"{file}: not what `xent-check sweep --report json=FILE` writes; {why}"
    raise UserError(visible(text))


def files_below(paths: Sequence[Path]) -> Iterator[Path]:
    """The files, and the *.json of folders."""
    for path in paths:
        if path.is_dir():
            yield from sorted(path.glob("*.json"))
        else:
            yield path


def _largest(worst: Sequence[tuple[WorstRecord | None, int]]) -> Worst:
    there = [Worst(record, label) for record, label in worst if record is not None]
    return max(there, key=lambda one: one.record.size)


def _at(record: SweptRecord, score: float) -> float:
    """The value of a record's curve from a score on; 0 beyond its range."""
    low, high = record.range
    if not record.curve or not low <= score <= high:
        return 0.0
    before = [ulps for start, ulps in record.curve if start <= score]
    return before[-1] if before else math.nan
