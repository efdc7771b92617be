"""Cluster pool: the workers of a run on a Dask cluster, asked as `workers.pool.Pool` is.

A task is some problems for one framework: those of one shape together, for which it compiles once.
The exact values, the judging and the journal stay on this machine, so that the report is that of
processes here.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from xent_check.errors import UserError
from xent_check.history.machine import elsewhere
from xent_check.history.plain_values import from_plain, to_plain
from xent_check.implementations.names import Implementation, of_plain
from xent_check.problem.evaluation import Evaluation
from xent_check.reference.enclosure import Enclosure
from xent_check.results.joining import Finding
from xent_check.timing import Spent
from xent_check.workers.leftovers import FOLDERS, PREFIX
from xent_check.workers.pool import Pool, worker_name
from xent_check.workers.wire import Message, decode_problem, encode_problem, forget, inline_bytes
from xent_check.workers.worker import Request

from .asking import Requests
from .chunk_task import ChunkTask, findings_of
from .cluster import Cluster, Task
from .jobs import Job
from .node import Plain

_TOGETHER = 32  # requests of a task at most
_CHUNKS_AT_ONCE = 2**31  # bytes of chunks, all of which the scheduler holds until they are answered


class ClusterPool:
    """The workers of a cluster; leaving it ends the connection, and its tasks.

    address: of the scheduler. UserError as of Cluster.
    """

    stays = True

    def __init__(self, address: str, kept: str) -> None:
        self._cluster = Cluster(address, kept)
        self.folder = TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True)
        FOLDERS.add(self.folder.name)
        self._requests: Requests = ()
        self._timeout = 0.0
        self._names: list[str] = []  # of the processes that were asked for, in that order
        self._introductions: dict[str, Plain] = {}

    def __enter__(self) -> ClusterPool:
        return self

    def __exit__(self, *_: object) -> None:
        self._cluster.__exit__()
        self.folder.cleanup()
        FOLDERS.discard(self.folder.name)

    def submit(self, requests: Requests, timeout: float, keep: bool = False) -> None:
        """As of Pool; UserError where a worker cannot ask one of the implementations as here."""
        self._requests, self._timeout = requests, timeout
        implementations = dict.fromkeys(implementation for implementation, _, _ in requests)
        self._cluster.require(implementations)
        names = map(worker_name, implementations)
        self._names = list(dict.fromkeys([*self._names, *names]))

    def answers(self) -> Iterator[tuple[Job, Evaluation]]:
        """As of Pool."""
        tasks, flying = deque(_tasks(self._requests)), dict[Task, Requests]()
        try:
            while tasks or flying:
                while tasks and len(flying) < self._cluster.at_once:
                    task = tasks.popleft()
                    flying[self._submitted(task)] = task
                done, plain = self._cluster.next_result()
                yield from self._read(flying.pop(done), plain)
        finally:
            for one in flying:
                self._cluster.forget(one)

    def introduction_of(self, implementation: Implementation) -> Mapping[str, Any]:
        """As of Pool."""
        return self._introductions.get(worker_name(implementation), {})

    def shares(self, implementations: Sequence[Implementation]) -> list[list[Implementation]]:
        """All together."""
        return [list(implementations)]

    def chunks(
        self, tasks: Iterator[ChunkTask], timeout: float
    ) -> Iterator[tuple[ChunkTask, Enclosure, Mapping[str, Finding]]]:
        """What workers find in chunks, each as a whole: its exact losses, and the findings by
        implementation; as they come. The next task is drawn once there is room for it. timeout:
        seconds per answer."""
        flying: dict[Task, ChunkTask] = {}
        drawn = True
        try:
            while drawn or flying:
                while drawn and self._has_room(flying.values()):
                    task = next(tasks, None)
                    if drawn := task is not None:
                        self._cluster.require(task.implementations)
                        flying[self._cluster.submit(findings_of, *task.plain, timeout)] = task
                if flying:
                    done, plain = self._cluster.next_result()
                    for name, introduction in plain["introductions"].items():
                        self._introduce(name, introduction)
                    findings = {name: from_plain(one) for name, one in plain["findings"].items()}
                    yield flying.pop(done), from_plain(plain["exact"]), findings
        finally:
            for one in flying:
                self._cluster.forget(one)

    def _has_room(self, flying: Collection[ChunkTask]) -> bool:
        """Whether the cluster may be handed another chunk."""
        size = sum(task.size for task in flying)
        return not flying or (len(flying) < self._cluster.at_once and size < _CHUNKS_AT_ONCE)

    @property
    def spent(self) -> tuple[Spent, ...]:
        """Nothing: it is not this machine's time."""
        return ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """That another machine than this one answered, where one did."""
        return tuple(filter(None, [elsewhere(self._cluster.machines, self._cluster.here)]))

    def _submitted(self, task: Requests) -> Task:
        """Hand over a task, which goes to where its framework is, if it can."""
        problems: dict[int, Plain] = {}
        for _, job, _ in task:
            if id(job.message) not in problems:
                problems[id(job.message)] = encode_problem(decode_problem(job.message), None)
        plain = [(i.plain, problems[id(job.message)]) for i, job, _ in task]
        nodes, number = self._cluster.workers, self._names.index(worker_name(task[0][0]))
        where = nodes[number % max(1, len(nodes)) :: len(self._names)]
        return self._cluster.submit(answers_of, plain, self._timeout, where=where)

    def _read(self, task: Requests, plain: Plain) -> Iterator[tuple[Job, Evaluation]]:
        self._introduce(worker_name(task[0][0]), plain["introduction"])
        for (_, job, _), answer in zip(task, plain["answers"], strict=True):
            yield job, from_plain(answer)

    def _introduce(self, name: str, introduction: Plain) -> None:
        """Take what a worker found out of a user's own, if anything; UserError where another one
        found something else."""
        if not introduction:
            return
        known = self._introductions.setdefault(name, introduction)
        if repr(known) != repr(introduction):
            raise UserError(
                f"--scheduler: two workers find {name} to be another loss each: "
                f"{known['sentence']}; {introduction['sentence']}"
            )


