"""Cluster: the parts of a sweep as tasks of a Dask cluster.

A task is a part of a domain for some implementations. Results come back in the order of the parts
and are added up as those of one machine are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from xent_check.history.machine import Machine
from xent_check.implementations.names import Implementation, of_plain
from xent_check.running.cluster import Cluster, Task
from xent_check.running.node import Plain
from xent_check.workers.pool import Pool

from .domain import Domain
from .engine import Asked
from .parts import AskedPart, Found
from .tally import Tally


class OnCluster:
    """The engine of the cluster whose scheduler has an address. UserError as of Cluster."""

    folder = ""

    def __init__(
        self, address: str, implementations: Sequence[Implementation], timeout: float
    ) -> None:
        self._cluster, self._timeout = Cluster(address), timeout
        try:
            self._cluster.require(implementations)
        except BaseException:
            self._cluster.__exit__()
            raise

    def __enter__(self) -> OnCluster:
        return self

    def __exit__(self, *_: object) -> None:
        self._cluster.__exit__()

    def answers(
        self, domain: Domain, parts: Sequence[tuple[int, int]], asked: Asked
    ) -> Iterator[Sequence[Found]]:
        """Some parts at once, their results in order."""
        waiting: deque[tuple[list[Implementation], Task | None]] = deque()
        done: dict[Task, list[Plain]] = {}
        remaining = iter(enumerate(parts))
        while True:
            at_once = self._cluster.at_once
            while len(waiting) < at_once and (item := next(remaining, None)) is not None:
                number, (start, stop) = item
                who = asked(number)
                waiting.append((who, self._submitted(domain, start, stop, who)))
            if not waiting:
                return
            who, task = waiting.popleft()
            while task is not None and task not in done:
                finished, found = self._cluster.next_result()
                done[finished] = found
            yield [_found(who, plain) for plain in done.pop(task)] if task is not None else []

    @property
    def machines(self) -> Sequence[Machine]:
        """As of Cluster."""
        return self._cluster.machines

    def _submitted(
        self, domain: Domain, start: int, stop: int, who: list[Implementation]
    ) -> Task | None:
        """Hand over a part; None where nobody is asked."""
        if not who:
            return None
        names = [i.plain for i in who]
        return self._cluster.submit(found_in, asdict(domain), start, stop, names, self._timeout)


def found_in(
    pool: Pool[Implementation],
    domain: Plain,
    start: int,
    stop: int,
    asked: Sequence[Plain],
    timeout: float,
) -> list[Plain]:
    """In a Dask worker: what becomes of a part, with the position of each among those asked."""
    who = [of_plain(plain) for plain in asked]
    return [
        {
            "implementation": who.index(one.implementation),
            "tally": None if one.tally is None else asdict(one.tally),
            "absent": one.absent,
            "failed": one.failed,
        }
        for one in AskedPart(Domain(**domain), start, stop, who, pool, timeout).answered().tallies()
    ]


def _found(who: Sequence[Implementation], plain: Plain) -> Found:
    tally = plain["tally"]
    i = who[plain["implementation"]]
    return Found(i, tally and Tally.of(tally), plain["absent"], plain["failed"])
