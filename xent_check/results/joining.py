"""Joining: what was found chunk by chunk, as the result of the whole case.

Losses are kept, a few numbers each. Of a gradient the elements that decide are kept. A total that
an implementation gave is one of a chunk, and so are the gradients by the parameters of a last
layer: each was held against the exact one of its chunk, and that which is furthest off stands for
all of them. None is ever made of its losses, or of other gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.casefile.loading import PosedCase
from xent_check.problem.evaluation import Computed, Evaluation
from xent_check.problem.rows import Place, row_shape
from xent_check.problem.vocabulary import PARAMETER_PARTS, REDUCTIONS
from xent_check.reference.bounds import Bounds
from xent_check.reference.reference import Reference

from .comparison import Comparison
from .difference import Difference
from .excerpts import merged, shortened
from .number_text import count_of
from .report import CaseResult
from .verdict import gaps, verdict

Array = npt.NDArray[Any]
# The parts of an answer that are added up over the samples, so that a chunk has its own.
_OF_A_CHUNK: tuple[str, ...] = (*REDUCTIONS, *PARAMETER_PARTS.values())


@dataclass(frozen=True, eq=False)
class Finding:
    """What one implementation's answer to one chunk showed, judged."""

    place: Place  # of the chunk's rows
    evaluation: Evaluation  # without its gradient
    comparison: Comparison | None  # with an excerpt of the gradient
    reason: str | None  # as of CaseResult
    diverges: bool  # whether the chunk alone would
    vacuous: str | None  # as of CaseResult
    notes: tuple[str, ...]  # as of CaseResult

    @property
    def ends(self) -> bool:
        """Whether it decides for the case, so that no further chunk is asked."""
        return self.comparison is None


def finding_of(place: Place, result: CaseResult) -> Finding:
    """The finding of a chunk's result."""
    evaluation, comparison = result.evaluation, result.comparison
    assert evaluation is not None
    if isinstance(evaluation, Computed):
        losses = np.array(evaluation.losses)
        evaluation = replace(evaluation, gradient=None, by_parameters={}, losses=losses)
    if comparison is not None:
        comparison = _with_excerpts(comparison)
    diverges = result.status == "diverges"
    return Finding(
        place, evaluation, comparison, result.reason, diverges, result.vacuous,
        result.notes,
    )  # fmt: skip


def _with_excerpts(comparison: Comparison) -> Comparison:
    """The comparison with excerpts of its gradients, and without the terms of its bounds."""
    bounds, gradient = comparison.bounds, comparison.gradient
    if gradient is not None:
        gradient, bound = shortened(gradient, None if bounds is None else bounds.gradient)
        bounds = bounds and replace(bounds, gradient=bound)
    by_parameters = dict(comparison.by_parameters)
    for parameter, name in PARAMETER_PARTS.items():
        if name in by_parameters:
            of = {} if bounds is None else dict(bounds.by_parameters)
            by_parameters[name], bound = shortened(by_parameters[name], of.get(parameter))
            if bounds is not None and bound is not None:
                bounds = replace(bounds, by_parameters=of | {parameter: bound})
    return replace(
        comparison,
        gradient=gradient,
        by_parameters=by_parameters,
        bounds=bounds and replace(bounds, terms={}),
    )


def joined(
    posed: PosedCase, implementation: str, findings: Sequence[Finding], exact: Reference,
    strict: bool,
) -> CaseResult:  # fmt: skip
    """The result of one implementation on a case that was asked in chunks, the findings in order.
    Where one chunk was not computed, that is the result. exact: of the whole case. strict: as of
    `judge`."""
    last, shape = findings[-1], row_shape(posed.problem)
    result = not_compared(posed, implementation, last.evaluation, exact, last.reason)
    if last.ends:
        return replace(result, notes=(*last.notes, *_ended(findings, shape)))
    shown = {n: found for n in _OF_A_CHUNK if (found := _furthest_off(findings, n)) is not None}
    result = replace(
        result,
        evaluation=_evaluation(findings, shown, exact),
        comparison=_comparison(posed, findings, shown, exact),
        vacuous=_vacuous(findings, shape),
    )
    status, reason = verdict(replace(result, reason=None), strict)
    notes = dict.fromkeys(note for finding in findings for note in _own_notes(finding))
    assert result.comparison is not None
    notes |= dict.fromkeys(gaps(result.comparison, (reason or "") if status == "diverges" else ""))
    notes |= dict.fromkeys(_told(findings, shown, shape))
    return replace(result, status=status, reason=reason, notes=tuple(notes))


