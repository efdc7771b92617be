"""In process: a loss of the caller's, called in the caller's own process."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any

import numpy as np

from xent_check.casefile.levels import LeftOut
from xent_check.casefile.loading import PosedCase
from xent_check.implementations.conduct import with_conduct
from xent_check.implementations.names import Implementation
from xent_check.implementations.own.asking import UserLoss
from xent_check.implementations.own.introducing import (
    Introduction,
    answer,
    answer_as_stated,
    introduction,
)
from xent_check.implementations.table import CUSTOM
from xent_check.problem.evaluation import Evaluation, after
from xent_check.problem.problem import Problem
from xent_check.reference.truth import truth
from xent_check.results.report import CaseResult, Report
from xent_check.workers.child import evaluation_of

from .jobs import Job
from .judging import result_of
from .memory_needed import require_memory
from .selection import asked_of, scope_of
from .session import origin_of
from .settings import Settings
from .summary import report_of

# The settings with which NumPy begins, which the tool's own computations count on.
NUMPYS: Mapping[str, Any] = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}


def check(
    loss: UserLoss,
    posed_cases: Sequence[PosedCase],
    stated: bool = False,
    left_out: tuple[LeftOut, ...] = (),
) -> Report:
    """The report of the loss on the cases; of what it raises too, but for an interrupt.

    The exact value comes first, and the loss gets copies: what it writes to is its own.
    stated: the caller says what the loss computes, so that every case is asked. left_out: the cases
    above the level that was asked for.
    """
    callers = np.geterr()  # under which the loss is called
    with np.errstate(**NUMPYS):
        return _check(loss, posed_cases, stated, left_out, callers)


def _check(
    loss: UserLoss,
    posed_cases: Sequence[PosedCase],
    stated: bool,
    left_out: tuple[LeftOut, ...],
    callers: Mapping[str, Any],
) -> Report:
    start = time.perf_counter()
    origin = origin_of("")
    own = Implementation(
        loss.shown, CUSTOM, device=loss.device, function=loss.shown, declared=loss.declared
    )
    require_memory(posed_cases, lambda _: (own,), None)
    asked = asked_of(posed_cases, lambda _: (own,))
    with np.errstate(**callers):
        introduced = introduction(loss, stated)
    results = list(_results(loss, own, posed_cases, introduced, stated, callers))
    settings = Settings(())
    return replace(
        report_of(settings, posed_cases, lambda _: (own,), results, lambda _: asdict(introduced)),
        seconds=time.perf_counter() - start,
        scope=scope_of(settings, partial=True, left_out=left_out),
        asked=asked,
        origin=origin,
    )


def _results(
    loss: UserLoss,
    own: Implementation,
    posed_cases: Sequence[PosedCase],
    introduced: Introduction,
    stated: bool,
    callers: Mapping[str, Any],
) -> Iterator[CaseResult]:
    for posed in posed_cases:
        exact = truth(posed.problem)
        start = time.perf_counter()
        job = Job(posed, own, {})
        evaluation: Evaluation | None = None if stated else job.unasked
        if evaluation is None:
            with np.errstate(**callers):
                evaluation = _evaluation(loss, _copy(posed.problem), introduced, stated)
            evaluation = after(time.perf_counter() - start, evaluation)
        yield result_of(job, evaluation, exact, strict=False, found_out=asdict(introduced))


def _evaluation(
    loss: UserLoss, problem: Problem, introduced: Introduction, stated: bool
) -> Evaluation:
    try:
        with warnings.catch_warnings():  # of an overflow: what comes of it is in the report
            warnings.simplefilter("ignore")
            if stated:
                return with_conduct(problem, lambda asked: answer_as_stated(asked, loss))
            return with_conduct(problem, lambda asked: answer(asked, loss, introduced.taken))
    except (Exception, SystemExit) as error:
        return evaluation_of(error)


def _copy(problem: Problem) -> Problem:
    arrays: dict[str, Any] = {
        field.name: value.copy()
        for field in fields(problem)
        if isinstance(value := getattr(problem, field.name), np.ndarray)
    }
    return replace(problem, **arrays)
