"""One case, answered by some implementations."""

from __future__ import annotations

from collections.abc import Sequence

from xent_check.casefile.loading import PosedCase
from xent_check.implementations.names import Implementation, why_missing
from xent_check.results.report import CaseResult
from xent_check.workers.pool import Pool

from .jobs import Job
from .run import run


def results_of(
    posed: PosedCase, chosen: Sequence[Implementation], timeout: float
) -> list[CaseResult]:
    """The results of one case, in the order of `chosen`. timeout: seconds per answer."""
    pool: Pool[Job]
    with Pool([i for i in chosen if why_missing(i) is None], None) as pool:
        results = {r.implementation: r for r in run([posed], chosen, pool, timeout)}
    return [results[i.name] for i in chosen]