def not_compared(
    posed: PosedCase, implementation: str, evaluation: Evaluation, exact: Reference,
    reason: str | None = None,
) -> CaseResult:  # fmt: skip
    """The result of an answer without numbers, or with ones of a wrong shape, for that reason."""
    result = CaseResult(
        posed.case, posed.problem, implementation, "diverges", reason, evaluation, None, exact
    )
    status, told = verdict(result, strict=False)
    return replace(result, status=status, reason=told)


def rows_text(place: Place, shape: tuple[int, ...]) -> str:
    """`rows 0 to 255`; along several axes `rows [0, 0] to [0, 63]`."""
    first, last = [p.start for p in place], [p.stop - 1 for p in place]
    if len(shape) == 1:
        return f"row {first[0]}" if first == last else f"rows {first[0]} to {last[0]}"
    return f"row {first}" if first == last else f"rows {first} to {last}"


def _ended(findings: Sequence[Finding], shape: tuple[int, ...]) -> tuple[str, ...]:
    """Where it ended, and what was seen before."""
    before = findings[:-1]
    text = f"asked in chunks, up to {rows_text(findings[-1].place, shape)}"
    wrong = sum(finding.diverges for finding in before)
    if wrong:
        first = next(finding for finding in before if finding.diverges)
        text += f"; {count_of(wrong, 'chunk')} before diverged, the first of them "
        text += rows_text(first.place, shape)
    return (text,)


def _told(
    findings: Sequence[Finding], shown: dict[str, Finding], shape: tuple[int, ...]
) -> tuple[str, ...]:
    """That it was asked in chunks, and of which the totals and the gradients by parameters are."""
    text = f"asked in {count_of(len(findings), 'chunk')} of {_largest(findings)} rows at most"
    of = {name: rows_text(f.place, shape) for name, f in shown.items()}
    if totals := [f"{_words(name)} {of[name]}" for name in REDUCTIONS if name in of]:
        text += "; each chunk's totals were compared, and those furthest off are shown: "
        text += ", ".join(totals)
    by = {p: of[name] for p, name in PARAMETER_PARTS.items() if name in of}
    if by:
        text += f"; each chunk's gradients by {' and '.join(by)} were compared, and not their sums "
        text += "over all rows; those furthest off are shown: "
        text += ", ".join(f"{parameter} {rows}" for parameter, rows in by.items())
    return (text,)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _own_notes(finding: Finding) -> list[str]:
    """The notes of a chunk but for what it did not compare, which is told of the whole."""
    missing = () if finding.comparison is None else gaps(finding.comparison)
    return [note for note in finding.notes if note not in missing]


def _largest(findings: Sequence[Finding]) -> int:
    return max(int(np.prod([p.stop - p.start for p in f.place])) for f in findings)


def _vacuous(findings: Sequence[Finding], shape: tuple[int, ...]) -> str | None:
    found = [finding for finding in findings if finding.vacuous is not None]
    if not found:
        return None
    more = f", and more in {count_of(len(found) - 1, 'further chunk')}" if found[1:] else ""
    return f"in {rows_text(found[0].place, shape)}, {found[0].vacuous}{more}"


def _furthest_off(findings: Sequence[Finding], name: str) -> Finding | None:
    """The chunk whose total, or gradient by a parameter, is furthest off, one that diverges before
    others; None where none has that total, or not each that gradient."""
    parts = [(f, f.comparison.by_reference) for f in findings if f.comparison is not None]
    of = [(finding, by_name[name]) for finding, by_name in parts if name in by_name]
    if name not in REDUCTIONS and len(of) < len(findings):
        return None
    furthest = max(
        of, key=lambda one: (one[1].diverging, float(one[1].abs_diff.max(initial=0))), default=None
    )
    return furthest and furthest[0]


