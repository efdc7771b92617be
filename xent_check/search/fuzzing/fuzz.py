"""Fuzz: problems from Hypothesis, until the time is over; what diverges is shrunk."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import numpy as np
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.errors import Flaky

from xent_check.casefile.in_memory import case_in_memory
from xent_check.errors import InvalidError, UserError
from xent_check.implementations.names import Implementation
from xent_check.problem.evaluation import Failed
from xent_check.results.comparison import share_of
from xent_check.results.report import CaseResult
from xent_check.running.asking import Asking
from xent_check.running.jobs import Job
from xent_check.running.run import run
from xent_check.workers.pool import Pool

from .declared import declared_keys, is_declared
from .draw import Scope, cases
from .find import Find, Key, key_of, size_of, written

if TYPE_CHECKING:
    from xent_check.running.cluster_pool import ClusterPool

_KEPT = "what was found by then is written"  # where the cluster ends
_ROUND = 200  # problems that are drawn before the finds are shrunk
_TO_SHRINK = 30.0  # seconds for that after the time is over


@dataclass(frozen=True)
class Plan:
    """What is asked for."""

    implementations: tuple[Implementation, ...]
    scope: Scope = field(default_factory=Scope)
    seconds: float | None = None
    """of drawing; None: no limit"""
    examples: int | None = None
    """problems that are drawn; None: no limit"""
    seed: int = 0
    timeout: float = 60.0
    """seconds per answer"""
    database: Path | None = None
    """the folder where Hypothesis keeps what it found; None: it keeps nothing"""
    scheduler: str = ""
    """the address of a Dask cluster that is asked; empty: this machine"""


@dataclass(frozen=True, eq=False)
class Worst:
    """The largest error within its bound that was met."""

    share: float
    """of the bound"""
    implementation: str
    part: str
    """losses, a total or gradient"""


@dataclass(frozen=True, eq=False)
class Fuzzed:
    """What came of it."""

    examples: int
    """problems that were asked"""
    answers: int
    """that were compared"""
    finds: tuple[Find, ...]
    worst: Worst | None
    """None where nothing was compared"""
    seconds: float
    declared: int = 0
    """answers that departed as a case that ships declares, and are no finds"""
    ended: UserError | None = None
    """how the cluster that was asked ended; None where it did not"""
    interrupted: bool = False
    """whether Ctrl-C ended the search"""
    warnings: tuple[str, ...] = ()
    """as of ClusterPool"""


Progress = Callable[[int, Worst | None, int], None]  # examples, the worst share, finds


def fuzz(plan: Plan, known: Collection[str] = (), progress: Progress = lambda *_: None) -> Fuzzed:
    """Draw problems and ask all implementations of the plan, until its time or its number of
    examples is over; each find is shrunk to its smallest case.

    known: the names (of keys) of finds that are not looked for. progress: is told after each
    problem. UserError where a function of the user's cannot be loaded, or there is no cluster.

    A cluster is asked each problem as this machine's processes are, so that a seed draws the same
    problems, whatever it has; at most as many of its workers compute as there are processes.
    """
    with _asking(plan) as pool:
        fuzzer = _Fuzzer(plan, pool, {*known}, progress)
        fuzzer.start()
        fuzzer.search()
        warnings = () if isinstance(pool, Pool) else pool.warnings
        return replace(fuzzer.outcome(), warnings=warnings)


def _asking(plan: Plan) -> Pool[Job] | ClusterPool:
    if plan.scheduler:
        from xent_check.running.cluster_pool import ClusterPool

        return ClusterPool(plan.scheduler, _KEPT)
    return Pool(plan.implementations, None, keep=True)


class _FoundError(Exception):
    """Raised on a problem that shows a find; Hypothesis tells finds apart by subclass."""


class _Fuzzer:
    def __init__(self, plan: Plan, pool: Asking, known: set[str], progress: Progress) -> None:
        self._plan, self._pool, self._known, self._progress = plan, pool, known, progress
        self._start = time.perf_counter()
        self._examples = self._answers = 0
        self._worst: Worst | None = None
        self._finds: dict[Key, Find] = {}
        self._errors: dict[Key, type[_FoundError]] = {}
        self._in_round = 0
        self._ended: UserError | None = None
        self._interrupted = False
        self._declared: frozenset[Key] = frozenset()
        self._as_declared = 0

    def start(self) -> None:
        """Ask a first problem, which starts all processes before the time runs. UserError where
        what is asked cannot be loaded."""
        posed = case_in_memory({"loss": "binary", "logits": [0.5], "labels": [1.0]})
        plan = self._plan
        for result in run((posed,), plan.implementations, self._pool, plan.timeout):
            answer = result.evaluation
            if isinstance(answer, Failed) and answer.kind == "import":
                raise UserError(f"-i {result.implementation}: {answer.message}")
        self._declared = declared_keys(plan.implementations, self._pool, plan.timeout)
        self._start = time.perf_counter()

    def search(self) -> None:
        """Rounds of problems; what one round finds is known to the next. Ctrl-C ends them."""
        turn = 0
        try:
            while not self._is_over:
                self._in_round = 0
                self._round(turn)
                self._known |= {key.name for key in self._finds}
                turn += 1
        except KeyboardInterrupt:
            self._interrupted = True

    def outcome(self) -> Fuzzed:
        """What was found."""
        finds = sorted(self._finds.values(), key=lambda find: find.key.name)
        seconds = time.perf_counter() - self._start
        counts = self._examples, self._answers, tuple(finds), self._worst, seconds
        return Fuzzed(*counts, self._as_declared, self._ended, self._interrupted)

    @property
    def _is_over(self) -> bool:
        """Whether no further problem is to be drawn."""
        seconds, examples = self._plan.seconds, self._plan.examples
        late = seconds is not None and time.perf_counter() - self._start > seconds
        enough = examples is not None and self._examples >= examples
        return late or enough or self._ended is not None

    @property
    def _may_shrink(self) -> bool:
        """Whether there is time to shrink finds, once the search is over. Where no time is asked
        for, there is, or a slow machine would find other cases with the same seed."""
        seconds = self._plan.seconds
        return seconds is None or time.perf_counter() - self._start < seconds + _TO_SHRINK

    def _round(self, turn: int) -> None:
        plan = self._plan
        left = _ROUND if plan.examples is None else min(_ROUND, plan.examples - self._examples)
        folder = plan.database
        database = None if folder is None else DirectoryBasedExampleDatabase(folder)
        settings = hypothesis.settings(
            max_examples=left,
            database=database,
            deadline=None,
            derandomize=False,
            print_blob=False,
            report_multiple_bugs=True,
            suppress_health_check=list(hypothesis.HealthCheck),
            phases=[phase for phase in hypothesis.Phase if phase is not hypothesis.Phase.explain],
            verbosity=hypothesis.Verbosity.quiet,
        )

        @hypothesis.seed(plan.seed + turn)
        @settings
        @hypothesis.given(cases(plan.scope))
        def test(case: dict[str, object]) -> None:
            self._ask(case)

        # A find that is not found again where the time ends: its smallest case is kept here.
        with suppress(_FoundError, Flaky, BaseExceptionGroup), warnings.catch_warnings():
            warnings.simplefilter("ignore", hypothesis.errors.HypothesisWarning)
            test()

    def _ask(self, case: dict[str, object]) -> None:
        found = {key.name for key in self._finds} - self._known
        if self._ended is not None:
            return
        if self._is_over and not (found and self._may_shrink):
            return
        try:
            source = written(case, str(case["dtype"]))
            posed = case_in_memory(source)
        except InvalidError:
            hypothesis.reject()
        if not found:
            self._examples += 1
        who, timeout = self._plan.implementations, self._plan.timeout
        try:
            results = list(run((posed,), who, self._pool, timeout))
        except UserError as ended:  # to Hypothesis it would be a find
            self._ended = ended
            return
        self._look_at(results)
        if all(result.status == "unsupported" for result in results):
            hypothesis.reject()
        departing = [result for result in results if result.status in ("diverges", "failed")]
        wrong = [(key_of(r), r) for r in departing if not is_declared(r, self._declared)]
        self._as_declared += len(departing) - len(wrong)
        new = [(key, result) for key, result in wrong if key.name not in self._known]
        self._progress(self._examples, self._worst, len(self._finds))
        for key, result in new:
            self._keep(Find(key, posed, result, size_of(posed.case.source)))
        if new:
            key = new[0][0]
            error = self._errors.setdefault(key, type("Found", (_FoundError,), {}))
            raise error(key.name)

    def _keep(self, find: Find) -> None:
        best = self._finds.get(find.key)
        if best is None or find.size < best.size:
            self._finds[find.key] = find

    def _look_at(self, results: Sequence[CaseResult]) -> None:
        """Count the answers, and have Hypothesis draw towards larger shares of the bounds."""
        largest: dict[str, float] = {}
        for result in results:
            comparison = result.comparison
            if comparison is None:
                continue
            self._answers += 1
            bounds = comparison.bounds
            if result.status != "agrees" or bounds is None:
                continue
            held: dict[str, object] = {"losses": bounds.losses, "gradient": bounds.gradient}
            held |= {str(name): bound for name, bound in bounds.totals.items()}
            for name, part in comparison.by_reference.items():
                if (bound := held.get(name)) is None:
                    continue
                share = share_of(part, np.asarray(bound))
                largest[name] = max(share, largest.get(name, 0.0))
                if self._worst is None or share > self._worst.share:
                    self._worst = Worst(share, result.implementation, name)
        for name, share in largest.items():
            if np.isfinite(share):
                hypothesis.target(share, label=name)
