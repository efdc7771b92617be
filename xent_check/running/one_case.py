"""One case, answered by some implementations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xent_check.casefile.loading import PosedCase
from xent_check.implementations.names import Implementation, why_missing
from xent_check.problem.expectation import REFERENCE
from xent_check.results.report import CaseResult
from xent_check.workers.pool import Pool

from .jobs import Job
from .memory_needed import require_memory
from .run import run


def introduced_result_of(
    posed: PosedCase, implementation: Implementation, timeout: float
) -> tuple[CaseResult, Mapping[str, Any]]:
    """The result of one implementation, and the introduction of a user's own, which is empty of
    any other."""
    require_memory([posed], lambda _: [implementation], None)
    present = [implementation] if why_missing(implementation) is None else []
    with Pool[Job](present, None) as pool:
        results = list(run([posed], [implementation], pool, timeout))
        introduction = pool.introduction_of(implementation)
    return next(r for r in results if r.implementation == implementation.name), introduction


def results_of(
    posed: PosedCase,
    chosen: Sequence[Implementation],
    timeout: float,
    progress: Callable[[int, int, CaseResult], None] = lambda *_: None,
) -> list[CaseResult]:
    """The results of one case, in the order of `chosen`. timeout: seconds per answer. progress: is
    told the count of results, that of all, and the last."""
    require_memory([posed], lambda _: chosen, None)
    with Pool[Job]([i for i in chosen if why_missing(i) is None], None) as pool:
        results: dict[str, CaseResult] = {}
        total = len(chosen) + (REFERENCE in posed.expectations)  # a pinned reference is judged too
        for result in run([posed], chosen, pool, timeout):
            results[result.implementation] = result
            progress(len(results), total, result)
    return [results[i.name] for i in chosen]
