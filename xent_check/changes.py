"""Changes: a record held against an earlier one. Arithmetic first, then the kind, then words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .change import Change, ChangeKind, Variants
from .dtypes import spacing
from .number_text import small
from .recorded import Part, Recorded, recorded
from .report import CaseResult, Report

_BAD = ("diverges", "failed")


@dataclass(frozen=True)
class Move:
    """How far the numbers of an answer moved, over those that are known of both records.

    same_bits: of every number, known or kept as a digest. ulps: the largest distance in spacings
    of the dtype at the earlier number, inf where one is nan or infinite and the other is not the
    same; None where nothing is known of both. within: no distance is more than the tolerance.
    """

    same_bits: bool
    ulps: float | None
    within: bool

    @property
    def same_class(self) -> bool:
        return self.ulps is None or bool(np.isfinite(self.ulps))


def moved(before: Recorded, after: Recorded) -> Move:
    """From the one record to the other."""
    names = before.parts.keys() & after.parts.keys()
    pairs = [(before.parts[name], after.parts[name]) for name in sorted(names)]
    same = before.parts.keys() == after.parts.keys() and all(a.same_bits(b) for a, b in pairs)
    if same:
        return Move(True, 0.0, True)
    parts = [_part(was, now) for was, now in pairs if not was.same_bits(now)]
    known = [move.ulps for move in parts if move.ulps is not None]
    ulps = max(known, default=None)
    return Move(False, ulps, all(move.within for move in parts) and before.parts.keys() == names)


def _part(was: Part, now: Part) -> Move:
    if was.shape != now.shape:
        return Move(False, None, False)
    if was.values is not None and now.values is not None and now.allowed is not None:
        first, second, allowed = was.values, now.values, now.allowed
    else:
        known = was.worst.keys() if was.values is None else now.worst.keys()
        both = now.worst.keys() if now.values is None else known
        places = tuple(sorted(known & both))
        if not places:
            return Move(False, None, False)
        first, _ = was.at(places)
        second, allowed = now.at(places)
    if not first.size:
        return Move(False, None, True)
    same = (first == second) | (np.isnan(first) & np.isnan(second))
    finite = np.isfinite(first) & np.isfinite(second)
    with np.errstate(invalid="ignore"):
        distance = np.where(same, 0.0, np.where(finite, np.abs(first - second), np.inf))
        ulps = np.where(same, 0.0, np.where(finite, distance / spacing(first, was.dtype), np.inf))
    return Move(False, float(ulps.max()), bool((distance <= allowed)[~same].all()))


def change_between(
    case: str, implementation: str, before: Recorded | None, after: Recorded | None
) -> Change:
    """What became of the answer."""
    move = None if before is None or after is None else moved(before, after)
    kind = _kind(before, after, move)
    ulps = None if move is None else move.ulps
    share_before = None if before is None else before.share
    share_after = None if after is None else after.share
    return Change(
        case=case,
        implementation=implementation,
        kind=kind,
        sentence=f"{implementation} on {case}: {_words(kind, before, after, move)}",
        before=None if before is None else before.status,
        after=None if after is None else after.status,
        ulps=ulps,
        share_before=share_before,
        share_after=share_after,
    )


def _kind(before: Recorded | None, after: Recorded | None, move: Move | None) -> ChangeKind:
    """A change of the kind of answer outranks a divergence, but for one that mends it."""
    if after is None:
        return "removed"
    if before is None or move is None or (before.status == "missing" != after.status):
        return "new" if after.status in _BAD else "added"
    if after.status == "missing":
        return "same" if before.status == "missing" else "missing"
    if before.status in _BAD and after.status in ("agrees", "known"):
        return "fixed"
    if before.behaviour != after.behaviour or not move.same_class or _dtypes(before, after):
        return "behaviour"
    if after.status in _BAD:
        if before.status in _BAD and move.within:
            accepted: ChangeKind = "same" if move.same_bits else "drifted"
            return accepted if before.because is None else "known"
        return "new"
    return "same" if move.same_bits else "drifted"


def _dtypes(before: Recorded, after: Recorded) -> tuple[str, str] | None:
    """The dtypes of the losses where they are not the same."""
    was, now = before.parts.get("losses"), after.parts.get("losses")
    if was is None or now is None or was.dtype == now.dtype:
        return None
    return was.dtype, now.dtype


def _words(
    kind: ChangeKind, before: Recorded | None, after: Recorded | None, move: Move | None
) -> str:
    if before is None or after is None or move is None:
        if before is not None:
            return "is in the baseline and there no more"
        return f"new in this run; {'' if after is None else after.status}"
    if kind == "missing":
        return f"{before.status} -> missing"
    if kind == "fixed":
        return f"{before.status} -> {after.status}"
    if kind == "behaviour":
        dtypes = _dtypes(before, after)
        if before.behaviour == after.behaviour and dtypes:
            return f"computed in {dtypes[0]} -> in {dtypes[1]}"
        if before.behaviour == after.behaviour:
            return f"{before.behaviour}, in other places than before"
        return _behaviours(before.behaviour, after.behaviour)
    if before.status == "missing":
        return f"missing -> {after.status}"
    told = [f"{before.status} -> {after.status}"] if kind == "new" else []
    told.append("the same bits" if move.same_bits else _distance(move))
    told += [_shares(before, after)] if not move.same_bits else []
    if kind == "known":
        told.append(f"accepted because {before.because}")
    return "; ".join(part for part in told if part)


def _behaviours(before: str, after: str) -> str:
    """What is another of the parts that are told."""
    was, now = before.split("; "), after.split("; ")
    gone = "; ".join(part for part in was if part not in now)
    come = "; ".join(part for part in now if part not in was)
    return f"{gone or 'nothing more'} -> {come or 'nothing more'}"


def _distance(move: Move) -> str:
    if move.ulps is None or move.ulps == 0:
        return "other bits"
    return f"moved by {small(move.ulps)} ulp{'' if move.ulps == 1 else 's'}"


def _shares(before: Recorded, after: Recorded) -> str:
    if before.share is None or after.share is None:
        return ""
    shares = f"{small(before.share, 2)} -> {small(after.share, 2)}"
    return f"{shares} of what rounding explains"


def changes_between(before: Report, after: Report) -> tuple[Change, ...]:
    """Every answer of either run, in the order of the later one, what is gone last."""
    return changes_of(_by_name(before), _by_name(after))


Records = dict[tuple[str, str], Recorded]


def changes_of(before: Records, after: Records) -> tuple[Change, ...]:
    """Likewise of records by case and implementation."""
    names = [*after, *(name for name in before if name not in after)]
    return tuple(change_between(*name, before.get(name), after.get(name)) for name in names)


def _by_name(report: Report) -> Records:
    return {(r.case.id, r.implementation): recorded(r) for r in report.results}


def variants_of(results: Sequence[CaseResult], names: Sequence[str]) -> tuple[Variants, ...]:
    """For each column `torch[old]` what became of its answers in the column `torch`; without that,
    in the last of those with a label."""
    columns: dict[str, dict[str, Recorded]] = {name: {} for name in names}
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name.partition("[")[0] if name.endswith("]") else name, []).append(name)
    pairs = [
        (name, group[-1] if base not in group else base)
        for base, group in groups.items()
        for name in group
        if name != base
    ]
    wanted = {name for pair in pairs for name in pair}
    for result in results:
        if result.implementation in wanted:
            columns[result.implementation][result.case.id] = recorded(result)
    return tuple(
        _variants(before, after, columns[before], columns[after])
        for before, after in pairs
        if before != after
    )


def _variants(
    before: str, after: str, then: dict[str, Recorded], now: dict[str, Recorded]
) -> Variants:
    cases = [*now, *(case for case in then if case not in now)]
    changes = tuple(change_between(case, after, then.get(case), now.get(case)) for case in cases)
    return Variants(before, after, changes)
