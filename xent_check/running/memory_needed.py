"""Memory needed by a run, checked before it begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from xent_check.casefile.loading import PosedCase
from xent_check.casefile.memory import Size, must_have, size_of
from xent_check.errors import CaseFileError, InvalidError
from xent_check.implementations.names import Implementation, why_missing
from xent_check.problem.rows import at, places, row_shape
from xent_check.workers.pool import worker_name

from .chunking import WHOLE, Chunking

_FEWER = "ask for fewer implementations (-i) or fewer at once (-j), or make it smaller"


def require_memory(
    posed_cases: Sequence[PosedCase],
    implementations_of: Callable[[PosedCase], Sequence[Implementation]],
    jobs: int | None,
    chunking: Chunking = WHOLE,
) -> None:
    """CaseFileError where the run needs more memory than is free: for all cases and answers, and
    for the processes that run at once, at most `jobs` (None: no limit). Of a case in chunks one
    chunk counts, and all of its losses."""
    if not posed_cases:
        return
    sizes = [_at_once(posed, chunking) for posed in posed_cases]
    memory, workers = 0, dict[str, int]()
    for posed, size in zip(posed_cases, sizes, strict=True):
        present = [i for i in implementations_of(posed) if why_missing(i) is None]
        memory += size.truth_bytes + len(present) * size.answer_bytes
        if chunking.rows_of(posed):
            losses = replace(size_of(posed.problem), gradient=False)
            memory += losses.truth_bytes + len(present) * losses.answer_bytes
        for name in map(worker_name, present):
            workers[name] = max(size.worker_bytes, workers.get(name, 0))
    concurrent = sorted(workers.values(), reverse=True)[:jobs]
    needed = memory + max(size.comparison_bytes for size in sizes) + sum(concurrent)
    by_size = zip(posed_cases, sizes, strict=True)
    largest = max(by_size, key=lambda pair: pair[1].one_answer_bytes)[0]
    key, shape = largest.problem.given, list(largest.problem.values.shape)
    try:
        must_have(needed, f"shape {shape}, the largest case: the run needs", (key,), _FEWER)
    except InvalidError as error:
        raise CaseFileError(map(largest.case.located_mistake, error.mistakes)) from None


def _at_once(posed: PosedCase, chunking: Chunking) -> Size:
    """The size of what is asked at once of a case."""
    rows = chunking.rows_of(posed)
    if not rows:
        return size_of(posed.problem)
    return size_of(at(posed.problem, next(places(row_shape(posed.problem), rows))))
