"""Answers: the result of each case and implementation when it is asked for, by shared workers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from xent_check.casefile.loading import PosedCase
from xent_check.implementations.names import Implementation, why_missing
from xent_check.problem.expectation import REFERENCE
from xent_check.reference.truth import truth
from xent_check.results.report import CaseResult
from xent_check.results.verdict import judge_pinned
from xent_check.workers.pool import Pool

from .chunking import LARGE_IN_CHUNKS
from .jobs import Job
from .memory_needed import require_memory
from .run import run

_Key = tuple[str, str]  # the id of a case and the name of an implementation


class Answers:
    """Results on demand. The first that is asked for starts the workers; `close` ends them.

    wanted: each case with the implementations that may be asked for. at_once: all of them are
    computed, side by side, as soon as one is asked for; otherwise that one alone, as where another
    process has the rest. timeout: seconds per answer.
    """

    def __init__(
        self,
        wanted: Sequence[tuple[PosedCase, Sequence[Implementation]]],
        timeout: float,
        at_once: bool,
    ) -> None:
        self._wanted = wanted
        self._timeout = timeout
        self._at_once = at_once
        self._pool: Pool[Job] | None = None
        self._coming: Iterator[CaseResult] = iter(())
        self._arrived: dict[_Key, CaseResult] = {}

    def result(self, posed: PosedCase, implementation: Implementation) -> CaseResult:
        """The result, once it has arrived; it is not kept. Asked for again, it is computed again.

        CaseFileError where the cases need more memory than is free.
        """
        key = (posed.case.id, implementation.name)
        if key not in self._arrived:
            self._await(key)
        if key not in self._arrived:
            self._begin([(posed, [implementation])])
            self._await(key)
        return self._arrived.pop(key)

    def pinned(self, posed: PosedCase) -> CaseResult | None:
        """The result of the reference, where the case states its numbers."""
        return judge_pinned(posed, truth(posed.problem))

    def close(self) -> None:
        """End the workers, even in the middle of an answer."""
        if self._pool is not None:
            self._pool.__exit__()
        self._pool, self._coming, self._arrived = None, iter(()), {}

    def _await(self, key: _Key) -> None:
        if self._pool is None and self._at_once:
            self._begin(self._wanted)
        for result in self._coming:
            arrived = (result.case.id, result.implementation)
            if result.implementation != REFERENCE:
                self._arrived[arrived] = result
            if arrived == key:
                return

    def _begin(self, asked: Sequence[tuple[PosedCase, Sequence[Implementation]]]) -> None:
        cases = [replace(p, implementations=tuple(chosen)) for p, chosen in asked if chosen]
        require_memory(cases, lambda posed: posed.implementations or (), None, LARGE_IN_CHUNKS)
        if self._pool is None:
            everyone = [i for _, chosen in asked for i in chosen if why_missing(i) is None]
            self._pool = Pool(everyone, None, keep=True)
        self._coming = run(cases, None, self._pool, self._timeout, chunking=LARGE_IN_CHUNKS)
