"""The main path: cases x implementations, evaluated, held against the reference, judged."""

from __future__ import annotations

import importlib.metadata
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .bounds import bounds
from .case import Auto, Tolerance
from .evaluation import Evaluation, Missing
from .expectation import REFERENCE, Expectation
from .implementations import IMPLEMENTATIONS
from .judging import Truth, judge, judge_reference
from .loading import Filter, Subject, load
from .pool import Pool
from .reasons import diagnosed
from .reference import reference
from .report import CaseResult, Host, Report
from .selection import DEFAULT, Implementation, why_missing
from .shard import Shard, selection_digest
from .wire import Message, encode_problem
from .worker import Request

Job = tuple[Subject, Implementation]
Progress = Callable[[int, CaseResult], None]


@dataclass(frozen=True)
class Settings:
    """What a run is asked for. `chosen`: None for what the cases list, or the default set.

    max_fail: stop after so many divergences and failures. timeout: seconds per problem. jobs:
    processes at once, None for one per framework. shard: of the selected cases.
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


def check(
    settings: Settings, progress: Progress, given: tuple[Subject, ...] | None = None
) -> Report:
    """Start the workers, read the cases meanwhile (unless they are given), run them, report."""
    start = time.perf_counter()
    present = [i for i in settings.chosen or DEFAULT if why_missing(i) is None]
    pool: Pool[Job]
    with Pool(present, settings.jobs) as pool:
        subjects, shard = _subjects(settings, given)
        results: list[CaseResult] = []
        bad, stopped = 0, None
        for result in run(subjects, settings.chosen, pool, settings.timeout, settings.strict):
            must_be_there = result.implementation in {i.name for i in settings.required}
            results.append(replace(result, required=must_be_there))
            progress(len(results), result)
            bad += result.status in ("diverges", "failed")
            if bad == settings.max_fail:
                stopped = f"stopped after {bad}"
                break
    seconds = time.perf_counter() - start
    used = {i.name: i for s in subjects for i in implementations_of(s, settings.chosen)}
    names = (REFERENCE, *sorted(used, key=_rank))
    absent = {i.name: why_missing(i) for i in settings.required if i.name not in used}
    warnings = [f"{name} is required and missing: {why}" for name, why in absent.items() if why]
    warnings += dict.fromkeys(f"{r.case.id}: {r.vacuous}" for r in results if r.vacuous)
    order = {subject.case.id: position for position, subject in enumerate(subjects)}
    results.sort(key=lambda r: (order[r.case.id], names.index(r.implementation)))
    return Report(
        results=tuple(results),
        cases=len(subjects),
        implementations=names,
        hosts={name: host(i) for name, i in used.items() if why_missing(i) is None},
        seconds=seconds,
        warnings=tuple(warnings),
        absent=tuple(name for name, why in absent.items() if why),
        stopped=stopped,
        verbose=settings.verbose,
        shard=shard,
    )


def _subjects(
    settings: Settings, given: tuple[Subject, ...] | None
) -> tuple[tuple[Subject, ...], Shard | None]:
    """The cases of this run under its tolerance, and which shard of them it is."""
    subjects = given or load(settings.paths, settings.wanted, settings.allow_outside)
    if settings.tolerance is not None:
        subjects = tuple(s.with_tolerance(settings.tolerance) for s in subjects)
    if settings.shard is None:
        return subjects, None
    shard = replace(settings.shard, selection=selection_digest(s.case.id for s in subjects))
    return shard.take(subjects), shard


def _rank(name: str) -> tuple[int, str]:
    """The table's order, modes after their names, the user's own last."""
    base, table = name.partition("@")[0].partition(":")[0], list(IMPLEMENTATIONS)
    return (table.index(base) if base in table else len(table), name)


def run(
    subjects: Sequence[Subject],
    chosen: Sequence[Implementation] | None,
    pool: Pool[Job],
    timeout: float,
    strict: bool = False,
) -> Iterator[CaseResult]:
    """Results as they come. `chosen` overrides what the cases list; the default set otherwise."""
    jobs = [(subject, i) for subject in subjects for i in implementations_of(subject, chosen)]
    missing = {i.name: why_missing(i) for _, i in jobs}
    messages = {id(subject): _message(subject, pool) for subject in subjects}
    requests = [
        (i, (subject, i), _request(i, messages[id(subject)]))
        for subject, i in jobs
        if missing[i.name] is None
    ]
    pool.submit(requests, timeout)  # the workers compute while the reference is made
    truths: dict[int, Truth] = {}
    for subject in subjects:
        exact = reference(subject.problem)
        truths[id(subject)] = truth = Truth(exact, bounds(subject.problem, exact))
        for expectation in subject.expectations.get(REFERENCE, ()):
            yield judge_reference(subject.case, subject.problem, truth, expectation)
    for subject, i in jobs:
        reason = missing[i.name]
        if reason is not None:
            yield _judged(subject, i, Missing(reason), truths[id(subject)], strict)
    for (subject, i), evaluation in pool.answers():
        yield _judged(subject, i, evaluation, truths[id(subject)], strict)


def implementations_of(
    subject: Subject, chosen: Sequence[Implementation] | None
) -> Sequence[Implementation]:
    """What runs on a case: the chosen, else those the case lists, else the default set."""
    return chosen or subject.implementations or DEFAULT


def host(implementation: Implementation) -> Host:
    """The version of its distribution, and its device."""
    name = implementation.entry.distribution
    return Host(_version(implementation), implementation.device, name)


def _version(implementation: Implementation) -> str:
    try:
        return importlib.metadata.version(implementation.entry.distribution)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def answer(
    subject: Subject, chosen: Sequence[Implementation], timeout: float
) -> list[tuple[CaseResult, Truth]]:
    """The results of one case, in the order of `chosen`, each with what it was held against."""
    exact = reference(subject.problem)
    truth = Truth(exact, bounds(subject.problem, exact))
    names = [i.name for i in chosen]
    present = [i for i in chosen if why_missing(i) is None]
    pool: Pool[Job]
    with Pool(present, None) as pool:
        results = list(run([subject], chosen, pool, timeout))
    own = [r for r in results if r.implementation in names]
    return [(r, truth) for r in sorted(own, key=lambda r: names.index(r.implementation))]


def _judged(
    subject: Subject,
    implementation: Implementation,
    evaluation: Evaluation,
    truth: Truth,
    strict: bool,
) -> CaseResult:
    expectation, name = _expectation(subject, implementation), implementation.name
    judged = judge(subject.case, subject.problem, name, evaluation, truth, expectation, strict)
    return diagnosed(judged, truth)


def _expectation(subject: Subject, implementation: Implementation) -> Expectation | None:
    """The first entry about the installed version."""
    for entry in subject.expectations.get(implementation.name, ()):
        if entry.versions is None or entry.applies_to(_version(implementation)):
            return entry
    return None


def _message(subject: Subject, pool: Pool[Job]) -> Message:
    return encode_problem(subject.problem, Path(pool.folder.name))


def _request(implementation: Implementation, message: Message) -> Request:
    mode = implementation.function or implementation.mode
    return Request(implementation.entry.module, mode, implementation.device, message)
