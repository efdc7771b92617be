"""Changes: a record compared with an earlier one. Arithmetic first, then the kind, then words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xent_check.problem.distance import distance, in_ulps
from xent_check.problem.dtypes import spacing
from xent_check.results.change import BAD, Change, ChangeKind, Variants, growth
from xent_check.results.difference import Difference
from xent_check.results.number_text import small
from xent_check.results.report import CaseResult, Report

from .record import AnswerRecord, PartRecord, answer_record


@dataclass(frozen=True)
class Move:
    """How far the numbers of an answer moved between two records."""

    same_bits: bool  # of every number, the numbers kept as a digest included
    # The largest distance in spacings of the dtype at the earlier number, over the numbers in both
    # records; inf where either is not finite and they differ; None where no number is in both.
    ulps: float | None
    # No number moved by more than the tolerance, and every number that diverges is known to have
    # diverged before.
    stays_accepted: bool

    @property
    def same_class(self) -> bool:
        """Whether no number became nan or infinite, or ceased to be."""
        return self.ulps is None or bool(np.isfinite(self.ulps))


def move_between(before: AnswerRecord, after: AnswerRecord) -> Move:
    """The move from one record to another."""
    names = before.parts.keys() & after.parts.keys()
    pairs = [(before.parts[name], after.parts[name]) for name in sorted(names)]
    parts = [_part_move(was, now) for was, now in pairs if not was.same_bits(now)]
    whole = before.forms == after.forms
    if whole and not parts:
        return Move(True, 0.0, True)
    known = [move.ulps for move in parts if move.ulps is not None]
    ulps = max(known, default=None)
    return Move(False, ulps, whole and all(move.stays_accepted for move in parts))


def _part_move(was: PartRecord, now: PartRecord) -> Move:
    if (was.dtype, was.shape) != (now.dtype, now.shape):
        return Move(False, None, False)
    rows = was.rows(now.positions)
    first, second = was.numbers[rows[rows >= 0]], now.numbers[rows >= 0]
    off = distance(second, first)
    ulps = in_ulps(off, spacing(first, was.dtype))
    stays_accepted = all(
        (off <= d.allowed.reshape(-1)[rows >= 0]).all() for d in now.differences[:1]
    ) and all(_diverged_before(was, now, d) for d in now.differences)
    return Move(False, float(ulps.max()) if ulps.size else None, stays_accepted)


def _diverged_before(was: PartRecord, now: PartRecord, d: Difference) -> bool:
    """Whether each number that diverges from this target is known to have diverged from it."""
    bad = np.flatnonzero(~d.agrees)
    rows = was.rows(now.positions[bad])
    if d.at_least or d.diverging > bad.size or (rows < 0).any():
        return False
    numbers, target, allowed = was.numbers[rows], d.target.ravel(), d.allowed.ravel()
    off = distance(numbers, target[bad])
    return not (np.isfinite(off) & (off <= allowed[bad])).any()


def change_between(
    case: str, implementation: str, before: AnswerRecord | None, after: AnswerRecord | None
) -> Change:
    """The change of an answer from one record to another; None: it has no such record."""
    move = None if before is None or after is None else move_between(before, after)
    kind = _kind(before, after, move)
    part, share_before, share_after = _share(before, after)
    share_text = _share_words(part, share_before, share_after)
    return Change(
        case=case,
        implementation=implementation,
        kind=kind,
        sentence=f"{implementation} on {case}: {_words(kind, before, after, move, share_text)}",
        before=None if before is None else before.status,
        after=None if after is None else after.status,
        ulps=None if move is None else move.ulps,
        share_before=share_before,
        share_after=share_after,
    )


def _share(
    before: AnswerRecord | None, after: AnswerRecord | None
) -> tuple[str, float | None, float | None]:
    """The part whose share (largest error / what rounding explains) grew most, and that share
    before and after. A part whose earlier share is unknown comes first. Of a baseline by an older
    version, which has no inputs, only the losses' share is compared."""
    was = {} if before is None else before.shares
    now = {} if after is None else after.shares
    if before is not None and before.inputs is None and "losses" in was:
        now = {name: share for name, share in now.items() if name in was}
    unknown = next((name for name in now if name not in was), "")
    if unknown or not now:
        return unknown, was.get(unknown), now.get(unknown)
    part = max(now, key=lambda name: growth(was[name], now[name]))
    return part, was[part], now[part]


def _kind(before: AnswerRecord | None, after: AnswerRecord | None, move: Move | None) -> ChangeKind:
    """The kind of change. Other inputs outrank everything; then comes an answer that is fixed, then
    one whose behaviour changed, then a new divergence."""
    if after is None:
        return "removed"
    if before is not None and _other_inputs(before, after):
        return "inputs"
    if before is None or move is None or (before.status == "missing" != after.status):
        return "new" if after.status in BAD else "added"
    if after.status == "missing":
        return "same" if before.status == "missing" else "missing"
    if before.status in BAD and after.status in ("agrees", "known"):
        return "fixed"
    if before.behaviour != after.behaviour or not move.same_class or before.forms != after.forms:
        return "behaviour"
    if after.status in BAD:
        if before.status in BAD and move.stays_accepted:
            accepted: ChangeKind = "same" if move.same_bits else "drifted"
            return accepted if before.because is None else "known"
        return "new"
    return "same" if move.same_bits else "drifted"


