"""Chunking: which cases are asked in chunks of rows, and how many rows a chunk has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xent_check.casefile.loading import PosedCase
from xent_check.casefile.memory import size_of
from xent_check.errors import UserError
from xent_check.history.run_journal import NOWHERE, RunJournal
from xent_check.problem.rows import row_count, whole_arrays, why_whole
from xent_check.results.report import CaseResult

if TYPE_CHECKING:
    from .cluster_pool import ClusterPool

LARGE = 2**31  # bytes that one answer takes: cases that take more are asked in chunks by themselves
AT_ONCE = 2**28  # bytes that one answer to a chunk takes then
_SENT = 2**26  # bytes, at most, of the arrays that a cluster is sent with every chunk


def unheard(case: str, rows: int, of: int) -> None:
    """Nobody is told how far a case in chunks is."""


@dataclass(frozen=True)
class Chunking:
    """How large problems are asked."""

    rows: int | None = None  # of a chunk; None: as many as fit, of large cases alone; 0: never
    # Told the id of a case, its rows so far, and all of them.
    told: Callable[[str, int, int], None] = unheard
    journal: RunJournal = NOWHERE  # what an earlier run found, and what this one finds
    cluster: ClusterPool | None = None  # whose workers take whole chunks; None: this machine does

    def split(
        self, posed_cases: Sequence[PosedCase]
    ) -> tuple[list[PosedCase], list[tuple[PosedCase, int]]]:
        """The cases that are asked whole, and the others with the rows of a chunk."""
        rows = [self.rows_of(posed) for posed in posed_cases]
        pairs = list(zip(posed_cases, rows, strict=True))
        return [posed for posed, rows in pairs if not rows], [pair for pair in pairs if pair[1]]

    def rows_of(self, posed: PosedCase) -> int:
        """The rows of a chunk of the case; 0 where it is asked whole."""
        wished = self._wished(posed)
        return 0 if wished and why_not_cut(posed) else wished

    def remarked(self, posed: PosedCase, result: CaseResult) -> CaseResult:
        """The result of a case that is asked whole, with a note where it has more rows than a
        chunk."""
        why = why_not_cut(posed) if self._wished(posed) else ""
        if not why:
            return result
        note = f"asked whole and not in chunks: {why}"
        return replace(result, notes=(*result.notes, note))

    def _wished(self, posed: PosedCase) -> int:
        """The rows of a chunk, where it has more, whether it can be cut or not; else 0."""
        count, rows = row_count(posed.problem), self.rows
        if rows is None:
            needed = size_of(posed.problem).one_answer_bytes
            rows = max(1, AT_ONCE * count // needed) if needed > LARGE else 0
        rows = rows or count
        return rows if rows < count else 0


def why_not_cut(posed: PosedCase) -> str:
    """Why a case cannot be asked in chunks; "" where it can."""
    if posed.expectations:
        return "what its `expect` states is of all rows"
    return why_whole(posed.problem)


def require_small_wholes(cut: Sequence[tuple[PosedCase, int]]) -> None:
    """UserError where a case that a cluster is to take in chunks has large arrays that every chunk
    has whole."""
    for posed, _ in cut:
        for name in whole_arrays(posed.problem):
            if (size := getattr(posed.problem, name).nbytes) > _SENT:
                raise UserError(
                    f"{posed.case.id}: it is asked in chunks, and its {name} ({size / 2**20:,.0f} "
                    "MiB) would be sent to the cluster with each of them; run it without "
                    "--scheduler, or look at some of its rows with --sample N"
                )


WHOLE = Chunking(rows=0)  # every case is asked whole
LARGE_IN_CHUNKS = Chunking()  # those that are large by themselves
