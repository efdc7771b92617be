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
from xent_check.casefile.case import Case
from xent_check.casefile.levels import LeftOut
from xent_check.casefile.paths import CORPUS, split_id
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

from .change import BAD, GateResult, Variants
from .comparison import Comparison
from .origin import Origin
from .shard import Shard

Status = Literal["agrees", "known", "diverges", "failed", "unsupported", "missing"]
STATUSES: tuple[Status, ...] = get_args(Status)
Verdict = Literal["agrees", "diverges", "failed", "nothing compared"]
COMPARED: tuple[Status, ...] = ("agrees", "known", "diverges")


@dataclass(frozen=True)
class Ungated:
    """The verdict of a result before a baseline excused it."""

    status: Status
    """by its numbers or its failure"""
    reason: str | None
    """why the status is what it is"""


@dataclass(frozen=True, eq=False)
class CaseResult:
    """One implementation's result on one case."""

    case: Case  # as its file states it
    problem: Problem | None  # None in a saved report
    implementation: str  # its name, or that of the reference
    status: Status  # the verdict
    reason: str | None  # for the status, in a sentence; the `because` of a known divergence
    evaluation: Evaluation | None  # None for the reference's own row
    comparison: Comparison | None  # None where nothing was computed, or its shape is wrong
    reference: Reference  # the exact value
    notes: tuple[str, ...] = ()  # sentences about the answer beside the verdict
    required: bool = False  # whether the run fails where the implementation is missing
    vacuous: str | None = None  # the wrong answers that its tolerance would accept, in words
    diagnosis: Diagnosis | None = None  # of a divergence's numbers
    expectation: Expectation | None = None  # what the case states of this implementation
    labels: Mapping[tuple[int, ...], str] = field(default_factory=dict)  # as saved, by sample
    behaviour: tuple[str, ...] | None = None  # as saved: the kinds of numbers
    saved_inputs: str | None = None  # as saved: the digest of the problem
    ungated: Ungated | None = None  # where a baseline excused it

    @property
    def inputs(self) -> str | None:
        """The digest of the problem; None where it was not saved."""
        return self.saved_inputs if self.problem is None else problem_digest(self.problem)

    @property
    def without_gate(self) -> CaseResult:
        """The result with the verdict that it had before a baseline excused it."""
        before = self.ungated
        if before is None:
            return self
        return replace(self, status=before.status, reason=before.reason, ungated=None)


def is_bad(result: CaseResult) -> bool:
    """Whether it diverges or failed."""
    return result.status in BAD


@dataclass(frozen=True)
class Host:
    """The place where an implementation ran."""

    version: str
    """of its distribution"""
    device: str
    """the name of its kind, such as `cpu`"""
    distribution: str = ""
    """the name of its package"""
    python: str = ""
    """`3.12.1 at PATH` where it runs in another interpreter"""
    own: bool = False
    """whether it is the user's own function"""
    took: str = ""
    """of the user's own, what it was found to take and to return, in a sentence"""
    declared: str = ""
    """of the user's own, where it stands, if it has another name, and what its user says of it"""

    @classmethod
    def of(cls, implementation: Implementation) -> Host:
        """The host of an implementation."""
        i = implementation
        python = f"{interpreter(i.python).version} at {i.python}" if i.python else ""
        said = ", ".join(filter(None, [i.spec if i.place else "", str(i.declared)]))
        own = bool(i.function)
        return cls(i.version, i.device, i.entry.distribution, python, own, declared=said)


@dataclass(frozen=True)
class Scope:
    """The answers that a run asks for: one of them that only a baseline has is gone."""

    paths: tuple[str, ...] = ()
    """the files and folders as reports name them"""
    filtered: bool = True
    """whether some cases of the paths were left out"""
    chosen: tuple[str, ...] | None = None
    """the implementations; None where the cases name them"""
    left_out: tuple[LeftOut, ...] = ()
    """the selected cases above the level of the run"""

    def covers(self, case: str, implementation: str) -> bool:
        """Whether the run asks for this implementation's answer to a case of this id."""
        if any(case == one.case for one in self.left_out):
            return False
        if self.filtered or (self.chosen is not None and implementation not in self.chosen):
            return False
        file, _ = split_id(case)
        return any(file == path or _is_below(file, path) for path in self.paths)


def _is_below(file: str, folder: str) -> bool:
    if folder in (".", ""):
        return not file.startswith(("../", "/", CORPUS))
    return file.startswith(folder if folder == CORPUS else f"{folder.rstrip('/')}/")


