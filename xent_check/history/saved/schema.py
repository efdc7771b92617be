"""The JSON of a run (`--report json`): one model for writing and reading."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from xent_check.results.change import ChangeKind
from xent_check.results.origin import Origin
from xent_check.results.report import Host, Scope, Verdict
from xent_check.results.shard import Shard
from xent_check.timing import Activity

from .parts import Index, Number, Saved, Sparse
from .results import AnyResult, SavedTolerance

SCHEMA: Literal[1] = 1


class Case(Sparse):
    """A case that was to be answered."""

    case: str
    """`FILE::NAME`"""
    line: int
    """in its file, from 1"""
    inputs: str
    """16 hexadecimal digits of its problem"""
    implementations: tuple[str, ...]
    """who was to answer; `reference` where the case states the exact value"""
    parts: tuple[str, ...]
    """what was asked for: losses, totals by reduction, gradient"""
    labels: tuple[tuple[Index, str], ...] | None
    """each sample's indices and its label as text; null where they are many"""
    description: str | None = None
    """what the case is about, where its file says that"""
    source: str | None = None
    """where its numbers come from, where its file says that"""
    tags: tuple[str, ...] | None = None
    """its tags, where it has some"""
    sampled: tuple[int, int] | None = None
    """how many of its rows were asked, and of how many, where that were not all"""


class Environment(Saved):
    """Where the run was made."""

    python: str
    """the version of the interpreter that compared"""
    platform: str
    """`linux x86_64`"""
    implementations: dict[str, Host]
    """where each of those that answered ran"""


class Summary(Saved):
    """The verdict, and how many results have each status."""

    verdict: Verdict
    """the exit code in a word"""
    exit_code: int
    """of the command that wrote this"""
    cases: int
    """how many were selected"""
    compared: int
    """agrees, known and diverges together"""
    agrees: int
    """how many are within the tolerance"""
    known: int
    """how many diverge as the case or a baseline declares"""
    diverges: int
    """how many are beyond the tolerance, and nothing declares it"""
    failed: int
    """how many gave no answer: an error, a timeout, a process that died"""
    unsupported: int
    """how many the framework's public API cannot ask"""
    missing: int
    """how many were not asked, as what they need is not installed"""
    gone_cases: int
    """how many have answers in the baseline that the run should have had, but none in the run"""
    gone_implementations: tuple[str, ...]
    """those with answers in the baseline that the run should have had, but none in the run"""
    seconds: Annotated[float, AfterValidator(partial(round, ndigits=3))]
    """from start to end"""


class Run(Saved):
    """How the run was asked for."""

    implementations: tuple[str, ...]
    """in the order to show them"""
    absent: tuple[str, ...]
    """required, not installed, and on no case"""
    stopped: str | None
    """why it ended early"""
    verbose: bool
    """whether every number of every case is here"""
    shard: Shard | None
    """null where all cases were run"""
    scope: Scope
    """which answers the run was to have"""
    selection: str
    """16 hexadecimal digits of the selected cases, their inputs, and who was to answer what"""
    strict: bool
    """whether a tolerance that says nothing, and what was not compared, diverge"""
    tolerance: SavedTolerance | None
    """of every case; null where the cases say"""


class Change(Saved):
    """What became of one answer."""

    case: str
    """`FILE::NAME`"""
    implementation: str
    """as it is asked for"""
    kind: ChangeKind
    """what a rule of --fail-on names"""
    sentence: str
    """all of it in words"""
    before: str | None
    """the status before; null where there was no answer"""
    after: str | None
    """the status after; null where there is no answer"""
    ulps: Number | None
    """the largest distance between a loss before and after, in ulps"""
    share_before: Number | None
    """the largest error over what rounding explains, before, of the part where that grew most"""
    share_after: Number | None
    """the largest error over what rounding explains, after, of the same part"""
    fails: bool
    """whether the rules make it fail"""


class Gate(Saved):
    """What changed against a baseline."""

    file: str
    """the baseline, as it was named"""
    fail_on: tuple[str, ...]
    """the rules"""
    notes: tuple[str, ...]
    """what else differs: versions, devices, platform"""
    same: int
    """how many answers are the same bits"""
    matched: bool
    """whether an answer was compared with one of the baseline"""
    left_out: int
    """how many answers of the baseline the run was not asked for"""
    gone_cases: int
    """how many have answers in the baseline that the run should have had, but none in the run"""
    gone_implementations: tuple[str, ...]
    """those with answers in the baseline that the run should have had, but none in the run"""
    changes: tuple[Change, ...]
    """of all answers but those counted as the same"""


class Variants(Saved):
    """What changed from one column to another: one implementation in two interpreters."""

    before: str
    """the earlier column"""
    after: str
    """the later column"""
    same: int
    """how many answers are the same bits"""
    changes: tuple[Change, ...]
    """of all answers but those counted as the same"""


Seconds = Annotated[float, AfterValidator(partial(round, ndigits=6))]
Share = Annotated[float, AfterValidator(partial(round, ndigits=4))]


class TimePart(Saved):
    """What some of the time went into."""

    what: Activity
    """the part"""
    process: str | None
    """the process, where it was one alone"""
    seconds: Seconds
    """how long it took"""
    share: Share
    """of the whole run; parts go side by side, so that their shares do not sum to 1"""


class Wait(Saved):
    """One of the slowest answers."""

    case: str
    """`FILE::NAME`"""
    implementation: str
    """as it is asked for"""
    seconds: Seconds
    """from request to answer"""
    share: Share
    """of the whole run"""
    calls: Seconds | None
    """seconds of the calls alone"""


class Durations(Saved):
    """Where the time of the run went."""

    parts: tuple[TimePart, ...]
    """the longest first"""
    slowest: tuple[Wait, ...]
    """the longest first"""


class Header(Saved):
    """Everything but the results."""

    version: Literal[1] = Field(alias="schema")
    """of this form"""
    xent_check: str
    """the version that compared"""
    environment: Environment
    """where it was made"""
    summary: Summary
    """the verdict and the counts"""
    run: Run
    """how it was asked for"""
    baseline: Gate | None
    """null where the run was held against none"""
    variants: tuple[Variants, ...]
    """a comparison for each implementation that ran in two interpreters"""
    warnings: tuple[str, ...]
    """what to look at beside the results, a sentence each"""
    origin: Origin = Field(default_factory=Origin)
    """when, of which commit and by which command the run was made"""
    durations: Durations | None = None
    """null where they were not asked for"""
    cases: tuple[Case, ...]
    """every selected case, in order"""


class Document(Header):
    """The whole document."""

    results: tuple[AnyResult, ...]
    """one per case and implementation"""
