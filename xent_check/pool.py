"""Pool: a worker per environment, all started at once, each fed its own requests in order."""

from __future__ import annotations

import os
import queue
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Generic, TypeVar

from .evaluation import Evaluation
from .selection import Implementation
from .worker import Request, Worker

Tag = TypeVar("Tag")


class Pool(Generic[Tag]):
    """At most `jobs` processes at once. Use it as a context manager: leaving it ends them all."""

    def __init__(self, implementations: Sequence[Implementation], jobs: int | None) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="xent-check-")
        self._workers: dict[str, Worker] = {}
        self._requests: Future[Mapping[str, list[tuple[Tag, Request]]]] = Future()
        self._answers: queue.SimpleQueue[tuple[Tag, Evaluation] | BaseException | None]
        self._answers = queue.SimpleQueue()
        self._timeout = 0.0
        self._closed = threading.Event()
        self._executor = ThreadPoolExecutor(max_workers=jobs or 64)
        self._add(implementations)

    def __enter__(self) -> Pool[Tag]:
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._requests.cancel()
        for worker in self._workers.values():
            worker.close()
        self._executor.shutdown(wait=True, cancel_futures=True)
        self.folder.cleanup()

    def submit(
        self, requests: Sequence[tuple[Implementation, Tag, Request]], timeout: float
    ) -> None:
        """Hand out the requests, once; each worker answers its own in their order."""
        self._timeout = timeout
        self._add([implementation for implementation, _, _ in requests])
        by_worker: dict[str, list[tuple[Tag, Request]]] = {name: [] for name in self._workers}
        for implementation, tag, request in requests:
            by_worker[_worker_name(implementation)].append((tag, request))
        self._requests.set_result(by_worker)

    def answers(self) -> Iterator[tuple[Tag, Evaluation]]:
        """Every request's answer, as they come."""
        running = len(self._workers)
        while running:
            answer = self._answers.get()
            if isinstance(answer, BaseException):
                raise answer
            if answer is None:
                running -= 1
            else:
                yield answer

    def _add(self, implementations: Sequence[Implementation]) -> None:
        """Start the workers that are not there yet, the slowest to import first."""
        for implementation in sorted(implementations, key=_import_rank):
            name = _worker_name(implementation)
            if name not in self._workers:
                entry = implementation.entry
                worker = Worker(name, entry.needs, _environment(implementation))
                self._workers[name] = worker
                self._executor.submit(self._work, name, worker)

    def _work(self, name: str, worker: Worker) -> None:
        try:
            if not self._closed.is_set():
                worker.start()
            for tag, request in self._requests.result()[name]:
                if self._closed.is_set():
                    break
                self._answers.put((tag, worker.evaluate(request, self._timeout)))
        except BaseException as error:
            self._answers.put(error)
        finally:
            worker.stop()
            self._answers.put(None)


def _worker_name(implementation: Implementation) -> str:
    """The user's own functions get a process each; a framework has one."""
    if implementation.function:
        return f"{implementation.environment} {implementation.function}"
    return implementation.environment


def _import_rank(implementation: Implementation) -> int:
    order = ("tensorflow", "torch", "jax")
    environment = implementation.entry.environment
    return order.index(environment) if environment in order else len(order)


def _environment(implementation: Implementation) -> dict[str, str]:
    """Quiet logs; no GPU unless it was asked for; where JAX keeps what it compiled."""
    import platformdirs

    cache = Path(platformdirs.user_cache_dir("xent-check")) / "jax"
    settings = {"TF_CPP_MIN_LOG_LEVEL": "3", "XENT_CHECK_CACHE": str(cache)}
    if implementation.device == "cpu":
        settings |= {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}
    if "XENT_CHECK_CACHE" in os.environ:
        settings["XENT_CHECK_CACHE"] = os.environ["XENT_CHECK_CACHE"]
    return settings
