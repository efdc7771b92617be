"""Parts: some inputs of a domain, asked of implementations in the processes of a pool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from xent_check.casefile.in_memory import case_in_memory
from xent_check.casefile.loading import PosedCase
from xent_check.errors import UserError
from xent_check.implementations.names import Implementation
from xent_check.problem.evaluation import Computed, Evaluation, Failed, Missing, Unsupported
from xent_check.problem.problem import Problem
from xent_check.reference.bounds_between import sparing_truth
from xent_check.reference.reference import Reference
from xent_check.reference.truth import Truth, truth
from xent_check.results.comparison import ShapeError
from xent_check.running.jobs import Job
from xent_check.workers.pool import Pool
from xent_check.workers.wire import encode_problem, forget

from .counting import Part
from .domain import Domain
from .tally import Tally


@dataclass(frozen=True)
class Found:
    """What became of a part."""

    implementation: Implementation
    tally: Tally | None
    """None: there is none"""
    absent: str = ""
    """why"""
    failed: bool = False
    """whether it failed, where another lacks the loss"""


@lru_cache(1)
def posed_of(domain: Domain) -> PosedCase:
    """A case of the domain's kind, whose problem every part replaces."""
    binary = domain.loss == "binary"
    return case_in_memory(
        {
            "loss": domain.loss,
            domain.given: [0.5] if binary else [[0.5, 0.5]],
            "labels": [domain.label],
            "dtype": domain.dtype,
            "tolerance": "auto",
        }
    )


class AskedPart:
    """A part that the workers of a pool compute, of which no other is submitted meanwhile."""

    def __init__(
        self,
        domain: Domain,
        start: int,
        stop: int,
        asked: Sequence[Implementation],
        pool: Pool[Implementation],
        timeout: float,
    ) -> None:
        """The inputs from start to stop. asked: at least one. timeout: seconds for each of them."""
        self._domain, self._start, self._pool = domain, start, pool
        self._before = 1 if start else 0  # for the order of two neighbours of two parts
        self._problem = domain.problem(start - self._before, stop)
        self._message = encode_problem(self._problem, Path(pool.folder.name))
        posed = replace(posed_of(domain), problem=self._problem)
        pool.submit([(i, i, Job(posed, i, self._message).request) for i in asked], timeout)

    def answered(self) -> AnsweredPart:
        """The part with its exact values, and the answers that it waits for."""
        truths = _Truths(self._problem)  # while the workers compute
        computed: dict[Implementation, Computed] = {}
        absent: list[Found] = []
        for i, evaluation in self._pool.answers():
            why = _why_absent(i, evaluation, self._domain)
            if why:
                absent.append(Found(i, None, why, isinstance(evaluation, Failed)))
            else:
                assert isinstance(evaluation, Computed)
                computed[i] = evaluation
        forget(self._message)
        part = Part(self._domain, self._start, self._before, self._problem.values)
        return AnsweredPart(part, truths, computed, absent)


@dataclass(frozen=True, eq=False)
class AnsweredPart:
    """The answers to a part."""

    part: Part
    truths: _Truths
    computed: Mapping[Implementation, Computed]
    absent: Sequence[Found]
    """what became of those that gave no answer"""

    def tallies(self) -> Iterator[Found]:
        """What becomes of the part."""
        yield from self.absent
        for i, evaluation in self.computed.items():
            try:
                yield Found(i, self.part.tally(evaluation, self.truths.of(i)))
            except ShapeError as error:
                yield Found(i, None, f"failed: {error}", failed=True)


class _Truths:
    """The exact values of a problem, with the bounds of the dtype that an implementation computes
    in; without them where each is computed where it is looked at."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._own = sparing_truth(problem)
        self._made: dict[str, Truth] = {}

    def of(self, implementation: Implementation) -> Truth | Reference:
        """The same object for all that compute in one dtype."""
        if implementation.computes_in_float32(self._problem):
            if "" not in self._made:
                self._made[""] = self._whole.inside_float32(self._problem)
            return self._made[""]
        promise = implementation.declared.promise_for(self._problem)
        if promise is None:
            return self._own
        if promise not in self._made:
            self._made[promise] = self._whole.as_promised(self._problem, promise)
        return self._made[promise]

    @property
    def _whole(self) -> Truth:
        if isinstance(self._own, Reference):
            self._own = truth(self._problem)
        return self._own


def _why_absent(implementation: Implementation, answer: Evaluation, domain: Domain) -> str:
    """Why an answer is none; "" of one that is."""
    if isinstance(answer, Failed):
        if answer.kind == "import":
            raise UserError(f"-i {implementation.name}: {answer.message}")
        return f"failed ({answer.kind}): {answer.message}"
    if isinstance(answer, Unsupported | Missing):
        return answer.reason
    if domain.gradient and isinstance(answer.gradient, Unsupported):
        return answer.gradient.reason
    return "it gives totals alone" if answer.only_totals else ""
