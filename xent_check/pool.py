"""Pool: a worker per environment, all started at once, each fed its own requests in order."""

from __future__ import annotations

import contextlib
import os
import queue
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import Generic, TypeVar

from .evaluation import Evaluation
from .selection import Implementation
from .worker import Request, Worker

Tag = TypeVar("Tag")


class Pool(Generic[Tag]):
    """At most `jobs` processes at once. Use it as a context manager: leaving it ends them all."""

    def __init__(self, implementations: Sequence[Implementation], jobs: int | None) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="xent-check-", ignore_cleanup_errors=True)
        self._workers: dict[str, Worker] = {}
        self._threads: list[threading.Thread] = []
        self._requests: Future[Mapping[str, list[tuple[Tag, Request]]]] = Future()
        self._answers: queue.SimpleQueue[tuple[Tag, Evaluation] | BaseException]
        self._answers = queue.SimpleQueue()
        self._expected = 0
        self._timeout = 0.0
        self._closed = threading.Event()
        self._places = threading.Semaphore(jobs) if jobs else contextlib.nullcontext()
        self._add(implementations)

    def __enter__(self) -> Pool[Tag]:
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._requests.cancel()
        for worker in self._workers.values():
            worker.close()
        for thread in self._threads:
            thread.join()
        self.folder.cleanup()

    def submit(
        self, requests: Sequence[tuple[Implementation, Tag, Request]], timeout: float
    ) -> None:
        """Hand out the requests, once; each worker answers its own in their order."""
        self._timeout = timeout
        self._expected = len(requests)
        self._add([implementation for implementation, _, _ in requests])
        by_worker: dict[str, list[tuple[Tag, Request]]] = {name: [] for name in self._workers}
        for implementation, tag, request in requests:
            by_worker[_worker_name(implementation)].append((tag, request))
        self._requests.set_result(by_worker)
        for name, own in by_worker.items():
            if not own:
                self._workers[name].close()

    def answers(self) -> Iterator[tuple[Tag, Evaluation]]:
        """Every request's answer, as they come."""
        for _ in range(self._expected):
            answer = self._answers.get()
            if isinstance(answer, BaseException):
                raise answer
            yield answer

    def _add(self, implementations: Sequence[Implementation]) -> None:
        """Start the workers that are not there yet, the slowest to import first."""
        for implementation in sorted(implementations, key=_import_rank):
            name = _worker_name(implementation)
            if name not in self._workers:
                needs, env = implementation.entry.needs, _environment(implementation)
                self._workers[name] = worker = Worker(name, needs, env, Path(self.folder.name))
                # A daemon: however the parent ends, it waits for no framework.
                thread = threading.Thread(target=self._work, args=(name, worker), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _work(self, name: str, worker: Worker) -> None:
        try:
            with self._places:
                if self._has_work(name):
                    worker.start()
                for tag, request in self._requests.result()[name]:
                    if self._closed.is_set():
                        break
                    self._answers.put((tag, worker.evaluate(request, self._timeout)))
                worker.stop()
        except CancelledError:
            worker.stop()
        except BaseException as error:
            worker.stop()
            self._answers.put(error)

    def _has_work(self, name: str) -> bool:
        """Or may have: the requests are not known while the cases are read."""
        if self._closed.is_set():
            return False
        return not self._requests.done() or bool(self._requests.result()[name])


def _worker_name(implementation: Implementation) -> str:
    """The user's own functions get a process each; a framework has one."""
    if implementation.function:
        return f"{implementation.environment} {implementation.function}"
    return implementation.environment


def _import_rank(implementation: Implementation) -> int:
    order = ("tensorflow", "torch", "jax", "optax")
    environment = implementation.entry.environment
    return order.index(environment) if environment in order else len(order)


def _environment(implementation: Implementation) -> dict[str, str]:
    """Quiet logs; no GPU unless it was asked for; where JAX keeps what it compiled."""
    import platformdirs

    cache = Path(platformdirs.user_cache_dir("xent-check")) / "jax"
    settings = {"TF_CPP_MIN_LOG_LEVEL": "3", "XENT_CHECK_CACHE": str(cache)}
    settings |= dict(implementation.entry.variables)
    if implementation.device == "cpu":
        settings |= {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}
    if "XENT_CHECK_CACHE" in os.environ:
        settings["XENT_CHECK_CACHE"] = os.environ["XENT_CHECK_CACHE"]
    return settings
