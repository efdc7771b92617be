"""Timing: the seconds that a run spends on each activity, added up."""

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
    """The seconds that a run spent on one activity for one subject."""

    activity: Activity  # what was done
    subject: str  # the process that started or answered, the id of the case; "" for all cases
    seconds: float  # by the wall clock


class Clock:
    """The seconds that were spent, by activity and subject."""

    def __init__(self) -> None:
        self._seconds: Counter[tuple[Activity, str]] = Counter()

    @contextlib.contextmanager
    def of(self, activity: Activity, subject: str = "") -> Iterator[None]:
        """A context whose seconds count for the activity and its subject."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[activity, subject] += time.perf_counter() - start  # type: ignore[assignment]

    @property
    def spent(self) -> tuple[Spent, ...]:
        """What was spent so far, each activity and subject once."""
        return tuple(Spent(*key, seconds) for key, seconds in self._seconds.items())
