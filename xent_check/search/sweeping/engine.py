"""Engine: where the parts of a sweep are computed. Their results are the same to the bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Protocol

from xent_check.history.machine import Machine, this_machine
from xent_check.implementations.names import Implementation
from xent_check.workers.heap import keep_freed
from xent_check.workers.pool import Pool

from .domain import Domain
from .parts import AskedPart, Found

Asked = Callable[[int], list[Implementation]]
"""Who is asked for the part of a number, at the time when it is called."""


class Engine(Protocol):
    """A context manager."""

    folder: str
    """of its temporary files; empty where it has none here"""

    def __enter__(self) -> Engine: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def answers(
        self, domain: Domain, parts: Sequence[tuple[int, int]], asked: Asked
    ) -> Iterator[Sequence[Found]]:
        """What becomes of each part, in the order of the parts."""
        ...

    @property
    def machines(self) -> Sequence[Machine]:
        """The kinds of machines that answered so far."""
        ...


class Here:
    """This machine: a process for each framework."""

    def __init__(self, jobs: int | None, timeout: float) -> None:
        # The first parts start its processes: by then the journal has the name of the folder.
        self._pool = Pool[Implementation]((), jobs, keep=True)
        self.folder = self._pool.folder.name
        self._timeout = timeout
        self.machines = (this_machine(),)

    def __enter__(self) -> Here:
        keep_freed()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.__exit__()

    def answers(
        self, domain: Domain, parts: Sequence[tuple[int, int]], asked: Asked
    ) -> Iterator[Sequence[Found]]:
        """One part after the other; while one is counted, the workers compute the next."""
        gone: set[Implementation] = set()

        def ask(number: int) -> AskedPart | None:
            who = [i for i in asked(number) if i not in gone] if number < len(parts) else []
            if not who:
                return None
            return AskedPart(domain, *parts[number], who, self._pool, self._timeout)

        at_work = ask(0)
        for number in range(len(parts)):
            answered = at_work and at_work.answered()
            gone |= {found.implementation for found in answered.absent} if answered else set()
            at_work = ask(number + 1)
            yield list(answered.tallies()) if answered else []
