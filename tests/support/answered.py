"""A run with answers made up in place of the workers'."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from xent_check.casefile.loading import Filter, PosedCase, load
from xent_check.implementations.names import Implementation, parse
from xent_check.problem.evaluation import Computed, Evaluation
from xent_check.problem.problem import Problem
from xent_check.reference.truth import truth
from xent_check.results.report import CaseResult
from xent_check.running.chunking import Chunking
from xent_check.running.jobs import Job
from xent_check.running.run import run
from xent_check.workers.pool import Pool
from xent_check.workers.wire import Message, decode_problem
from xent_check.workers.worker import Request

Asked = tuple[Implementation, Job, Request]
HIDDEN = """\
loss: sparse_categorical
hidden: {random: normal, shape: [7, 3], seed: 1}
weight: {random: normal, shape: [5, 3], seed: 2}
bias: {random: normal, shape: [5], seed: 3}
labels: [0, 1, 2, 3, 4, 0, 1]
check: [value, gradient]
"""


class MadeUp:
    """In place of a pool: every request is answered at once."""

    def __init__(self, answer: Callable[[Problem], Evaluation]) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self._answer = answer
        self.asked: list[Asked] = []
        self.stays = True

    def submit(self, requests: Sequence[Asked], timeout: float, keep: bool = False) -> None:
        self.asked = list(requests)

    def answers(self) -> Iterator[tuple[Job, Evaluation]]:
        for _, job, request in self.asked:
            yield job, self._answer(decode_problem(request.problem))

    def introduction_of(self, _: Implementation) -> Message:
        return {}


def right(problem: Problem) -> Computed:
    """The exact answer, rounded to float32."""
    exact = truth(problem).reference
    totals: Any = {r: np.asarray(t.high).astype(np.float32) for r, t in exact.totals.items()}
    gradient = None if exact.gradient is None else exact.gradient.high.astype(np.float32)
    by: Any = {p: part.high.astype(np.float32) for p, part in exact.by_parameters.items()}
    losses = exact.losses.high.astype(np.float32)
    return Computed(losses, totals, "loss(x)", 0.25, gradient, by_parameters=by)


def posed(folder: Path, text: str) -> tuple[PosedCase, ...]:
    """The cases of a file with this text."""
    file = folder / "cases.yaml"
    file.write_text(text, encoding="utf-8")
    return load((str(file),), Filter())


def answered(
    cases: Sequence[PosedCase],
    names: Sequence[str],
    answer: Callable[[Problem], Evaluation],
    chunk: int = 0,
) -> list[CaseResult]:
    """The results of a run that asks these implementations. chunk: the rows of one; 0: all."""
    pool = cast(Pool[Job], MadeUp(answer))
    chosen = [parse(name) for name in names]
    return list(run(cases, chosen, pool, 60.0, chunking=Chunking(chunk)))
