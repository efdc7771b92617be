"""The main path: cases x implementations -> results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xent_check.casefile.loading import PosedCase
from xent_check.implementations.names import Implementation, Python
from xent_check.reference.truth import Truth, truth
from xent_check.results.report import CaseResult
from xent_check.results.verdict import judge_pinned
from xent_check.timing import Clock
from xent_check.workers.pool import Pool
from xent_check.workers.wire import forget

from .jobs import Job, encode_case, implementations_of
from .judging import result_of


def run(
    posed_cases: Sequence[PosedCase],
    chosen: Sequence[Implementation] | None,
    pool: Pool[Job],
    timeout: float,
    strict: bool = False,
    pythons: Sequence[Python] = (),
    clock: Clock | None = None,
) -> Iterator[CaseResult]:
    """The results as they come.

    chosen: instead of the implementations that the cases list; None for those, or the default set.
    timeout: seconds per answer. clock: takes the time of the reference and of judging.
    """
    clock = clock or Clock()
    encoded_cases = [encode_case(posed, pool.folder.name) for posed in posed_cases]
    jobs = [Job(p, i, m) for p, m in encoded_cases for i in implementations_of(p, chosen, pythons)]
    pool.submit([(j.implementation, j, j.request) for j in jobs if not j.unasked], timeout)
    truths: dict[PosedCase, Truth] = {}
    for posed, _ in encoded_cases:  # while the workers compute
        with clock.of("reference", posed.case.id):
            truths[posed] = truth(posed.problem)
        pinned = judge_pinned(posed, truths[posed])
        if pinned is not None:
            yield pinned
    for job in jobs:
        if job.unasked:
            yield result_of(job, job.unasked, truths[job.posed], strict)
    for job, evaluation in pool.answers():
        with clock.of("judging", job.posed.case.id):
            library = pool.introduction_of(job.implementation).get("library", "")
            result = result_of(job, evaluation, truths[job.posed], strict, library)
        yield result
    for _, message in encoded_cases:
        forget(message)
