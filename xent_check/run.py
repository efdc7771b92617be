"""The main path: cases x implementations, evaluated, held against the reference, judged."""

from __future__ import annotations

import importlib.metadata
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .case import Tolerance
from .evaluation import Evaluation, Missing
from .expectation import REFERENCE, Expectation
from .implementations import IMPLEMENTATIONS
from .judging import judge, judge_reference
from .loading import Filter, Subject, load
from .pool import Pool
from .reference import Reference, reference
from .report import CaseResult, Host, Report
from .selection import DEFAULT, Implementation, why_missing
from .wire import Message, encode_problem
from .worker import Request

Job = tuple[Subject, Implementation]
Progress = Callable[[int, CaseResult], None]


@dataclass(frozen=True)
class Settings:
    """What a run is asked for. `chosen`: None for what the cases list, or the default set.

    max_fail: stop after so many divergences and failures. timeout: seconds per problem. jobs:
    processes at once, None for one per framework.
    """

    paths: tuple[str, ...]
    wanted: Filter = field(default_factory=Filter)
    chosen: tuple[Implementation, ...] | None = None
    required: tuple[str, ...] = ()
    tolerance: Tolerance | None = None
    max_fail: int | None = None
    timeout: float = 60.0
    jobs: int | None = None
    allow_outside: bool = False
    verbose: bool = False


def check(settings: Settings, progress: Progress) -> Report:
    """Start the workers, read the cases meanwhile, run them, and report."""
    start = time.perf_counter()
    present = [i for i in settings.chosen or DEFAULT if why_missing(i) is None]
    pool: Pool[Job]
    with Pool(present, settings.jobs) as pool:
        subjects = load(settings.paths, settings.wanted, settings.allow_outside)
        if settings.tolerance is not None:
            subjects = tuple(s.with_tolerance(settings.tolerance) for s in subjects)
        results: list[CaseResult] = []
        bad, stopped = 0, None
        for result in run(subjects, settings.chosen, pool, settings.timeout):
            must_be_there = result.implementation in settings.required
            results.append(replace(result, required=must_be_there))
            progress(len(results), result)
            bad += result.status in ("diverges", "failed")
            if bad == settings.max_fail:
                stopped = f"stopped after {bad}"
                break
    seconds = time.perf_counter() - start
    used = {i.name: i for s in subjects for i in implementations_of(s, settings.chosen)}
    names = (REFERENCE, *sorted(used, key=_rank))
    order = {subject.case.id: position for position, subject in enumerate(subjects)}
    results.sort(key=lambda r: (order[r.case.id], names.index(r.implementation)))
    return Report(
        results=tuple(results),
        cases=len(subjects),
        implementations=names,
        hosts={name: host(i) for name, i in used.items() if why_missing(i) is None},
        seconds=seconds,
        stopped=stopped,
        verbose=settings.verbose,
    )


def _rank(name: str) -> tuple[int, str]:
    """The table's order, modes after their names, the user's own last."""
    base, table = name.partition("@")[0].partition(":")[0], list(IMPLEMENTATIONS)
    return (table.index(base) if base in table else len(table), name)


def run(
    subjects: Sequence[Subject],
    chosen: Sequence[Implementation] | None,
    pool: Pool[Job],
    timeout: float,
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
    references: dict[int, Reference] = {}
    for subject in subjects:
        references[id(subject)] = exact = reference(subject.problem)
        for expectation in subject.expectations.get(REFERENCE, ()):
            yield judge_reference(subject.case, subject.problem, exact, expectation)
    for subject, i in jobs:
        reason = missing[i.name]
        if reason is not None:
            yield _judged(subject, i, Missing(reason), references[id(subject)])
    for (subject, i), evaluation in pool.answers():
        yield _judged(subject, i, evaluation, references[id(subject)])


def implementations_of(
    subject: Subject, chosen: Sequence[Implementation] | None
) -> Sequence[Implementation]:
    """What runs on a case: the chosen, else those the case lists, else the default set."""
    return chosen or subject.implementations or DEFAULT


def host(implementation: Implementation) -> Host:
    """The version of its distribution, and its device."""
    return Host(_version(implementation), implementation.device)


def _version(implementation: Implementation) -> str:
    try:
        return importlib.metadata.version(implementation.entry.distribution)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _judged(
    subject: Subject, implementation: Implementation, evaluation: Evaluation, exact: Reference
) -> CaseResult:
    expectation = _expectation(subject, implementation)
    return judge(subject.case, subject.problem, implementation.name, evaluation, exact, expectation)


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
