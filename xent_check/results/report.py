"""Report: what every implementation did with every case, and the verdict."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from xent_check import __version__
from xent_check.casefile.case import Case, split_id
from xent_check.diagnosis.diagnosis import Diagnosis
from xent_check.errors import ExitCode
from xent_check.implementations.interpreters import interpreter
from xent_check.implementations.names import Implementation
from xent_check.problem.evaluation import Evaluation
from xent_check.problem.expectation import Expectation
from xent_check.problem.problem import Problem
from xent_check.problem.problem_digest import problem_digest
from xent_check.problem.tolerance import Auto, Tolerance
from xent_check.reference.reference import Reference
from xent_check.timing import Spent

from .change import GateResult, Variants
from .comparison import Comparison
from .shard import Shard

Status = Literal["agrees", "known", "diverges", "failed", "unsupported", "missing"]
STATUSES: tuple[Status, ...] = get_args(Status)
Verdict = Literal["agrees", "diverges", "failed", "nothing compared"]
COMPARED: tuple[Status, ...] = ("agrees", "known", "diverges")


@dataclass(frozen=True)
class Ungated:
    """What a result was before a baseline excused it."""

    status: Status
    reason: str | None
    """why the status is what it is"""


@dataclass(frozen=True, eq=False)
class CaseResult:
    """One implementation's outcome on one case.

    reason: why the status is what it is, in a sentence; the `because` of a known divergence.
    comparison: None where nothing was computed, or it could not be compared. expectation: what it
    was held against beside the reference. problem: None in a report that was saved and read again;
    there, `labels` has those of its samples as text, `behaviour` what the numbers did, and
    `saved_inputs` the problem's digest.
    """

    case: Case
    problem: Problem | None
    implementation: str
    status: Status
    reason: str | None
    evaluation: Evaluation | None  # None for the reference's own row
    comparison: Comparison | None
    reference: Reference
    notes: tuple[str, ...] = ()
    required: bool = False
    vacuous: str | None = None  # what its tolerance would accept beside the right answer
    diagnosis: Diagnosis | None = None  # of a divergence's numbers
    expectation: Expectation | None = None
    labels: Mapping[tuple[int, ...], str] = field(default_factory=dict)
    behaviour: tuple[str, ...] | None = None
    saved_inputs: str | None = None
    ungated: Ungated | None = None  # where a baseline excused it

    @property
    def inputs(self) -> str | None:
        """The digest of the problem; None where it was not saved."""
        return self.saved_inputs if self.problem is None else problem_digest(self.problem)

    @property
    def own(self) -> CaseResult:
        """The result without what a baseline excused."""
        before = self.ungated
        if before is None:
            return self
        return replace(self, status=before.status, reason=before.reason, ungated=None)


@dataclass(frozen=True)
class Host:
    """Where an implementation ran."""

    version: str
    """of its distribution"""
    device: str
    distribution: str = ""
    """the name of its package"""
    python: str = ""
    """an interpreter that is not ours, as `3.12.1 at PATH`"""
    own: bool = False
    """whether it is a function of the user's"""

    @classmethod
    def of(cls, implementation: Implementation) -> Host:
        """The version of its distribution, its device, and its interpreter where that is not
        ours."""
        i = implementation
        python = f"{interpreter(i.python).version} at {i.python}" if i.python else ""
        return cls(i.version, i.device, i.entry.distribution, python, bool(i.function))


@dataclass(frozen=True)
class Scope:
    """What a run was to cover, so that what it lacks is known to be gone."""

    paths: tuple[str, ...] = ()
    """the files and folders as reports name them"""
    filtered: bool = True
    """whether some of their cases were left out"""
    chosen: tuple[str, ...] | None = None
    """the implementations; null where the cases say"""

    def covers(self, case: str, implementation: str) -> bool:
        """Whether an answer of that name would have been in the run, were it still there."""
        if self.filtered or (self.chosen is not None and implementation not in self.chosen):
            return False
        file, _ = split_id(case)
        return any(file == path or file.startswith(_folder(path)) for path in self.paths)


