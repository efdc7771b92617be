"""Clock: adds up the seconds of what is done again and again."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Iterator

from .report import Activity, Spent


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
