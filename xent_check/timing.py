"""Timing: the seconds of what is done again and again, added up."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Activity = Literal["reading", "reference", "judging", "starting", "answering"]


@dataclass(frozen=True)
class Spent:
    """Seconds of a run. of: the process that started or answered, the case that was judged."""

    what: Activity
    of: str
    seconds: float


class Clock:
    """Seconds by what was done, and for which case or process."""

    def __init__(self) -> None:
        self._seconds: Counter[tuple[Activity, str]] = Counter()

    @contextlib.contextmanager
    def of(self, what: Activity, whose: str = "") -> Iterator[None]:
        """Count what happens within."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[what, whose] += time.perf_counter() - start  # type: ignore[assignment]

    @property
    def spent(self) -> tuple[Spent, ...]:
        return tuple(Spent(what, whose, s) for (what, whose), s in self._seconds.items())