def _folder(path: str) -> str:
    return "" if path in (".", "") else f"{path.rstrip('/')}/"


@dataclass(frozen=True)
class Asked:
    """A case that was to be answered. line: in its file. inputs: the digest of its problem.
    implementations: who was to answer, the reference where an entry pins it. parts: what was
    asked for: the losses, totals by reduction, the gradient."""

    case: str
    line: int
    inputs: str
    implementations: tuple[str, ...]
    parts: tuple[str, ...]


def selection_digest(asked: Sequence[Asked]) -> str:
    """16 hexadecimal digits of SHA-256 over the cases in their order: their names, their inputs,
    who was to answer and what."""
    told = [[a.case, a.inputs, a.implementations, a.parts] for a in asked]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


@dataclass(frozen=True, eq=False)
class Report:
    """Everything a reporter needs.

    results: by case, then by implementation. cases: how many were selected. implementations:
    their names in the order to show them, the reference's own row first. asked: every selected
    case with those that were to answer it. strict, tolerance: as the run was told; None where the
    cases say. version: of the xent-check that compared.
    """

    results: tuple[CaseResult, ...]
    cases: int
    implementations: tuple[str, ...]
    hosts: dict[str, Host]
    seconds: float
    warnings: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()  # required, not installed, and on no case
    stopped: str | None = None
    verbose: bool = False
    python: str = field(default_factory=platform.python_version)
    machine: str = field(default_factory=lambda: f"{sys.platform} {platform.machine()}")
    gate: GateResult | None = None  # where the run was held against a baseline
    variants: tuple[Variants, ...] = ()  # where an implementation ran in two interpreters
    shard: Shard | None = None  # where it ran on some of the selected cases alone
    spent: tuple[Spent, ...] = ()
    durations: int = 0  # how many of the slowest answers to tell, beside where the time went
    scope: Scope = field(default_factory=Scope)
    asked: tuple[Asked, ...] = ()
    strict: bool = False
    tolerance: Tolerance | Auto | None = None
    version: str = __version__
    counts: Counter[Status] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "counts", Counter(result.status for result in self.results))

    @property
    def ungated(self) -> Report:
        """The report as it was before it was held against a baseline."""
        return replace(self, results=tuple(result.own for result in self.results), gate=None)

    @property
    def compared(self) -> int:
        """How many results were held against the reference, or what is expected of it."""
        return sum(self.counts[status] for status in COMPARED)

    @property
    def compared_implementations(self) -> int:
        """The same without the reference's own rows, which no implementation answered."""
        return sum(r.status in COMPARED and r.evaluation is not None for r in self.results)

    @property
    def exit_code(self) -> ExitCode:
        """A divergence outranks a failure; nothing compared is not success. Under a baseline the
        changes that are to fail take the place of the divergences, and something has to be there
        that the baseline has."""
        if self.gate is None:
            diverges = self.counts["diverges"] > 0
        else:
            diverges = any(change.after != "failed" for change in self.gate.failing)
        if diverges:
            return ExitCode.DIVERGES
        missing = any(r.required and r.status == "missing" for r in self.results)
        if self.counts["failed"] or missing or self.absent:
            return ExitCode.FAILED
        if not self.compared_implementations or (self.gate is not None and not self.gate.matched):
            return ExitCode.NOTHING_COMPARED
        return ExitCode.AGREES

    @property
    def verdict(self) -> Verdict:
        """In a word. What diverges is said to, also where `fail_on` lets it pass."""
        if self.exit_code == ExitCode.AGREES and self.counts["diverges"]:
            return "diverges"
        words: dict[ExitCode, Verdict] = {
            ExitCode.DIVERGES: "diverges",
            ExitCode.FAILED: "failed",
            ExitCode.NOTHING_COMPARED: "nothing compared",
        }
        return words.get(self.exit_code, "agrees")
