"""Parts: some inputs of a domain, asked of implementations in the processes of a pool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from xent_check.casefile.in_memory import case_in_memory
from xent_check.casefile.loading import PosedCase
from xent_check.errors import UserError
from xent_check.implementations.names import Implementation
from xent_check.problem.evaluation import Computed, Evaluation, Failed, Missing, Unsupported
from xent_check.problem.problem import Problem
from xent_check.reference.truth import Truth, truth
from xent_check.results.comparison import ShapeError
from xent_check.running.jobs import Job
from xent_check.workers.pool import Pool
from xent_check.workers.wire import encode_problem, forget

from .domain import Domain
from .tally import Tally, tally


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


def part_tallies(
    domain: Domain,
    start: int,
    stop: int,
    asked: Sequence[Implementation],
    pool: Pool[Implementation],
    timeout: float,
) -> Iterator[Found]:
    """What becomes of the inputs from start to stop. timeout: seconds for each implementation."""
    if not asked:
        return
    before = 1 if start else 0  # for the order of two neighbours of which each is another part's
    problem = domain.problem(start - before, stop)
    message = encode_problem(problem, Path(pool.folder.name))
    posed = replace(posed_of(domain), problem=problem)
    pool.submit([(i, i, Job(posed, i, message).request) for i in asked], timeout)
    exact = truth(problem)  # while the workers compute
    for i, evaluation in pool.answers():
        why = _why_absent(i, evaluation, domain)
        if why:
            yield Found(i, None, why, isinstance(evaluation, Failed))
            continue
        assert isinstance(evaluation, Computed)
        held = _held(i, problem, exact)
        try:
            yield Found(i, tally(domain, start, before, problem.values, evaluation, held))
        except ShapeError as error:
            yield Found(i, None, f"failed: {error}", failed=True)
    forget(message)


def _held(implementation: Implementation, problem: Problem, exact: Truth) -> Truth:
    """The truth, with the bounds of the dtype that it computes in."""
    if implementation.computes_in_float32(problem):
        return exact.inside_float32(problem)
    if (promise := implementation.declared.promise_for(problem)) is not None:
        return exact.as_promised(problem, promise)
    return exact


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