def answers_of(
    pool: Pool[int], asked: Sequence[tuple[Plain, Plain]], timeout: float
) -> Mapping[str, Any]:
    """In a Dask worker: the answers to problems of implementations of one process, in order, and
    what was found out of a user's own."""
    folder = Path(pool.folder.name)
    implementations = [of_plain(plain) for plain, _ in asked]
    messages = [encode_problem(decode_problem(problem), folder) for _, problem in asked]
    pairs = zip(implementations, messages, strict=True)
    pool.submit([(i, n, Request.of(i, message)) for n, (i, message) in enumerate(pairs)], timeout)
    answers = dict(pool.answers())
    for message in messages:
        forget(message)
    return {
        "answers": [to_plain(answers[number]) for number in range(len(asked))],
        "introduction": dict(pool.introduction_of(implementations[0])),
    }


def _tasks(requests: Requests) -> Iterator[Requests]:
    """The requests by process, of each those of one shape together; the processes in turn."""
    shapes: dict[str, dict[str, list[Any]]] = {}
    for request in requests:
        of_process = shapes.setdefault(worker_name(request[0]), {})
        of_process.setdefault(_shape(request[1].message), []).append(request)
    tasks = [list(_cut(chain.from_iterable(groups.values()))) for groups in shapes.values()]
    yield from filter(None, chain.from_iterable(zip_longest(*tasks)))


def _shape(message: Message) -> str:
    """What problems share that are compiled once, as far as it is seen from outside."""
    return repr([message[key] for key in ("loss", "given", "dtype")] + [message["values"]["shape"]])


def _cut(requests: Iterable[tuple[Implementation, Job, Request]]) -> Iterator[Requests]:
    """Tasks of at most _TOGETHER requests; one with large arrays ends its task."""
    task = list[tuple[Implementation, Job, Request]]()
    for request in requests:
        task.append(request)
        if len(task) == _TOGETHER or inline_bytes(request[1].message) == math.inf:
            yield task
            task = []
    yield task
