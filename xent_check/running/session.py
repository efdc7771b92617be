"""Session: from settings to a report, once, or again whenever files are edited."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from xent_check.casefile.loading import PosedCase
from xent_check.implementations.names import DEFAULT, Implementation, why_missing
from xent_check.implementations.placement import expanded
from xent_check.results.origin import Origin
from xent_check.results.report import CaseResult, Report, is_bad, selection_digest
from xent_check.timing import Clock
from xent_check.workers import leftovers
from xent_check.workers.pool import Pool

from .asking import Asking, KeptAnswers
from .chunking import Chunking, require_small_wholes, unheard
from .commit import commit_of
from .jobs import Job, implementations_of
from .memory_needed import require_memory
from .resuming import journal_of, resumed_text
from .run import run
from .sampling import remarked
from .selection import asked_of, scope_of, select_cases
from .settings import Settings
from .summary import report_of

if TYPE_CHECKING:
    from .cluster_pool import ClusterPool

Progress = Callable[
    [int, int, CaseResult], None
]  # results so far, results to come in all, the last
Rows = Callable[[str, int, int], None]  # the id of a case in chunks, its rows so far, all of them


Fails = Callable[[CaseResult], bool]  # whether `max_fail` counts a result


def unsaid(text: str) -> None:
    """Nobody is told."""


def check(
    settings: Settings,
    progress: Progress,
    ready_cases: tuple[PosedCase, ...] | None = None,
    told: Rows = unheard,
    say: Callable[[str], None] = unsaid,
    fails: Fails = is_bad,
) -> Report:
    """The report of a run. The workers start while the cases are read.

    progress: called after each result, with the number of results so far. ready_cases: to run
    instead of reading files. told: called after each chunk of a large case. say: called with what
    is not of the report. fails: as of `Session`. UserError where a case is wrong or nothing is
    selected.
    """
    with Session(settings, fails=fails) as session:
        return session.check(progress, ready_cases, told, say)


class Session:
    """The workers of a run, which start at once and end with the context.

    keep: they stay for further calls of `check`. fails: which results `max_fail` counts; those that
    diverge or failed, where no baseline lets some of them pass.
    """

    def __init__(self, settings: Settings, keep: bool = False, fails: Fails = is_bad) -> None:
        self.settings, self._fails = settings, fails
        pythons, chosen = settings.pythons, settings.chosen
        if chosen is not None:
            chosen = tuple(i.said(settings.declared) for i in chosen)
        self._chosen = None if chosen is None else expanded(chosen, pythons)
        candidates = self._chosen or expanded(DEFAULT, pythons)
        present = [i for i in candidates if why_missing(i) is None]
        self._start = time.perf_counter()
        self._pool: Pool[Job] | ClusterPool
        if settings.scheduler:
            from .cluster_pool import ClusterPool

            self._pool = ClusterPool(settings.scheduler, "go on with --resume")
        else:
            self._pool = Pool(present, settings.jobs, keep)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.__exit__()

    def implementations_of(self, posed: PosedCase) -> Sequence[Implementation]:
        """The implementations that the run asks for the case."""
        everyone = implementations_of(posed, self._chosen, self.settings.pythons)
        return [i.said(self.settings.declared) for i in everyone]

    def restart(self, implementation: Implementation) -> None:
        """Start the implementation's process anew, so that it loads its code again."""
        assert isinstance(self._pool, Pool)
        self._pool.restart(implementation)

    def check(
        self,
        progress: Progress,
        ready_cases: tuple[PosedCase, ...] | None = None,
        told: Rows = unheard,
        say: Callable[[str], None] = unsaid,
    ) -> Report:
        """Read the cases (unless they are ready), run them, report; see `check` of this module.

        The seconds of the first report include the start of the workers.
        """
        settings, shard, clock = self.settings, self.settings.shard, Clock()
        origin = origin_of(settings.command)
        with clock.of("reading"):
            loaded = select_cases(settings, ready_cases)
            selection = loaded.posed_cases
            posed_cases = selection if shard is None else shard.take(selection)
        jobs = 0 if settings.scheduler else settings.jobs
        require_memory(posed_cases, self.implementations_of, jobs, Chunking(settings.chunk))
        if settings.scheduler:
            require_small_wholes(Chunking(settings.chunk).split(posed_cases)[1])
        with clock.of("reading"):
            asked = asked_of(selection, self.implementations_of)
            if shard is not None:
                shard = replace(shard, selection=selection_digest(asked))
                asked = shard.take(asked)
        total = sum(len(one.implementations) for one in asked)
        everyone = {i.name: i for posed in posed_cases for i in self.implementations_of(posed)}
        with journal_of(settings, posed_cases, asked, everyone.values()) as journal:
            if settings.resume:
                say(resumed_text(journal))
            leftovers.delete(journal.folders)
            journal.keep_folder(self._pool.folder.name)
            pool = KeptAnswers(self._pool, journal)
            cluster = None if isinstance(self._pool, Pool) else self._pool
            chunking = Chunking(settings.chunk, told, journal, cluster)
            results, stopped = self._results(posed_cases, pool, total, clock, progress, chunking)
            report = report_of(
                settings, posed_cases, self.implementations_of, results, pool.introduction_of
            )
            if cluster is not None:
                report = replace(report, warnings=(*report.warnings, *cluster.warnings))
            if stopped is None:
                journal.finish()
        start, self._start = self._start, time.perf_counter()
        return replace(
            report,
            seconds=self._start - start,
            spent=(*self._pool.spent, *clock.spent),
            stopped=stopped,
            shard=shard,
            scope=scope_of(
                settings,
                partial=ready_cases is not None or stopped is not None,
                left_out=loaded.left_out,
            ),
            asked=asked,
            strict=settings.strict,
            tolerance=settings.tolerance,
            origin=origin,
        )

    def _results(
        self,
        posed_cases: Sequence[PosedCase],
        pool: Asking,
        total: int,
        clock: Clock,
        progress: Progress,
        chunking: Chunking,
    ) -> tuple[list[CaseResult], str | None]:
        """The results, and why the run stopped early; None where it did not."""
        settings, results, bad = self.settings, list[CaseResult](), 0
        required = {i.name for i in settings.required}
        by_id = {posed.case.id: posed for posed in posed_cases}
        for result in run(
            posed_cases, self._chosen, pool,
            settings.timeout, settings.strict, settings.pythons, clock, chunking,
        ):  # fmt: skip
            result = chunking.remarked(by_id[result.case.id], result)
            result = remarked(by_id[result.case.id], result, settings.sample)
            results.append(replace(result, required=result.implementation in required))
            progress(len(results), total, result)
            bad += self._fails(result)
            if bad == settings.max_fail:
                return results, f"stopped after {bad}"
        return results, None


def origin_of(command: str) -> Origin:
    """The origin of a run that begins now, in the working directory."""
    started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Origin(started, commit_of(Path(), os.environ), command)