@dataclass(frozen=True)
class Asked:
    """A case that a run asks implementations to answer."""

    case: str  # its id
    line: int  # in its file
    inputs: str  # the digest of its problem
    implementations: tuple[str, ...]  # with the reference where an entry pins it
    parts: tuple[str, ...]  # losses, totals by reduction, gradient
    # How many of its rows are compared, and of how many; None: all of them.
    sampled: tuple[int, int] | None = None


def selection_digest(asked: Sequence[Asked]) -> str:
    """16 hexadecimal digits of SHA-256 over the cases in their order: ids, inputs, implementations
    and parts."""
    fields = [[a.case, a.inputs, a.implementations, a.parts] for a in asked]
    return hashlib.sha256(json.dumps(fields).encode()).hexdigest()[:16]


@dataclass(frozen=True, eq=False)
class Report:
    """Everything a reporter needs."""

    results: tuple[CaseResult, ...]  # by case, then by implementation
    cases: int  # how many were selected
    implementations: tuple[str, ...]  # in the order to show them, the reference first
    hosts: dict[str, Host]  # where each implementation ran, by its name
    seconds: float  # of the whole run, by the wall clock
    warnings: tuple[str, ...] = ()  # about the run as a whole, or a case
    absent: tuple[str, ...] = ()  # required, not installed, and on no case
    stopped: str | None = None  # why the run ended early; None where it did not
    verbose: bool = False  # whether reports show everything
    python: str = field(default_factory=platform.python_version)  # the version of this one
    # The operating system and the processor.
    machine: str = field(default_factory=lambda: f"{sys.platform} {platform.machine()}")
    gate: GateResult | None = None  # where the run was compared with a baseline
    variants: tuple[Variants, ...] = ()  # where an implementation ran in two interpreters
    shard: Shard | None = None  # where it ran on one share of the selected cases
    spent: tuple[Spent, ...] = ()  # the time by activity
    durations: int = 0  # how many of the slowest answers to list; 0 for no times
    scope: Scope = field(default_factory=Scope)  # the answers that the run asks for
    asked: tuple[Asked, ...] = ()  # every selected case
    strict: bool = False  # whether what was asked for and not compared fails
    tolerance: Tolerance | Auto | None = None  # None where each case has its own
    version: str = __version__  # of the xent-check that compared
    # When, from which commit and by which command line it was run.
    origin: Origin = field(default_factory=Origin)
    counts: Counter[Status] = field(init=False)  # how many results have each status

    def __post_init__(self) -> None:
        object.__setattr__(self, "counts", Counter(result.status for result in self.results))

    @property
    def without_gate(self) -> Report:
        """The report as it was before it was compared with a baseline."""
        return replace(
            self, results=tuple(result.without_gate for result in self.results), gate=None
        )

    @property
    def compared(self) -> int:
        """How many results were compared with the reference, or with what is expected of them."""
        return sum(self.counts[status] for status in COMPARED)

    @property
    def compared_implementations(self) -> int:
        """How many results of implementations were compared; a row of the reference is none."""
        return sum(r.status in COMPARED and r.evaluation is not None for r in self.results)

    @property
    def answering_hosts(self) -> dict[str, Host]:
        """The hosts that answered something. What an API cannot express is known without it, also
        where its device is missing."""
        answered = {r.implementation for r in self.results if r.status in (*COMPARED, "failed")}
        return {name: host for name, host in self.hosts.items() if name in answered}

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the run.

        A divergence outranks a failure, and nothing compared is not success. Under a baseline the
        failing changes count in place of the divergences, and at least one answer must have been
        compared with it. What was stopped is never success: the answers that are not there may
        diverge.
        """
        if self.gate is None:
            diverges = self.counts["diverges"] > 0
        else:
            diverges = any(change.after != "failed" for change in self.gate.failing)
        if diverges:
            return ExitCode.DIVERGES
        missing = any(r.required and r.status == "missing" for r in self.results)
        if self.counts["failed"] or missing or self.absent:
            return ExitCode.FAILED
        unmatched = self.gate is not None and not self.gate.matched
        if not self.compared_implementations or unmatched or self.stopped:
            return ExitCode.NOTHING_COMPARED
        return ExitCode.AGREES

    @property
    def verdict(self) -> Verdict:
        """The exit code in words; `diverges` also for divergences that `fail_on` lets pass."""
        if self.exit_code == ExitCode.AGREES and self.counts["diverges"]:
            return "diverges"
        words: dict[ExitCode, Verdict] = {
            ExitCode.DIVERGES: "diverges",
            ExitCode.FAILED: "failed",
            ExitCode.NOTHING_COMPARED: "nothing compared",
        }
        return words.get(self.exit_code, "agrees")
