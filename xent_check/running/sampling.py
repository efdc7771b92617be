"""Sampling: a look at some rows of a large case."""

from __future__ import annotations

from dataclasses import replace

from xent_check.casefile.loading import PosedCase
from xent_check.problem.rows import row_count, sampled
from xent_check.results.number_text import index_text
from xent_check.results.report import CaseResult

from .chunking import why_not_cut


def look(posed: PosedCase, count: int) -> PosedCase:
    """The case with `count` of its rows; with all where it has no more, or cannot be cut."""
    if row_count(posed.problem) <= count or why_not_cut(posed):
        return posed
    problem, rows = sampled(posed.problem, count)
    return replace(posed, problem=problem, sampled=rows)


def remarked(posed: PosedCase, result: CaseResult, sample: int | None) -> CaseResult:
    """The result under a look at `sample` rows (None: no look is asked for), with a note that says
    what was left out, and which row the worst one is."""
    if sample is None:
        return result
    if posed.sampled is None:
        if row_count(posed.problem) <= sample:
            return result
        note = f"all of its rows were compared: {why_not_cut(posed)}"
    else:
        some, of = posed.sampled.counts
        note = f"only {some:,} of {of:,} rows were compared, drawn at random"
        comparison = result.comparison
        if comparison is not None and comparison.losses.diverging:
            worst = comparison.losses.place(comparison.losses.worst)
            row = index_text(posed.sampled.row(worst[0]))
            note += f"; its sample {index_text(worst)} is in row {row} of the case"
    return replace(result, notes=(*result.notes, note))
