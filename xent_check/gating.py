"""Gating: a report held against a baseline, and a baseline made of a report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .baseline import Baseline, Environment, Key
from .change import Change, ChangeKind, Gate
from .changes import change_between
from .errors import InvalidError, Mistake, UserError, did_you_mean
from .expectation import REFERENCE
from .recorded import Recorded, recorded
from .report import CaseResult, Report

DEFAULT = ("new", "behaviour")
_CAN_FAIL: tuple[ChangeKind, ...] = (
    "new", "behaviour", "drifted", "fixed", "added", "removed", "missing",
)  # fmt: skip
_WORDS = ("new", "behaviour", "drift", "fixed", "added", "removed", "missing")
_MAX_SHOWN = 20
_LEAST_SHARE = 0.05  # below it a share is noise: half of nothing doubles easily


@dataclass(frozen=True)
class Rule:
    """A kind of change that fails; drift, only from `factor` times the share that it was."""

    kind: ChangeKind
    factor: float = 0.0

    def __str__(self) -> str:
        word = _WORDS[_CAN_FAIL.index(self.kind)]
        return f"{word}:{self.factor:g}x" if self.factor else word

    def fails(self, change: Change) -> bool:
        """Whether the rule is about this change."""
        if change.kind != self.kind:
            return False
        if not self.factor or change.share_before is None or change.share_after is None:
            return True
        return change.share_after >= self.factor * max(change.share_before, _LEAST_SHARE)


def parse_rules(texts: Iterable[str]) -> tuple[Rule, ...]:
    """`new,behaviour,drift:2x`; InvalidError otherwise."""
    words = [word.strip() for text in texts for word in text.split(",")]
    return tuple(_rule(word) for word in words)  # an empty word too is none: it would pass all


def _rule(word: str) -> Rule:
    name, colon, factor = word.partition(":")
    if name not in _WORDS or (colon and name != "drift"):
        allowed = f"{', '.join(_WORDS)}, drift:2x"
        raise InvalidError(Mistake((), repr(word), allowed, did_you_mean(name, _WORDS)))
    if not colon:
        return Rule(_CAN_FAIL[_WORDS.index(name)])
    match = re.fullmatch(r"(\d+(?:\.\d+)?)x?", factor)
    if match is None or float(match[1]) <= 1:
        raise InvalidError(Mistake((), repr(word), "drift:2x, for twice the share", ""))
    return Rule("drifted", float(match[1]))


def gated(report: Report, baseline: Baseline, file: str, rules: Sequence[Rule]) -> Report:
    """The report with what changed. A divergence that was accepted, and is as it was, is known;
    its reason is the one that it was accepted for."""
    now = {_key(result): recorded(result) for result in report.results}
    changes = {key: change_between(*key, baseline.records.get(key), r) for key, r in now.items()}
    gone = [key for key in baseline.records if key not in now and report.covers(*key)]
    changes |= {key: change_between(*key, baseline.records[key], None) for key in sorted(gone)}
    results = [_accepted(r, changes[_key(r)], baseline) for r in report.results]
    differing = tuple(change for change in changes.values() if change.kind != "same")
    gate = Gate(
        file=file,
        same=len(changes) - len(differing),
        changes=differing,
        failing=tuple(c for c in differing if any(rule.fails(c) for rule in rules)),
        fail_on=tuple(map(str, rules)),
        notes=tuple(_notes(report, baseline)),
    )
    return replace(report, results=tuple(results), gate=gate)


def _key(result: CaseResult) -> Key:
    return result.case.id, result.implementation


def _accepted(result: CaseResult, change: Change, baseline: Baseline) -> CaseResult:
    if change.kind != "known":
        return result
    because = baseline.records[_key(result)].because
    return replace(result, status="known", reason=f"accepted in the baseline: {because}")


def _notes(report: Report, baseline: Baseline) -> Iterable[str]:
    """Each implementation whose version, device or platform is another than the baseline's."""
    before: dict[str, set[Environment]] = {}
    for (_, name), place in baseline.environments.items():
        before.setdefault(name, set()).add(place)
    for name in report.implementations:
        now = environment(report, name)
        others = sorted(map(str, before.get(name, set()) - {now}))
        if others and now is not None:
            yield f"{name} was {' and '.join(others)}, and is {now}"


def environment(report: Report, implementation: str) -> Environment | None:
    """Where an implementation ran; None where it did not. The reference is of the tool itself."""
    if implementation == REFERENCE:
        return Environment("exact", "cpu", report.machine)
    host = report.hosts.get(implementation)
    return None if host is None else Environment(host.version, host.device, report.machine)


class NotAcceptedError(UserError):
    """Divergences that nobody gave a reason for."""


def accept(
    report: Report, before: Baseline | None, because: str | None, prune: bool = False
) -> Baseline:
    """The baseline of a report, over an earlier one: what did not run stays.

    because: the reason for the divergences and failures that the earlier one did not accept;
    NotAcceptedError where there are such, and no reason. prune: what the run would have covered
    and did not have is dropped.
    """
    records = {} if before is None else dict(before.records)
    places = {} if before is None else dict(before.environments)
    if prune:
        gone = {key for key in records if report.covers(*key)} - set(map(_key, report.results))
        records = {key: record for key, record in records.items() if key not in gone}
    refused: list[str] = []
    for result in report.results:
        place = environment(report, result.implementation)
        if result.status == "missing" or place is None:
            continue
        key, record = _key(result), recorded(result)
        if result.status in ("diverges", "failed"):
            reason = _standing(records.get(key), record, key) or because
            if reason is None:
                refused.append(f"{result.implementation} {result.status} on {result.case.id}")
            record = replace(record, because=reason)
        records[key], places[key] = record, place
    if refused:
        raise NotAcceptedError(_refusal(refused))
    return Baseline(records, places)


def _standing(before: Recorded | None, now: Recorded, key: Key) -> str | None:
    """The reason that an accepted divergence has, while it is as it was."""
    if before is None or change_between(*key, before, now).kind != "known":
        return None
    return before.because


def _refusal(refused: Sequence[str]) -> str:
    left = len(refused) - _MAX_SHOWN
    shown = [*refused[:_MAX_SHOWN], *([f"and {left} more"] if left > 0 else [])]
    first = f"{len(refused)} to accept without a reason; give it with --because TEXT"
    return "\n".join([first, *(f"  {line}" for line in shown)])
