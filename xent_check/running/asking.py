"""Asking: what a run needs of the workers, and workers whose answers are kept in a journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from xent_check.history.run_journal import RunJournal
from xent_check.implementations.names import Implementation
from xent_check.problem.evaluation import Evaluation
from xent_check.workers.worker import Request

from .jobs import Job

Requests = Sequence[tuple[Implementation, Job, Request]]


class Asking(Protocol):
    """What answers requests, as `workers.pool.Pool` does."""

    folder: TemporaryDirectory[str]

    @property
    def stays(self) -> bool:
        """As of Pool."""

    def submit(self, requests: Requests, timeout: float, keep: bool = False) -> None:
        """As of Pool."""

    def answers(self) -> Iterator[tuple[Job, Evaluation]]:
        """As of Pool."""

    def introduction_of(self, implementation: Implementation) -> Mapping[str, Any]:
        """As of Pool."""

    def shares(self, implementations: Sequence[Implementation]) -> list[list[Implementation]]:
        """As of Pool."""


class KeptAnswers:
    """Workers that are asked for nothing that the journal has; what they answer is kept in it, but
    for chunks, of which more is to be kept than the answer."""

    def __init__(self, pool: Asking, journal: RunJournal) -> None:
        self.folder = pool.folder
        self._pool = pool
        self._journal = journal
        self._known: list[tuple[Job, Evaluation]] = []

    @property
    def stays(self) -> bool:
        """As of Pool."""
        return self._pool.stays

    def submit(self, requests: Requests, timeout: float, keep: bool = False) -> None:
        """As of Pool."""
        self._known, rest = [], list[tuple[Implementation, Job, Request]]()
        for implementation, job, request in requests:
            known = None
            if not job.is_chunk:
                known = self._journal.answer(job.posed.case.id, implementation.name)
            if known is None:
                rest.append((implementation, job, request))
            else:
                self._known.append((job, known))
        self._pool.submit(rest, timeout, keep)

    def answers(self) -> Iterator[tuple[Job, Evaluation]]:
        """As of Pool, those that are known first."""
        yield from self._known
        for job, evaluation in self._pool.answers():
            name = job.implementation.name
            self._journal.keep_introduction(name, self._pool.introduction_of(job.implementation))
            if not job.is_chunk:
                self._journal.keep_answer(job.posed.case.id, name, evaluation)
            yield job, evaluation

    def introduction_of(self, implementation: Implementation) -> Mapping[str, Any]:
        """As of Pool, or of the earlier run."""
        now = self._pool.introduction_of(implementation)
        return now or self._journal.introduction(implementation.name)

    def shares(self, implementations: Sequence[Implementation]) -> list[list[Implementation]]:
        """As of Pool."""
        return self._pool.shares(implementations)
