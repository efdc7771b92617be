"""Pool: a worker per environment, all started at once; each answers its requests in order."""

from __future__ import annotations

import contextlib
import queue
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from xent_check.implementations.names import Implementation
from xent_check.problem.evaluation import Evaluation
from xent_check.timing import Spent

from .cache_folder import cache_folder
from .leftovers import FOLDERS, PREFIX
from .wire import Message
from .worker import Request, Worker

Tag = TypeVar("Tag")

_ANY_NUMBER = 2**31


@dataclass(frozen=True)
class _Batch(Generic[Tag]):
    """The requests of one submission to one worker."""

    submission: int  # its number
    requests: list[tuple[Tag, Request]]  # may be empty
    timeout: float  # seconds per request


@dataclass(frozen=True, eq=False)
class _Hand(Generic[Tag]):
    """A worker and its queue."""

    worker: Worker  # the handle of its process
    # None ends the worker's thread.
    batches: queue.SimpleQueue[_Batch[Tag] | None] = field(default_factory=queue.SimpleQueue)

    def dismiss(self) -> None:
        """End its process now and its thread soon."""
        self.worker.close()
        self.batches.put(None)


class Pool(Generic[Tag]):
    """At most `jobs` processes at once. Use it as a context manager: leaving it ends them all.

    keep: the processes stay for the next submission, where `jobs` allows all of them at once.
    Otherwise each ends after its last request, and at once where it has none.
    """

    def __init__(
        self, implementations: Sequence[Implementation], jobs: int | None, keep: bool = False
    ) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True)
        FOLDERS.add(self.folder.name)
        self._jobs = jobs or _ANY_NUMBER
        self._keep = keep
        self._hands: dict[str, _Hand[Tag]] = {}
        self._threads: list[threading.Thread] = []
        self._answers: queue.SimpleQueue[tuple[int, tuple[Tag, Evaluation] | BaseException]]
        self._answers = queue.SimpleQueue()
        self._introductions: dict[str, Message] = {}
        self._submission = 0
        self._expected = 0
        self._closed = threading.Event()
        self._places = threading.Semaphore(self._jobs)
        try:
            self._add(implementations)
        except BaseException:  # Ctrl-C: nobody has the pool to leave it
            self.__exit__()
            raise

    def __enter__(self) -> Pool[Tag]:
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        for hand in self._hands.values():
            hand.dismiss()
        for thread in self._threads:
            thread.join()
        self.folder.cleanup()
        FOLDERS.discard(self.folder.name)

    def submit(
        self,
        requests: Sequence[tuple[Implementation, Tag, Request]],
        timeout: float,
        keep: bool = False,
    ) -> None:
        """Distribute the requests; each worker answers its share in order.

        Requests of an earlier submission that no worker has begun are dropped. timeout: seconds.
        keep: from now on the processes stay for the next submission.
        """
        self._keep = self._keep or keep
        self._submission += 1
        self._expected = len(requests)
        self._add([implementation for implementation, _, _ in requests])
        by_worker: dict[str, list[tuple[Tag, Request]]] = {name: [] for name in self._hands}
        for implementation, tag, request in requests:
            by_worker[worker_name(implementation)].append((tag, request))
        for name, share in by_worker.items():
            self._hands[name].batches.put(_Batch(self._submission, share, timeout))
            if not share and not self._keep:
                self._hands.pop(name).dismiss()

    def answers(self) -> Iterator[tuple[Tag, Evaluation]]:
        """The answer to every request of the last submission, as they come."""
        submission, remaining = self._submission, self._expected
        while remaining:
            number, answer = self._answers.get()
            if isinstance(answer, BaseException):
                raise answer
            if number == submission:
                remaining -= 1
                yield answer

    def shares(self, implementations: Sequence[Implementation]) -> list[list[Implementation]]:
        """The implementations, as many together as `jobs` allows to run at once."""
        names = list(dict.fromkeys(map(worker_name, implementations)))
        groups = [names[i : i + self._jobs] for i in range(0, len(names), self._jobs)]
        return [[i for i in implementations if worker_name(i) in group] for group in groups]

    @property
    def stays(self) -> bool:
        """Whether the processes stay for the next submission: all of them do, or none."""
        return self._keep and len(self._hands) <= self._jobs

    def restart(self, implementation: Implementation) -> None:
        """End its process, even in the middle of an answer, and start another."""
        hand = self._hands.pop(worker_name(implementation), None)
        if hand is not None:
            hand.dismiss()
        self._add([implementation])

    def _add(self, implementations: Sequence[Implementation]) -> None:
        """Start the workers that do not exist yet, the slowest to import first."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        for implementation in sorted(implementations, key=lambda i: i.entry.start):
            name = worker_name(implementation)
            if name not in self._hands:
                needs, env = implementation.entry.needs, _environment(implementation)
                folder = Path(self.folder.name)
                worker = Worker(name, needs, env, folder, implementation.python)
                self._hands[name] = hand = _Hand[Tag](worker)
                # A daemon: the parent ends without waiting for a framework.
                thread = threading.Thread(target=self._work, args=(hand,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _work(self, hand: _Hand[Tag]) -> None:
        """The thread of a worker: start its process when `jobs` allows, and answer its batches."""
        self._places.acquire()
        placed = True
        try:
            if hand.batches.empty() and not self._closed.is_set():
                hand.worker.start()  # while the cases are read, before the first requests
        except BaseException as error:
            self._answers.put((0, error))
        while (batch := hand.batches.get()) is not None:
            if batch.requests and not placed:
                self._places.acquire()
                placed = True
            try:
                self._answer(hand.worker, batch)
            except BaseException as error:
                hand.worker.stop()
                self._answers.put((batch.submission, error))
            if placed and not self.stays:
                hand.worker.stop()
                self._places.release()
                placed = False
        hand.worker.stop()
        if placed:
            self._places.release()

    def _answer(self, worker: Worker, batch: _Batch[Tag]) -> None:
        requests = [request for _, request in batch.requests]
        with contextlib.closing(worker.answers(requests, batch.timeout)) as answers:
            for tag, _ in batch.requests:
                if self._closed.is_set() or batch.submission != self._submission:
                    break
                start, starting = time.perf_counter(), worker.starting
                answer = next(answers)
                self._introductions[worker.environment] = worker.introduction or {}
                elapsed = time.perf_counter() - start
                worker.answering += elapsed - (worker.starting - starting)
                self._answers.put((batch.submission, (tag, answer)))

    def introduction_of(self, implementation: Implementation) -> Message:
        """What was found out about a user's own function; empty without that."""
        return self._introductions.get(worker_name(implementation), {})

    @property
    def spent(self) -> tuple[Spent, ...]:
        """The seconds that each worker's processes took to start, and to answer."""
        workers = {name: hand.worker for name, hand in self._hands.items()}
        starting = (Spent("starting", name, worker.starting) for name, worker in workers.items())
        answering = (Spent("answering", name, worker.answering) for name, worker in workers.items())
        return (*starting, *answering)


def worker_name(implementation: Implementation) -> str:
    """The name of its process: one for each function of the user, and for each table that declares
    one; one for each environment."""
    if implementation.function:
        own = implementation.unlabelled if implementation.place else implementation.own
        return f"{implementation.environment} {own}"
    return implementation.environment


def _environment(implementation: Implementation) -> dict[str, str]:
    """The environment variables of its process: its framework's, the cache folder, and those that
    are declared for it."""
    variables = implementation.entry.environment_variables(implementation.device)
    cache = {"XENT_CHECK_CACHE": str(cache_folder())}
    return {**variables, **cache, **dict(implementation.declared.env)}
