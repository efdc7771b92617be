"""In chunks: one large case, asked a chunk of rows after the other.

All implementations answer a chunk, side by side, before the next one is asked, so that memory holds
one chunk's arrays, and the file of a mapped array is read once; those of the next one are written
to files meanwhile. A cluster gets several chunks at a time, each as a whole. An implementation that
fails on a chunk, or says that it cannot compute it, is asked no further ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from xent_check.casefile.loading import PosedCase
from xent_check.implementations.names import Implementation
from xent_check.problem.rows import Place, at, places, row_count, row_shape, whole_arrays
from xent_check.reference.divisors import divisor
from xent_check.reference.enclosure import Enclosure
from xent_check.reference.reference import Reference, of_chunks
from xent_check.reference.truth import truth
from xent_check.results.attached_diagnosis import diagnosed
from xent_check.results.joining import Finding, finding_of, joined, not_compared
from xent_check.results.report import CaseResult
from xent_check.timing import Clock
from xent_check.workers.pool import Pool
from xent_check.workers.wire import Message, forget

from .asking import Asking, KeptAnswers
from .chunk_task import ChunkTask
from .chunking import Chunking
from .jobs import Job, encode_case
from .judging import judged

if TYPE_CHECKING:
    from .cluster_pool import ClusterPool


def results_in_chunks(
    cases: Sequence[tuple[PosedCase, int]],
    ask: Callable[[PosedCase], Sequence[Implementation]],
    pool: Asking,
    timeout: float,
    strict: bool,
    clock: Clock,
    chunking: Chunking,
) -> Iterator[CaseResult]:
    """The results of cases, one case after the other, each with the rows of its chunks. ask: the
    implementations of a case. timeout: seconds per chunk."""
    for posed, rows in cases:
        jobs = [Job(posed, i, {}) for i in ask(posed)]
        yield from _InChunks(posed, rows, strict, clock, chunking).results(jobs, pool, timeout)


class _InChunks:
    """A case that is asked in chunks of `rows` rows."""

    def __init__(
        self, posed: PosedCase, rows: int, strict: bool, clock: Clock, chunking: Chunking
    ) -> None:
        self._posed = posed
        self._strict = strict
        self._clock = clock
        self._chunking = chunking
        self._places = tuple(places(row_shape(posed.problem), rows))
        shape = posed.problem.samples_shape
        self._losses = Enclosure(np.zeros(shape), np.zeros(shape), np.zeros(shape))
        self._written: dict[int, tuple[PosedCase, Message]] = {}  # chunks, by number, for workers
        self._shared: Message = {}  # of the arrays that all chunks have, once they are written

    def results(self, jobs: Sequence[Job], pool: Asking, timeout: float) -> Iterator[CaseResult]:
        """The results of all jobs. Where the processes cannot all run at once, those that can are
        asked for the whole case before the next ones start. timeout: seconds per chunk."""
        asked = [job for job in jobs if not job.unasked]
        if pool.stays or not asked:
            yield from self._side_by_side(asked, pool, timeout)
        else:
            for share in pool.shares([job.implementation for job in asked]):
                with Pool[Job](share, None, keep=True) as own:
                    group = [job for job in asked if job.implementation in share]
                    kept = KeptAnswers(own, self._chunking.journal)
                    yield from self._side_by_side(group, kept, timeout)
        for job in jobs:
            if job.unasked:
                name = job.implementation.name
                yield not_compared(self._posed, name, job.unasked, self._reference)

    def _side_by_side(
        self, jobs: Sequence[Job], pool: Asking, timeout: float
    ) -> Iterator[CaseResult]:
        """The results of jobs that are asked side by side."""
        findings: dict[str, list[Finding]] = {job.implementation.name: [] for job in jobs}
        self._shared = {}  # each pool has a folder of its own
        done, count = 0, row_count(self._posed.problem)

        def open_jobs() -> list[Job]:
            return [job for job in jobs if not _ended(findings[job.implementation.name])]

        if self._chunking.cluster is None:
            numbers = range(len(self._places))
            chunks: Iterator[Iterable[tuple[str, Finding]]] = (
                self._chunk(number, open_jobs(), pool, timeout) for number in numbers
            )
        else:
            chunks = self._chunks_there(open_jobs, self._chunking.cluster, timeout)
        for place, found in zip(self._places, chunks, strict=True):
            for name, finding in found:
                findings[name].append(finding)
            done += math.prod(p.stop - p.start for p in place)
            self._chunking.told(self._posed.case.id, done, count)
        exact = self._reference
        for job in jobs:
            name = job.implementation.name
            with self._clock.of("judging", self._posed.case.id):
                result = joined(self._posed, name, findings[name], exact, self._strict)
            yield _diagnosed(result)

    @property
    def _reference(self) -> Reference:
        """The exact value of the whole case, once all chunks were asked."""
        return of_chunks(self._posed.problem, self._losses)

    def _chunk(
        self, number: int, jobs: Sequence[Job], pool: Asking, timeout: float
    ) -> Iterator[tuple[str, Finding]]:
        """What the answers to a chunk show, by implementation, as far as an earlier run has not
        found it."""
        clock, case, journal = self._clock, self._posed.case.id, self._chunking.journal
        place, names = self._places[number], [job.implementation.name for job in jobs]
        found = {name: journal.finding(case, number, name) for name in names}
        yield from ((name, finding) for name, finding in found.items() if finding is not None)
        exact_losses, rest = (
            journal.exact(case, number),
            [job for job in jobs if found[job.implementation.name] is None],
        )
        if exact_losses is not None and not rest:
            self._take(place, exact_losses)
            return
        self._write(number, pool)
        chunk, message = self._written.pop(number)
        asked = [replace(job, posed=chunk, message=message, is_chunk=True) for job in rest]
        pool.submit([(job.implementation, job, job.request) for job in asked], timeout)
        if number + 1 < len(self._places) and journal.exact(case, number + 1) is None:
            self._write(number + 1, pool)
        with clock.of("reference", case):
            exact = truth(chunk.problem)
        self._take(place, exact.reference.losses)
        journal.keep_exact(case, number, exact.reference.losses)
        for job, evaluation in pool.answers():
            with clock.of("judging", case):
                found_out = pool.introduction_of(job.implementation)
                result = judged(job, evaluation, exact, self._strict, found_out)
                finding = finding_of(place, result)
            journal.keep_finding(case, number, job.implementation.name, finding)
            yield job.implementation.name, finding
        forget({name: part for name, part in message.items() if name not in self._shared})

    def _chunks_there(
        self, open_jobs: Callable[[], Sequence[Job]], cluster: ClusterPool, timeout: float
    ) -> Iterator[Iterable[tuple[str, Finding]]]:
        """As of `_chunk` for one chunk after the other, which a cluster finds several of at a time.
        open_jobs: those who are asked still; what they would not have been asked here is left
        out."""
        case, journal = self._posed.case.id, self._chunking.journal
        exact, findings = dict[int, Enclosure](), dict[int, dict[str, Finding]]()

        def tasks() -> Iterator[ChunkTask]:
            """Of the chunks of which something is not known yet."""
            for number, place in enumerate(self._places):
                jobs = open_jobs()
                losses = journal.exact(case, number)
                known = {j: journal.finding(case, number, j.implementation.name) for j in jobs}
                findings[number] = {j.implementation.name: f for j, f in known.items() if f}
                rest = [job.implementation for job, finding in known.items() if finding is None]
                if losses is not None and not rest:
                    exact[number] = losses
                else:
                    part = _part(self._posed, place)
                    yield ChunkTask(number, part, place, rest, self._strict)

        turn = 0

        def ready() -> Iterator[Iterable[tuple[str, Finding]]]:
            """Of the chunks whose turn has come."""
            nonlocal turn
            while turn in exact:
                self._take(self._places[turn], exact.pop(turn))
                found = findings.pop(turn)
                names = [job.implementation.name for job in open_jobs()]
                yield [(name, found[name]) for name in names]
                turn += 1

        for task, losses, found in cluster.chunks(tasks(), timeout):
            number = task.number
            if journal.exact(case, number) is None:
                journal.keep_exact(case, number, losses)
            for i in task.implementations:
                journal.keep_introduction(i.name, cluster.introduction_of(i))
                journal.keep_finding(case, number, i.name, found[i.name])
            exact[number] = losses
            findings[number] |= found
            yield from ready()
        yield from ready()

    def _write(self, number: int, pool: Asking) -> None:
        """Write the arrays of a chunk for the workers, unless they are."""
        if number not in self._written:
            part = _part(self._posed, self._places[number])
            chunk, message = encode_case(part, pool.folder.name, self._shared)
            self._shared = {name: message[name] for name in whole_arrays(part.problem)}
            self._written[number] = chunk, message

    def _take(self, place: Place, part: Enclosure) -> None:
        whole = self._losses
        whole.high[place], whole.low[place], whole.radius[place] = part.high, part.low, part.radius


def _part(posed: PosedCase, place: Place) -> PosedCase:
    """The case of a chunk, without the totals that divide by 0 there: what they are then is no
    matter of the whole."""
    problem = at(posed.problem, place)
    divides = {r: divisor(problem, r) for r in problem.reductions}
    reductions = tuple(r for r, by in divides.items() if by != 0)
    return posed.with_problem(replace(problem, reductions=reductions))


def _ended(findings: Sequence[Finding]) -> bool:
    return bool(findings) and findings[-1].ends


def _diagnosed(result: CaseResult) -> CaseResult:
    """The result with the reason of losses that diverge; a total is one of a chunk."""
    comparison = result.comparison
    if comparison is None or not comparison.losses.diverging:
        return result
    return diagnosed(result)
