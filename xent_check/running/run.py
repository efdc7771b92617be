"""The main path: cases x implementations -> results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from xent_check.casefile.loading import PosedCase
from xent_check.implementations.names import Implementation, Python
from xent_check.reference.truth import Truth, truth
from xent_check.results.report import CaseResult
from xent_check.results.verdict import judge_pinned
from xent_check.timing import Clock
from xent_check.workers.wire import forget

from .asking import Asking
from .chunking import WHOLE, Chunking
from .in_chunks import results_in_chunks
from .jobs import Job, encode_case, implementations_of
from .judging import result_of


def run(
    posed_cases: Sequence[PosedCase],
    chosen: Sequence[Implementation] | None,
    pool: Asking,
    timeout: float,
    strict: bool = False,
    pythons: Sequence[Python] = (),
    clock: Clock | None = None,
    chunking: Chunking = WHOLE,
) -> Iterator[CaseResult]:
    """The results as they come, those of the cases that are asked in chunks last.

    chosen: instead of the implementations that the cases list; None for those, or the default set.
    timeout: seconds per answer. clock: takes the time of the reference and of judging.
    """
    clock, ask = clock or Clock(), partial(implementations_of, chosen=chosen, pythons=pythons)
    whole, cut = chunking.split(posed_cases)
    encoded_cases = [encode_case(posed, pool.folder.name) for posed in whole]
    jobs = [Job(posed, i, message) for posed, message in encoded_cases for i in ask(posed)]
    requests = [(job.implementation, job, job.request) for job in jobs if not job.unasked]
    pool.submit(requests, timeout, keep=bool(cut))
    truths: dict[PosedCase, Truth] = {}
    for posed, _ in encoded_cases:  # while the workers compute
        with clock.of("reference", posed.case.id):
            truths[posed] = truth(posed.problem)
        if (pinned := judge_pinned(posed, truths[posed])) is not None:
            yield pinned
    yield from (result_of(j, j.unasked, truths[j.posed], strict) for j in jobs if j.unasked)
    for job, evaluation in pool.answers():
        with clock.of("judging", job.posed.case.id):
            found_out = pool.introduction_of(job.implementation)
            result = result_of(job, evaluation, truths[job.posed], strict, found_out)
        yield result
    for _, message in encoded_cases:
        forget(message)
    yield from results_in_chunks(cut, ask, pool, timeout, strict, clock, chunking)
