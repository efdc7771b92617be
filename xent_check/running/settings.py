"""Settings of a run."""

from __future__ import annotations

from dataclasses import dataclass, field

from xent_check.casefile.loading import Filter
from xent_check.implementations.declaration import NOTHING, Declaration
from xent_check.implementations.names import Implementation, Python
from xent_check.problem.tolerance import Auto, Tolerance
from xent_check.results.shard import Shard


@dataclass(frozen=True)
class Settings:
    """The options of a run."""

    paths: tuple[str, ...]  # case files, folders, `file::name`, `folder::name`
    case_filter: Filter = field(default_factory=Filter)  # the cases to select
    shard: Shard | None = None  # the part of the selected cases to run
    chosen: tuple[Implementation, ...] | None = None  # None: as the cases list, or the default set
    required: tuple[Implementation, ...] = ()  # those that must not be missing
    tolerance: Tolerance | Auto | None = None  # in place of the cases' own
    max_fail: int | None = None  # stop after so many divergences and failures
    timeout: float = 60.0  # seconds per problem, of one in chunks per chunk
    chunk: int | None = None  # the rows of a chunk; None: large cases alone are asked in chunks
    sample: int | None = None  # the most rows of a case to compare; None: all
    # Whether to go on where an earlier run ended; None: what is finished is not kept.
    resume: bool | None = None
    jobs: int | None = None  # processes at once; None: one per framework
    scheduler: str = ""  # the address of the Dask cluster that computes; empty: this machine does
    allow_outside: bool = False  # array files may be outside the case file's folder
    verbose: bool = False  # whether reports show everything
    strict: bool = False  # whether vacuous agreement, and what was not compared, fails
    pythons: tuple[Python, ...] = ()  # the other interpreters, and what runs there
    command: str = ""  # the command line that asks for the run
    only: frozenset[str] | None = None  # of the selected cases, those with these ids
    declared: Declaration = NOTHING  # said of the user's own, those that the cases list too
