"""Cluster: a Dask cluster (dask.distributed) that computes what this machine asks for.

What goes there from us are functions of this package, by their names, and plain values: texts,
numbers, bytes. Tasks of a worker that dies go to others. What a worker has in another release, or
has not, is an error that names it.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import queue
import time
import uuid
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from xent_check.errors import ExitCode, UserError, describe, visible
from xent_check.history.machine import Machine
from xent_check.implementations.names import Implementation

from .node import difference, facts, task

_AHEAD = 3  # tasks for each thread of the cluster, so that none waits for the next
_LOOK = 5.0  # seconds, after which is looked whether there is a worker still
PATIENCE = 300.0  # seconds without any worker: a queue may be about to start some


class ClusterError(UserError):
    """How a cluster ended before what was asked of it was done."""

    exit_code = ExitCode.FAILED


class Cluster:
    """The cluster whose scheduler has an address; a context manager.

    UserError where there is none or it has no workers. kept: what is said of what is finished,
    where the cluster ends before the rest is.
    """

    def __init__(self, address: str, kept: str = "go on with --resume") -> None:
        try:
            from distributed import Client
            from distributed.comm import get_address_host_port
        except ImportError:
            raise UserError(
                "--scheduler needs dask.distributed: pip install 'xent-check[distributed]'"
            ) from None
        # What ends the cluster is told once, not in the logs of its connections too.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self._option, self._kept = f"--scheduler {visible(address)}", kept
        self._run, self._expected = uuid.uuid4().hex, facts([], os.getcwd())
        self._machines: dict[str, Machine] = {}  # of each worker that answered
        self._asked = -math.inf  # when the scheduler last told its workers
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        try:
            get_address_host_port(address)  # Client leaves threads behind where it is none
            self._client = Client(address, timeout=10, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise UserError(f"{self._option}: {visible(str(error))}") from None
        try:
            if not self.workers:
                raise UserError(f"{self._option}: it has no workers")
        except BaseException:
            self._client.close()
            raise

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @property
    def workers(self) -> list[str]:
        """The addresses of its workers, in order."""
        return sorted(self._threads)

    @property
    def at_once(self) -> int:
        """How many tasks it is given at a time."""
        return max(1, _AHEAD * sum(self._threads.values()))

    @property
    def _threads(self) -> dict[str, int]:
        """How many threads each worker has, as of a second ago at most."""
        if time.monotonic() - self._asked > 1:
            with self._reported():
                self._known: dict[str, int] = self._client.nthreads()
            self._asked = time.monotonic()
        return self._known

    def require(self, implementations: Collection[Implementation]) -> None:
        """Have these asked by tasks, beside those before; UserError where a worker has not the
        releases, or the files of the user's own, that this machine has."""
        asked = {one["name"]: one for one in self._expected["asked"]}
        new = {i.name: i.plain for i in implementations if i.name not in asked}
        if not new:
            return
        everyone, folder = [*asked.values(), *new.values()], self._expected["folder"]
        self._expected = facts(everyone, folder)
        with self._reported():
            found = self._client.run(facts, everyone, folder, on_error="return")
        for worker, there in sorted(found.items()):
            if isinstance(there, BaseException):
                why = f"it cannot load this release of xent-check ({describe(there)})"
            else:
                why = difference(self._expected, there)
            if why:
                raise UserError(f"{self._option}: worker {worker}: {why}")

    def submit(
        self, function: Callable[..., Any], *arguments: Any, where: Sequence[str] = ()
    ) -> Any:
        """A future of what a function of ours gives, called by a worker with its processes and
        these plain values. where: the workers that had better do it; empty for any."""
        prefer = {"workers": list(where), "allow_other_workers": True} if where else {}
        call: tuple[Any, ...] = (self._run, self._expected, function, arguments)
        with self._reported(), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # arrays are large
            future = self._client.submit(task, *call, pure=False, **prefer)
        future.add_done_callback(self._done.put)
        return future

    def next_done(self) -> Any:
        """A future that is done, of all that were submitted; each once, as they come."""
        alone_since = None
        while True:
            with contextlib.suppress(queue.Empty):
                return self._done.get(timeout=_LOOK)
            now = time.monotonic()
            alone_since = None if self.workers else alone_since or now
            if alone_since is not None and now - alone_since > PATIENCE:
                raise ClusterError(
                    f"{self._option}: it has had no worker for {PATIENCE:g} s; {self._kept}"
                )

    def result(self, future: Any) -> Any:
        """What became of a task, once it is done."""
        while not future.done():
            self.next_done()
        with self._reported():
            node, machine, result = future.result()
            future.release()
        self._machines[node] = Machine(**machine)
        return result

    @property
    def here(self) -> Machine:
        """This machine."""
        return Machine(**self._expected["machine"])

    @property
    def machines(self) -> tuple[Machine, ...]:
        """The kinds of machines that answered; this one where none did."""
        kinds = {machine.line: machine for machine in self._machines.values()}
        return tuple(machine for _, machine in sorted(kinds.items())) or (self.here,)

    @contextlib.contextmanager
    def _reported(self) -> Iterator[None]:
        """ClusterError for what ends the cluster."""
        from distributed import CancelledError, KilledWorker

        try:
            yield
        except KilledWorker as error:
            raise ClusterError(f"{self._option}: {visible(str(error))}; {self._kept}") from None
        except (CancelledError, OSError) as error:
            raise ClusterError(
                f"{self._option}: it ended; {self._kept} ({visible(type(error).__name__)})"
            ) from None
