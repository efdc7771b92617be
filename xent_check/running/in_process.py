"""In process: a loss of the caller's, called in the caller's own process."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields, replace
from typing import Any

import numpy as np

from xent_check.casefile.loading import PosedCase
from xent_check.implementations.names import Implementation
from xent_check.implementations.own.asking import UserLoss, ask, introduction
from xent_check.implementations.table import CUSTOM
from xent_check.problem.evaluation import Evaluation, after
from xent_check.problem.problem import Problem
from xent_check.reference.truth import truth
from xent_check.results.report import CaseResult, Report
from xent_check.workers.child import evaluation_of

from .jobs import Job
from .run import result_of
from .selection import asked_of, scope_of
from .session import origin_of
from .settings import Settings
from .summary import report_of


def check(loss: UserLoss, posed_cases: Sequence[PosedCase]) -> Report:
    """The report of the loss on the cases; of what it raises too, but for an interrupt.

    The exact value comes first, and the loss gets copies: what it writes to is its own.
    """
    start = time.perf_counter()
    origin = origin_of("")
    own = Implementation(loss.shown, CUSTOM, device=loss.device, function=loss.shown)
    asked = asked_of(posed_cases, lambda _: (own,))
    results = list(_results(loss, own, posed_cases))
    introduced = asdict(introduction(loss))
    settings = Settings(())
    return replace(
        report_of(settings, posed_cases, lambda _: (own,), results, lambda _: introduced),
        seconds=time.perf_counter() - start,
        scope=scope_of(settings, partial=True),
        asked=asked,
        origin=origin,
    )


def _results(
    loss: UserLoss, own: Implementation, posed_cases: Sequence[PosedCase]
) -> Iterator[CaseResult]:
    for posed in posed_cases:
        exact = truth(posed.problem)
        start = time.perf_counter()
        evaluation = _evaluation(loss, _copy(posed.problem))
        evaluation = after(time.perf_counter() - start, evaluation)
        yield result_of(Job(posed, own, {}), evaluation, exact, strict=False)


def _evaluation(loss: UserLoss, problem: Problem) -> Evaluation:
    try:
        with warnings.catch_warnings():  # of an overflow: what comes of it is in the report
            warnings.simplefilter("ignore")
            return ask(problem, loss)
    except (Exception, SystemExit) as error:
        return evaluation_of(error)


def _copy(problem: Problem) -> Problem:
    arrays: dict[str, Any] = {
        field.name: value.copy()
        for field in fields(problem)
        if isinstance(value := getattr(problem, field.name), np.ndarray)
    }
    return replace(problem, **arrays)
