"""Session: a run from its settings to its report, once or, while files are edited, again."""

from __future__ import annotations

import posixpath
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from xent_check.casefile.loading import Filter, PosedCase, load
from xent_check.casefile.memory import must_have
from xent_check.casefile.needs import size_of
from xent_check.casefile.paths import shown_path, split_given
from xent_check.errors import CaseFileError, InvalidError, NothingToCompareError
from xent_check.history.changes import variants_of
from xent_check.implementations.names import DEFAULT, Implementation, why_missing
from xent_check.implementations.placement import expanded, placed, unused
from xent_check.implementations.table import IMPLEMENTATIONS
from xent_check.problem.expectation import REFERENCE
from xent_check.problem.problem_digest import problem_digest
from xent_check.results.report import Asked, CaseResult, Host, Report, Scope, selection_digest
from xent_check.timing import Clock, Spent
from xent_check.workers.pool import Pool, worker_name

from .jobs import Job, implementations_of
from .run import run
from .settings import Settings

Progress = Callable[[int, CaseResult], None]
_FEWER = "ask for fewer implementations (-i) or fewer at once (-j), or make it smaller"


def check(
    settings: Settings, progress: Progress, given: tuple[PosedCase, ...] | None = None
) -> Report:
    """Start the workers, read the cases meanwhile (unless they are given), run them, report."""
    with Session(settings) as session:
        return session.check(progress, given)


class Session:
    """The workers of a run, started at once. keep: they stay, to be asked again."""

    def __init__(self, settings: Settings, keep: bool = False) -> None:
        self.settings = settings
        pythons, chosen = settings.pythons, settings.chosen
        self._chosen = None if chosen is None else expanded(chosen, pythons)
        wanted = self._chosen or expanded(DEFAULT, pythons)
        present = [i for i in wanted if why_missing(i) is None]
        self._start = time.perf_counter()
        self._pool: Pool[Job] = Pool(present, settings.jobs, keep)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.__exit__()

    def implementations_of(self, posed: PosedCase) -> Sequence[Implementation]:
        return implementations_of(posed, self._chosen, self.settings.pythons)

    def restart(self, implementation: Implementation) -> None:
        """Have it load its code anew."""
        self._pool.restart(implementation)

    def check(self, progress: Progress, given: tuple[PosedCase, ...] | None = None) -> Report:
        """Read the cases (unless they are given), run them, report. The time of the first report
        has the start of the workers in it."""
        settings, start = self.settings, self._start
        clock = Clock()
        with clock.of("reading"):
            every = _subjects(settings, given)
            posed_cases, shard = every, settings.shard
            if shard is not None:
                posed_cases = shard.take(every)
        self._must_fit(posed_cases)
        with clock.of("reading"):
            asked = self._asked(every)
            if shard is not None:
                shard = replace(shard, selection=selection_digest(asked))
                asked = shard.take(asked)
        results: list[CaseResult] = []
        bad, stopped = 0, None
        for result in run(
            posed_cases, self._chosen, self._pool,
            settings.timeout, settings.strict, settings.pythons, clock,
        ):  # fmt: skip
            must_be_there = result.implementation in {i.name for i in settings.required}
            results.append(replace(result, required=must_be_there))
            progress(len(results), result)
            bad += result.status in ("diverges", "failed")
            if bad == settings.max_fail:
                stopped = f"stopped after {bad}"
                break
        spent = (*self._pool.spent, *clock.spent)
        seconds = time.perf_counter() - start
        self._start = time.perf_counter()
        partial = given is not None or stopped is not None
        return replace(
            self._report(posed_cases, results, spent, seconds),
            stopped=stopped,
            shard=shard,
            scope=_scope(settings, partial),
            asked=asked,
            strict=settings.strict,
            tolerance=settings.tolerance,
        )

    def _asked(self, posed_cases: Sequence[PosedCase]) -> tuple[Asked, ...]:
        pinned = {id(s): [REFERENCE] * bool(s.expectations.get(REFERENCE)) for s in posed_cases}
        return tuple(
            Asked(
                s.case.id,
                s.case.line,
                problem_digest(s.problem),
                (*pinned[id(s)], *(i.name for i in self.implementations_of(s))),
                tuple(sorted(s.case.fields.asked)),
            )
            for s in posed_cases
        )

    def _must_fit(self, posed_cases: Sequence[PosedCase]) -> None:
        """CaseFileError where the run needs more memory than there is: what it holds of all cases
        and answers, and what its processes take beside each other."""
        if not posed_cases:
            return
        sizes = [size_of(posed.problem) for posed in posed_cases]
        held, workers = 0, dict[str, int]()
        for posed, size in zip(posed_cases, sizes, strict=True):
            present = [i for i in self.implementations_of(posed) if why_missing(i) is None]
            held += size.held + len(present) * size.of_answer
            for name in map(worker_name, present):
                workers[name] = max(size.of_worker, workers.get(name, 0))
        at_once = sorted(workers.values(), reverse=True)[: self.settings.jobs]
        needed = held + max(size.passing for size in sizes) + sum(at_once)
        largest = max(zip(posed_cases, sizes, strict=True), key=lambda pair: pair[1].alone)[0]
        key, shape = largest.problem.given, list(largest.problem.values.shape)
        try:
            must_have(needed, f"shape {shape}, the largest case: the run needs", (key,), _FEWER)
        except InvalidError as error:
            raise CaseFileError(map(largest.case.located, error.mistakes)) from None

    def _report(
        self,
        posed_cases: Sequence[PosedCase],
        results: list[CaseResult],
        spent: tuple[Spent, ...],
        seconds: float,
    ) -> Report:
        settings, pythons = self.settings, self.settings.pythons
        used = {i.name: i for s in posed_cases for i in self.implementations_of(s)}
        names = (REFERENCE, *(i.name for i in sorted(used.values(), key=_rank)))
        required = placed(settings.required, pythons)
        absent = {i.name: why_missing(i) for i in required if i.name not in used}
        warnings = [f"{name} is required and missing: {why}" for name, why in absent.items() if why]
        warnings += dict.fromkeys(f"{r.case.id}: {r.vacuous}" for r in results if r.vacuous)
        warnings += unused(used.values(), pythons)
        away = {r.implementation for r in results} - {
            r.implementation for r in results if r.status != "missing"
        }
        order = {posed.case.id: position for position, posed in enumerate(posed_cases)}
        results.sort(key=lambda r: (order[r.case.id], names.index(r.implementation)))
        return Report(
            results=tuple(results),
            cases=len(posed_cases),
            implementations=names,
            hosts={
                name: Host.of(i)
                for name, i in used.items()
                if why_missing(i) is None and name not in away
            },
            seconds=seconds,
            warnings=tuple(warnings),
            absent=tuple(name for name, why in absent.items() if why),
            verbose=settings.verbose,
            spent=spent,
            variants=variants_of(results, names),
        )


