"""The main path: cases x implementations, evaluated, held against the reference, judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from xent_check.casefile.loading import PosedCase
from xent_check.implementations.interpreters import interpreter
from xent_check.implementations.names import (
    DEFAULT,
    UNKNOWN,
    Implementation,
    Python,
    parse,
    why_missing,
)
from xent_check.implementations.placement import expanded
from xent_check.problem.evaluation import Evaluation, Missing
from xent_check.problem.expectation import REFERENCE, Expectation
from xent_check.problem.problem import Problem
from xent_check.reference.bounds_in_parts import bounds_in_parts
from xent_check.reference.bounds_inside import inside_float32
from xent_check.reference.reference import reference
from xent_check.results.attached_diagnosis import diagnosed
from xent_check.results.report import CaseResult, Host
from xent_check.results.verdict import Truth, judge, judge_reference
from xent_check.timing import Clock
from xent_check.workers.pool import Pool
from xent_check.workers.wire import Message, decode_problem, encode_problem, forget
from xent_check.workers.worker import Request

Job = tuple[PosedCase, Implementation]


def run(
    posed_cases: Sequence[PosedCase],
    chosen: Sequence[Implementation] | None,
    pool: Pool[Job],
    timeout: float,
    strict: bool = False,
    pythons: Sequence[Python] = (),
    clock: Clock | None = None,
) -> Iterator[CaseResult]:
    """Results as they come. `chosen` overrides what the cases list; the default set otherwise."""
    clock = clock or Clock()
    messages = [_message(posed, pool) for posed in posed_cases]
    posed_cases = [_as_sent(*pair) for pair in zip(posed_cases, messages, strict=True)]
    sent = {id(posed): message for posed, message in zip(posed_cases, messages, strict=True)}
    jobs = [(s, i) for s in posed_cases for i in implementations_of(s, chosen, pythons)]
    missing = {i.name: why_missing(i) for _, i in jobs}
    requests = [
        (i, (posed, i), _request(i, sent[id(posed)]))
        for posed, i in jobs
        if missing[i.name] is None
    ]
    pool.submit(requests, timeout)  # the workers compute while the reference is made
    truths: dict[int, Truth] = {}
    for posed in posed_cases:
        with clock.of("reference", posed.case.id):
            exact = reference(posed.problem)
            truths[id(posed)] = truth = Truth(exact, bounds_in_parts(posed.problem, exact))
        pinned = [
            judge_reference(posed.case, posed.problem, truth, expectation)
            for expectation in posed.expectations.get(REFERENCE, ())
        ]
        if pinned:  # one row, which an entry that does not hold decides
            yield min(pinned, key=lambda result: result.status != "diverges")
    for posed, i in jobs:
        reason = missing[i.name]
        if reason is not None:
            yield _judged(posed, i, Missing(reason), truths[id(posed)], strict)
    for (posed, i), evaluation in pool.answers():
        with clock.of("judging", posed.case.id):
            judged = _judged(posed, i, evaluation, truths[id(posed)], strict)
        yield judged
    for message in messages:
        forget(message)


def implementations_of(
    posed: PosedCase,
    chosen: Sequence[Implementation] | None,
    pythons: Sequence[Python] = (),
) -> Sequence[Implementation]:
    """What runs on a case: the chosen, else those the case lists, else the default set; each where
    `pythons` say, and the labelled ones beside it."""
    return expanded(chosen or posed.implementations or DEFAULT, pythons)


def host(implementation: Implementation) -> Host:
    """The version of its distribution, its device, and its interpreter where that is not ours."""
    i = implementation
    python = f"{interpreter(i.python).version} at {i.python}" if i.python else ""
    return Host(i.version, i.device, i.entry.distribution, python, bool(i.function))


def answer(
    posed: PosedCase, chosen: Sequence[Implementation], timeout: float
) -> list[tuple[CaseResult, Truth]]:
    """The results of one case, in the order of `chosen`, each with what it was held against."""
    exact = reference(posed.problem)
    truth = Truth(exact, bounds_in_parts(posed.problem, exact))
    present = [i for i in chosen if why_missing(i) is None]
    pool: Pool[Job]
    with Pool(present, None) as pool:
        results = list(run([posed], chosen, pool, timeout))
    found = {r.implementation: r for r in results}
    return [(found[i.name], _held_to(truth, posed.problem, i)) for i in chosen]


def _judged(
    posed: PosedCase,
    implementation: Implementation,
    evaluation: Evaluation,
    truth: Truth,
    strict: bool,
) -> CaseResult:
    expectation, name = _expectation(posed, implementation), implementation.name
    truth = _held_to(truth, posed.problem, implementation)
    judged = judge(posed.case, posed.problem, name, evaluation, truth, expectation, strict)
    return diagnosed(judged, truth)


def _held_to(truth: Truth, problem: Problem, implementation: Implementation) -> Truth:
    """With the bounds of what the table says that the implementation computes in."""
    if not implementation.computes_in_float32(problem):
        return truth
    return replace(truth, bounds=inside_float32(problem, truth.reference, truth.bounds))


def _expectation(posed: PosedCase, implementation: Implementation) -> Expectation | None:
    """The first entry about the version that ran; a label has no entries of its own."""
    named = (
        entries
        for name, entries in posed.expectations.items()
        if name != REFERENCE and parse(name).name == implementation.unlabelled
    )
    for entry in next(named, ()):
        if entry.versions is None:
            return entry
        version = implementation.version
        if version != UNKNOWN and entry.applies_to(version):
            return entry
    return None


def _message(posed: PosedCase, pool: Pool[Job]) -> Message:
    return encode_problem(posed.problem, Path(pool.folder.name))


def _as_sent(posed: PosedCase, message: Message) -> PosedCase:
    """With the arrays that the workers get. A file of the case may be written anew meanwhile: other
    numbers than theirs would be held against theirs, and what is mapped of a file that was cut off
    ends the process (SIGBUS)."""
    return replace(posed, problem=decode_problem(message))


def _request(implementation: Implementation, message: Message) -> Request:
    mode = implementation.function or implementation.mode
    return Request(implementation.entry.module, mode, implementation.device, message)