def _words(
    kind: ChangeKind,
    before: AnswerRecord | None,
    after: AnswerRecord | None,
    move: Move | None,
    share_text: str,
) -> str:
    """The change in words, without the implementation and the case."""
    if before is None or after is None or move is None:
        if before is not None:
            return "is in the baseline and there no more"
        return f"new in this run; {'' if after is None else after.status}"
    if kind == "inputs":
        now = "" if before.status == after.status else f"; {before.status} -> {after.status}"
        return f"its inputs differ from the recorded ones (accept -k records the new ones){now}"
    if kind == "missing":
        return f"{before.status} -> missing"
    if kind == "fixed":
        return f"{before.status} -> {after.status}"
    if kind == "behaviour":
        if before.behaviour != after.behaviour:
            return _behaviours(before.behaviour, after.behaviour)
        return _forms(before, after) or f"{before.behaviour}, in other places than before"
    if before.status == "missing":
        return f"missing -> {after.status}"
    clauses = [f"{before.status} -> {after.status}"] if kind == "new" else []
    clauses.append("the same bits" if move.same_bits else _distance(move))
    clauses += [share_text] if not move.same_bits else []
    if kind == "new" and before.status in BAD:
        clauses.append("more diverges than was accepted, or other numbers do")
    if kind == "known":
        clauses.append(f"accepted because {before.because}")
    return "; ".join(clause for clause in clauses if clause)


def _other_inputs(before: AnswerRecord, after: AnswerRecord) -> bool:
    """Whether the two are known to answer different problems."""
    return None not in (before.inputs, after.inputs) and before.inputs != after.inputs


def _forms(before: AnswerRecord, after: AnswerRecord) -> str:
    """The parts that came or went, or changed their dtype or shape, in words; "" where none did."""
    was, now = before.forms, after.forms
    clauses = []
    for name in [*was, *(name for name in now if name not in was)]:
        if name not in now:
            clauses.append(f"{name} -> no {name}")
        elif name not in was:
            clauses.append(f"no {name} -> {name}")
        elif was[name][0] != now[name][0]:
            part = "" if name == "losses" else f"{name} "
            clauses.append(f"{part}computed in {was[name][0]} -> in {now[name][0]}")
        elif was[name] != now[name]:
            clauses.append(f"{name} of shape {list(was[name][1])} -> of {list(now[name][1])}")
    return "; ".join(clauses)


def _behaviours(before: str, after: str) -> str:
    """The clauses of one behaviour that the other does not have, before and after."""
    was, now = before.split("; "), after.split("; ")
    old = "; ".join(clause for clause in was if clause not in now)
    new = "; ".join(clause for clause in now if clause not in was)
    return f"{old or 'nothing more'} -> {new or 'nothing more'}"


def _distance(move: Move) -> str:
    if move.ulps is None or move.ulps == 0:
        return "other bits"
    return f"moved by {small(move.ulps)} ulp{'' if move.ulps == 1 else 's'}"


def _share_words(part: str, before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return ""
    prefix = "" if part == "losses" else f"{part}: "
    return f"{prefix}{small(before, 2)} -> {small(after, 2)} of what rounding explains"


def changes_between(before: Report, after: Report) -> tuple[Change, ...]:
    """The change of every answer of either run, in the order of the later one; the answers that it
    no longer has come last."""
    return changes_of(_records(before), _records(after))


Records = dict[tuple[str, str], AnswerRecord]


def changes_of(before: Records, after: Records) -> tuple[Change, ...]:
    """The same, from records by case and implementation."""
    names = [*after, *(name for name in before if name not in after)]
    return tuple(change_between(*name, before.get(name), after.get(name)) for name in names)


def _records(report: Report) -> Records:
    return {(r.case.id, r.implementation): answer_record(r) for r in report.results}


def variants_of(results: Sequence[CaseResult], names: Sequence[str]) -> tuple[Variants, ...]:
    """The changes from each column `torch[old]` to the column `torch`; where there is none, to the
    last of the columns `torch[...]`."""
    columns: dict[str, dict[str, AnswerRecord]] = {name: {} for name in names}
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name.partition("[")[0] if name.endswith("]") else name, []).append(name)
    pairs = [
        (name, group[-1] if base not in group else base)
        for base, group in groups.items()
        for name in group
        if name != base
    ]
    paired = {name for pair in pairs for name in pair}
    for result in results:
        if result.implementation in paired:
            columns[result.implementation][result.case.id] = answer_record(result)
    return tuple(
        _variants(before, after, columns[before], columns[after])
        for before, after in pairs
        if before != after
    )


def _variants(
    before: str, after: str, then: dict[str, AnswerRecord], now: dict[str, AnswerRecord]
) -> Variants:
    cases = [*now, *(case for case in then if case not in now)]
    changes = tuple(change_between(case, after, then.get(case), now.get(case)) for case in cases)
    return Variants(before, after, changes)
