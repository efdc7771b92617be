"""Settings: what a run is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

from xent_check.casefile.loading import Filter
from xent_check.implementations.names import Implementation, Python
from xent_check.problem.tolerance import Auto, Tolerance
from xent_check.results.shard import Shard


@dataclass(frozen=True)
class Settings:
    """What a run is asked for. `chosen`: None for what the cases list, or the default set.

    max_fail: stop after so many divergences and failures. timeout: seconds per problem. jobs:
    processes at once, None for one per framework. shard: of the selected cases. pythons: what
    runs in another interpreter than ours. only: of the selected cases, those with these ids.
    """

    paths: tuple[str, ...]
    wanted: Filter = field(default_factory=Filter)
    shard: Shard | None = None
    chosen: tuple[Implementation, ...] | None = None
    required: tuple[Implementation, ...] = ()
    tolerance: Tolerance | Auto | None = None
    max_fail: int | None = None
    timeout: float = 60.0
    jobs: int | None = None
    allow_outside: bool = False
    verbose: bool = False
    strict: bool = False
    pythons: tuple[Python, ...] = ()
    only: frozenset[str] | None = None
