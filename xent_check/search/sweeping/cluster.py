"""Cluster: the parts of a sweep as tasks of a Dask cluster (dask.distributed).

A task is a part of a domain for some implementations; a worker starts the processes of their
frameworks once and keeps them. Tasks of a worker that dies go to others. Results come back in the
order of the parts and are added up as those of one machine are.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any

from xent_check import __version__
from xent_check.errors import UserError, visible
from xent_check.implementations.names import Implementation
from xent_check.workers.pool import Pool

from .domain import Domain
from .engine import Asked
from .parts import Found, part_tallies

_AHEAD = 3  # tasks for each thread of the cluster, so that none waits for the next
_LOCK = threading.Lock()  # of a Dask worker's threads one asks its processes at a time
_POOLS: dict[tuple[Implementation, ...], Pool[Implementation]] = {}


class Cluster:
    """The Dask cluster whose scheduler has an address. UserError where there is none, its workers
    have another release of xent-check, or it ends."""

    def __init__(self, address: str, timeout: float) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise UserError(
                "--scheduler needs dask.distributed: pip install 'xent-check[distributed]'"
            ) from None
        # What ends the cluster is told once, not in the logs of its connections too.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self._address, self._timeout = address, timeout
        try:
            self._client = Client(address, timeout=10, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise UserError(f"--scheduler {visible(address)}: {visible(str(error))}") from None
        try:
            self._check()
        except BaseException:
            self._client.close()
            raise

    def _check(self) -> None:
        """UserError where there is no worker, or one with another release."""
        releases = self._client.run(_release)
        if not releases:
            raise UserError(f"--scheduler {self._address}: it has no workers")
        for worker, release in releases.items():
            if release != __version__:
                raise UserError(f"{worker} has xent-check {release}, this is {__version__}")

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def answers(
        self, domain: Domain, parts: Sequence[tuple[int, int]], asked: Asked
    ) -> Iterator[Sequence[Found]]:
        """Some parts at once, their results in order."""
        waiting: deque[Any] = deque()
        remaining = iter(enumerate(parts))
        while True:
            with self._reported():
                while len(waiting) < self._at_once and (item := next(remaining, None)) is not None:
                    number, (start, stop) = item
                    waiting.append(self._submit(domain, start, stop, asked(number)))
                if not waiting:
                    return
                found = self._result(waiting.popleft())
            yield found

    @property
    def _at_once(self) -> int:
        threads: dict[str, int] = self._client.nthreads()
        return max(1, _AHEAD * sum(threads.values()))

    def _submit(self, domain: Domain, start: int, stop: int, who: list[Implementation]) -> Any:
        if not who:
            return None
        arguments = (domain, start, stop, who, self._timeout)
        return self._client.submit(tallies_of_part, *arguments, pure=False)

    @staticmethod
    def _result(future: Any) -> Sequence[Found]:
        if future is None:
            return []
        found: Sequence[Found] = future.result()
        future.release()
        return found

    @contextlib.contextmanager
    def _reported(self) -> Iterator[None]:
        """UserError for what ends the cluster."""
        from distributed import CancelledError, KilledWorker

        try:
            yield
        except KilledWorker as error:
            raise UserError(f"--scheduler {self._address}: {visible(str(error))}") from None
        except (CancelledError, OSError) as error:
            raise UserError(
                f"--scheduler {self._address}: it ended; go on with --resume "
                f"({visible(type(error).__name__)})"
            ) from None


def _release() -> str:
    return __version__


def tallies_of_part(
    domain: Domain, start: int, stop: int, asked: Sequence[Implementation], timeout: float
) -> list[Found]:
    """What becomes of a part, in a Dask worker."""
    with _LOCK:
        key = tuple(asked)
        if key not in _POOLS:
            while _POOLS:  # who is asked has changed: others' processes end
                _POOLS.popitem()[1].__exit__()
            _POOLS[key] = Pool(key, None, keep=True)
            atexit.register(_end)
        return list(part_tallies(domain, start, stop, key, _POOLS[key], timeout))


def _end() -> None:
    while _POOLS:
        _POOLS.popitem()[1].__exit__()