def _scope(settings: Settings, partial: bool) -> Scope:
    named = any(split_given(path)[1] for path in settings.paths)
    return Scope(
        paths=tuple(posixpath.normpath(shown_path(Path(path))) for path in settings.paths),
        filtered=partial or named or settings.wanted != Filter() or settings.only is not None,
        chosen=None if settings.chosen is None else tuple(i.name for i in settings.chosen),
    )


def _subjects(settings: Settings, given: tuple[PosedCase, ...] | None) -> tuple[PosedCase, ...]:
    """The selected cases under the run's tolerance."""
    posed_cases = given or load(settings.paths, settings.wanted, settings.allow_outside)
    if settings.only is not None:
        posed_cases = _those(posed_cases, settings.only)
    if settings.tolerance is not None:
        posed_cases = tuple(s.with_tolerance(settings.tolerance) for s in posed_cases)
    return posed_cases


def _those(posed_cases: tuple[PosedCase, ...], ids: frozenset[str]) -> tuple[PosedCase, ...]:
    found = tuple(posed for posed in posed_cases if posed.case.id in ids)
    if not found:
        raise NothingToCompareError(
            f"none of {len(posed_cases)} selected cases is among the {len(ids)} asked for"
        )
    return found


def _rank(implementation: Implementation) -> tuple[int, str, str]:
    """The table's order, modes after their names, labelled after those; the user's own last."""
    table, i = list(IMPLEMENTATIONS), implementation
    return (table.index(i.base) if i.base in table else len(table), i.unlabelled, i.label)