def _evaluation(
    findings: Sequence[Finding], shown: dict[str, Finding], exact: Reference
) -> Computed:
    answers = [f.evaluation for f in findings if isinstance(f.evaluation, Computed)]
    first = answers[0]
    losses = np.empty(exact.losses.high.shape, first.losses.dtype)
    for finding, answer in zip(findings, answers, strict=True):
        if not answer.only_totals:
            losses[finding.place] = answer.losses
    of = {r: shown[r].evaluation for r in REDUCTIONS if r in shown}
    totals = {r: e.totals[r] for r, e in of.items() if isinstance(e, Computed)}
    only_totals = next((a.only_totals for a in answers if a.only_totals), "")
    return replace(
        first,
        losses=losses.reshape(-1)[:0] if only_totals else losses,
        totals=totals,
        seconds=sum(answer.seconds for answer in answers),
        waited=sum(answer.waited for answer in answers),
        printed="".join(dict.fromkeys(answer.printed for answer in answers)),
        notes=tuple(dict.fromkeys(note for answer in answers for note in answer.notes)),
        only_totals=only_totals,
    )


def _comparison(
    posed: PosedCase, findings: Sequence[Finding], shown: dict[str, Finding], exact: Reference
) -> Comparison:
    parts = [(f.place, f.comparison) for f in findings if f.comparison is not None]
    comparisons = [comparison for _, comparison in parts]
    first, shape = comparisons[0], exact.losses.high.shape
    unsupported: dict[str, str] = {}
    for comparison in comparisons:
        unsupported = {**comparison.unsupported, **unsupported}
    for r in posed.problem.reductions:
        if r not in shown:
            unsupported.setdefault(r, "in no chunk is there anything but 0 to divide by")
    losses = first.losses
    if "losses" not in unsupported:
        losses = _assembled([(place, c.losses) for place, c in parts], shape)
    gradient, gradient_bound = _gradient(posed, parts)
    of_chunks = {name: f.comparison for name, f in shown.items() if f.comparison is not None}
    shares = [c.share for c in comparisons if c.share is not None]
    return Comparison(
        losses=losses,
        totals={r: of_chunks[r].totals[r] for r in REDUCTIONS if r in of_chunks},
        expected_losses=None,
        expected_totals={},
        unsupported=unsupported,
        wide_radius=any(c.wide_radius for c in comparisons),
        gradient=gradient,
        share=max(shares, default=None) if "losses" not in unsupported else None,
        bounds=_bounds(parts, of_chunks, gradient_bound, shape),
        asked=posed.case.fields.asked,
        rows={
            r: _flat_rows(shown[r].place, row_shape(posed.problem))
            for r in REDUCTIONS
            if r in shown
        },
        by_parameters={
            name: of_chunks[name].by_parameters[name]
            for name in PARAMETER_PARTS.values()
            if name in of_chunks
        },
    )


def _flat_rows(place: Place, shape: tuple[int, ...]) -> tuple[int, int]:
    """The flat indices of the first and the last row."""
    first = np.ravel_multi_index([p.start for p in place], shape)
    return int(first), int(np.ravel_multi_index([p.stop - 1 for p in place], shape))


def _assembled(parts: Sequence[tuple[Place, Difference]], shape: tuple[int, ...]) -> Difference:
    names = ("actual", "target", "abs_diff", "allowed")
    arrays: dict[str, Any] = {name: np.empty(shape) for name in names}
    for place, d in parts:
        for name, array in arrays.items():
            array[place] = getattr(d, name)
    return replace(parts[0][1], **arrays)


def _gradient(
    posed: PosedCase, parts: Sequence[tuple[Place, Comparison]]
) -> tuple[Difference | None, Array | None]:
    """The excerpt of the gradient and its bounds; None where a chunk has none."""
    excerpts: list[tuple[Difference, Array | None]] = [
        (c.gradient, None if c.bounds is None else c.bounds.gradient)
        for _, c in parts
        if c.gradient is not None
    ]
    if len(excerpts) < len(parts):
        return None, None
    starts = [tuple(p.start for p in place) for place, _ in parts]
    return merged(excerpts, starts, posed.problem.values.shape)


def _bounds(
    parts: Sequence[tuple[Place, Comparison]], of_chunks: dict[str, Comparison],
    gradient: Array | None, shape: tuple[int, ...],
) -> Bounds | None:  # fmt: skip
    bounds = parts[0][1].bounds
    if bounds is None:
        return None
    losses = np.empty(shape)
    for place, comparison in parts:
        assert comparison.bounds is not None
        losses[place] = comparison.bounds.losses
    of = {name: c.bounds for name, c in of_chunks.items() if c.bounds is not None}
    return replace(
        bounds,
        losses=losses,
        totals={r: of[r].totals[r] for r in REDUCTIONS if r in of},
        gradient=gradient,
        terms={},
        by_parameters={
            p: of[name].by_parameters[p] for p, name in PARAMETER_PARTS.items() if name in of
        },
    )
