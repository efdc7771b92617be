"""Sweep: all inputs of some domains through implementations, a part at a time.

Parts have a fixed size, and the tallies of parts add up to the same in any order. Each is written
to a journal as it is done: a sweep that ends early goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from xent_check import __version__
from xent_check.casefile.in_memory import case_in_memory
from xent_check.casefile.loading import PosedCase
from xent_check.errors import UserError
from xent_check.history.journal import Entry, Journal
from xent_check.implementations.names import Implementation
from xent_check.problem.evaluation import Computed, Evaluation, Failed, Missing, Unsupported
from xent_check.problem.problem import Problem
from xent_check.reference.truth import Truth, truth
from xent_check.results.comparison import ShapeError
from xent_check.running.jobs import Job
from xent_check.workers.pool import Pool
from xent_check.workers.wire import encode_problem, forget

from .domain import Domain
from .tally import Tally, Worst, tally
from .zoom import towards_the_worst

VALUES = 2**20  # scores of a part


@dataclass(frozen=True)
class Swept:
    """One implementation on one domain."""

    domain: Domain
    implementation: Implementation
    tally: Tally
    absent: str = ""
    """why it was not asked, or not further: it lacks the loss, or failed"""

    @property
    def ended_early(self) -> bool:
        """Whether it answered some inputs, and not all."""
        return bool(self.absent and self.tally.inputs)


@dataclass(frozen=True)
class Plan:
    """What is swept."""

    domains: tuple[Domain, ...]
    implementations: tuple[Implementation, ...]
    journal: Path
    resume: bool = False
    jobs: int | None = None
    """processes at once; None: one per environment"""
    timeout: float = 600.0
    """seconds per part and implementation"""
    values: int = VALUES
    """scores of a part"""

    @property
    def subject(self) -> dict[str, Any]:
        """What the journal is of."""
        return {
            "xent_check": __version__,
            "domains": [asdict(domain) for domain in self.domains],
            "implementations": {i.name: i.version for i in self.implementations},
            "values": self.values,
        }

    @property
    def inputs(self) -> int:
        """How many inputs there are."""
        return sum(domain.count for domain in self.domains)


Progress = Callable[[int, int, int], None]  # inputs so far, in all, diverging ones


def sweep(plan: Plan, progress: Progress = lambda *_: None) -> list[Swept]:
    """The tallies, by domain and implementation in the order of the plan; the journal is removed.

    UserError where the journal is of another sweep, or a function of the user's cannot be loaded.
    """
    with (
        Journal(plan.journal, plan.subject, plan.resume) as journal,
        Pool[Job](plan.implementations, plan.jobs, keep=True) as pool,
    ):
        swept = list(_sweep(plan, journal, pool, progress))
        journal.remove()
        return swept


def _sweep(plan: Plan, journal: Journal, pool: Pool[Job], progress: Progress) -> Iterator[Swept]:
    done, diverging = 0, 0
    kept = {(e["domain"], e["part"], e["implementation"]): e for e in journal.entries}
    for number, domain in enumerate(plan.domains):
        tallies = {i: Tally() for i in plan.implementations}
        absent: dict[Implementation, str] = {}
        posed = _posed(domain)
        for part, (start, stop) in enumerate(_parts(domain, plan.values)):
            asked = []
            for i in plan.implementations:
                entry = kept.get((number, part, i.name))
                if entry is None:
                    asked += [i] if i not in absent else []
                elif entry["absent"]:
                    absent[i] = entry["absent"]
                else:
                    tallies[i] += tally_of(entry["tally"])
            for i, found, why in _part(plan, domain, posed, start, stop, asked, pool):
                entry = {"domain": number, "part": part, "implementation": i.name, "absent": why}
                journal.add(entry | {"tally": None if found is None else asdict(found)})
                if found is None:
                    absent[i] = why
                else:
                    tallies[i] += found
            done += stop - start
            diverging = sum(one.diverging for one in tallies.values())
            progress(done, plan.inputs, diverging)
        for i in plan.implementations:
            if domain.stride > 1 and domain.loss == "binary" and i not in absent:
                ask = partial(_within, plan, domain, posed, i, pool)
                tallies[i], absent[i] = towards_the_worst(domain, tallies[i], ask)
            yield Swept(domain, i, tallies[i], absent.get(i, ""))


def _within(
    plan: Plan, domain: Domain, posed: PosedCase, i: Implementation, pool: Pool[Job], inner: Domain
) -> tuple[Tally | None, str]:
    """The tally of a domain that is a part of another, with its places in that."""
    ((_, found, why),) = _part(plan, inner, posed, 0, inner.count, [i], pool)
    return None if found is None else found.moved(domain.offset_of(inner)), why


def _parts(domain: Domain, values: int) -> Iterator[tuple[int, int]]:
    step = max(1, values // domain.width)
    for start in range(0, domain.count, step):
        yield start, min(start + step, domain.count)


def _posed(domain: Domain) -> PosedCase:
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


def _part(
    plan: Plan,
    domain: Domain,
    posed: PosedCase,
    start: int,
    stop: int,
    asked: Sequence[Implementation],
    pool: Pool[Job],
) -> Iterator[tuple[Implementation, Tally | None, str]]:
    """The tallies of the inputs from start to stop; in place of one, why there is none."""
    if not asked:
        return
    before = 1 if start else 0  # for the order of two neighbours of which each is another part's
    problem = domain.problem(start - before, stop)
    message = encode_problem(problem, Path(pool.folder.name))
    jobs = [Job(replace(posed, problem=problem), i, message) for i in asked]
    pool.submit([(job.implementation, job, job.request) for job in jobs], plan.timeout)
    exact = truth(problem)  # while the workers compute
    for job, evaluation in pool.answers():
        i = job.implementation
        why = _why_absent(i, evaluation, domain)
        if why:
            yield i, None, why
        else:
            assert isinstance(evaluation, Computed)
            held = _held(i, problem, exact)
            try:
                yield i, tally(domain, start, before, problem.values, evaluation, held), ""
            except ShapeError as error:
                yield i, None, str(error)
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


def tally_of(entry: Mapping[str, Any]) -> Tally:
    """The tally of its plain data."""
    data: Entry = entry
    return Tally(
        **{
            **data,
            "over": tuple(data["over"]),
            "by_ulps": Worst(**data["by_ulps"]),
            "by_share": Worst(**data["by_share"]),
            "curve": {int(bucket): ulps for bucket, ulps in data["curve"].items()},
        }
    )
