"""Cluster: a Dask cluster (dask.distributed) that computes what this machine asks for.

What goes there from us are functions of this package, by their names, and plain values: texts,
numbers, bytes. Tasks of a worker that dies go to others, those of a scheduler that ends are sent
again once it is back. What a worker has in another release, or has not, is an error that names it.
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
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from xent_check.errors import ExitCode, UserError, describe, visible
from xent_check.history.machine import Machine
from xent_check.implementations.names import Implementation

from .node import difference, facts
from .node import task as node_task

_AHEAD = 3  # tasks for each thread of the cluster, so that none waits for the next
_LOOK = 5.0  # seconds, after which is looked whether there is a worker still
PATIENCE = 300.0  # seconds without any worker: a queue may be about to start some
BACK = 60.0  # seconds, within which a scheduler that ended is waited for
_LOSSES = 3  # of a scheduler without an answer between: what is asked may be what ends it

T = TypeVar("T")


class ClusterError(UserError):
    """How a cluster ended before what was asked of it was done."""

    exit_code = ExitCode.FAILED


@dataclass(frozen=True, eq=False)
class Task:
    """What was handed to a cluster."""

    call: tuple[Any, ...]
    """the arguments of `node.task`"""
    where: tuple[str, ...]
    """the workers that had better do it; empty for any"""


class Cluster:
    """The cluster whose scheduler has an address; a context manager.

    UserError where there is none or it has no workers. kept: what is said of what is finished,
    where the cluster ends before the rest is. A scheduler that ends, or is told to restart, has
    forgotten what it was asked: what is not answered is sent again, where it is back within BACK
    seconds; else ClusterError.
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
        self._address, self._kept = address, kept
        self._option = f"--scheduler {visible(address)}"
        self._run, self._expected = uuid.uuid4().hex, facts([], os.getcwd())
        self._machines: dict[str, Machine] = {}  # of each worker that answered
        self._asked = -math.inf  # when the scheduler last told its workers
        self._flying: dict[Task, Any] = {}  # Dask's future of each that is not answered
        self._losses = 0  # since the last answer
        self._done: queue.SimpleQueue[tuple[Task, Any]] = queue.SimpleQueue()
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
            self._known: dict[str, int] = self._asked_of(lambda: self._client.nthreads())
            self._asked = time.monotonic()
        return self._known

    def require(self, implementations: Collection[Implementation]) -> None:
        """Have these asked by tasks, beside those before; UserError where a worker has not the
        releases, or the files of the user's own, that this machine has. One that dies meanwhile is
        left out: each task looks at its worker too."""
        from distributed.comm import CommClosedError

        asked = {one["name"]: one for one in self._expected["asked"]}
        new = {i.name: i.plain for i in implementations if i.name not in asked}
        if not new:
            return
        everyone, folder = [*asked.values(), *new.values()], self._expected["folder"]
        self._expected = facts(everyone, folder)
        found = self._asked_of(lambda: self._client.run(facts, everyone, folder, on_error="return"))
        for worker, there in sorted(found.items()):
            if isinstance(there, CommClosedError):
                continue
            if isinstance(there, BaseException):
                why = f"it cannot load this release of xent-check ({describe(there)})"
            else:
                why = difference(self._expected, there)
            if why:
                raise UserError(f"{self._option}: worker {worker}: {why}")

    def submit(
        self, function: Callable[..., Any], *arguments: Any, where: Sequence[str] = ()
    ) -> Task:
        """Hand over a function of ours, called by a worker with its processes and these plain
        values. where: as of Task."""
        task = Task((self._run, self._expected, function, arguments), tuple(where))
        self._flying[task] = self._asked_of(lambda: self._sent(task))
        return task

    def next_result(self) -> tuple[Task, Any]:
        """A task that is done, of all that were submitted, and what it gave; each once, as they
        come."""
        alone_since = None
        while True:
            try:
                task, future = self._done.get(timeout=_LOOK)
            except queue.Empty:
                now = time.monotonic()
                alone_since = None if self.workers else alone_since or now
                if alone_since is not None and now - alone_since > PATIENCE:
                    raise ClusterError(
                        f"{self._option}: it has had no worker for {PATIENCE:g} s; {self._kept}"
                    ) from None
                continue
            if self._flying.get(task) is not future:  # sent again since, or forgotten
                continue
            try:
                node, machine, result = self._result_of(future)
            except self._lost:
                self._go_on()
                continue
            self.forget(task)
            self._losses = 0
            self._machines[node] = Machine(**machine)
            return task, result

    def forget(self, task: Task) -> None:
        """It need not be done, or its result is read."""
        if (future := self._flying.pop(task, None)) is not None:
            future.release()

    @property
    def here(self) -> Machine:
        """This machine."""
        return Machine(**self._expected["machine"])

    @property
    def machines(self) -> tuple[Machine, ...]:
        """The kinds of machines that answered so far."""
        kinds = {machine.line: machine for machine in self._machines.values()}
        return tuple(machine for _, machine in sorted(kinds.items()))

    def _sent(self, task: Task) -> Any:
        """Dask's future of a task."""
        where = {"workers": list(task.where), "allow_other_workers": True} if task.where else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # arrays are large
            future = self._client.submit(node_task, *task.call, pure=False, **where)
        future.add_done_callback(lambda future: self._done.put((task, future)))
        return future

    def _result_of(self, future: Any) -> Any:
        """What a task gave, or what it raised; ClusterError where its worker could not do it."""
        from distributed import KilledWorker

        try:
            return future.result()
        except (KilledWorker, OSError) as error:
            if future.status != "error":
                raise
            raise ClusterError(f"{self._option}: {visible(str(error))}; {self._kept}") from None

    @property
    def _lost(self) -> tuple[type[BaseException], ...]:
        """What says that the scheduler has ended, or has forgotten what it was asked."""
        from distributed import CancelledError
        from distributed.client import ClosedClientError

        return CancelledError, ClosedClientError, OSError

    def _asked_of(self, ask: Callable[[], T]) -> T:
        """What the scheduler says, once it is back where it ended."""
        while True:
            with contextlib.suppress(*self._lost):
                if self._client.status != "closed":  # as Dask leaves it after ten seconds
                    return ask()
            self._go_on()

    def _go_on(self) -> None:
        """Connect anew, and send what is not answered. ClusterError where there is no scheduler."""
        from distributed import Client

        while True:
            self._losses += 1
            if self._losses > _LOSSES:
                raise ClusterError(
                    f"{self._option}: it ended {self._losses} times without an answer between; "
                    f"{self._kept}"
                )
            with contextlib.suppress(*self._lost):
                self._client.close(timeout=10)
            try:
                self._client = Client(self._address, timeout=BACK, set_as_default=False)
            except OSError:
                raise ClusterError(
                    f"{self._option}: it ended, and was not there again within {BACK:g} s; "
                    f"{self._kept}"
                ) from None
            self._asked = -math.inf
            try:
                self._flying = {task: self._sent(task) for task in self._flying}
            except self._lost:
                continue
            return
