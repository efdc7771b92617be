"""The gate: a report compared with a baseline, and a baseline made from a report."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from xent_check.casefile.project import Project
from xent_check.errors import InvalidError, Mistake, UserError, and_more, did_you_mean
from xent_check.problem.expectation import REFERENCE
from xent_check.results.change import BAD, Change, ChangeKind, GateResult, growth
from xent_check.results.report import CaseResult, Report, Ungated

from .baseline_file import Baseline, Environment, Key
from .changes import change_between, move_between
from .record import AnswerRecord, answer_record

DEFAULT = ("new", "behaviour", "inputs")
_CAN_FAIL: tuple[ChangeKind, ...] = (
    "new", "behaviour", "inputs", "drifted", "fixed", "added", "removed", "missing",
)  # fmt: skip
_WORDS = ("new", "behaviour", "inputs", "drift", "fixed", "added", "removed", "missing")
_MORE_SPECIFIC: tuple[ChangeKind, ...] = ("new", "behaviour", "inputs")
_MAX_SHOWN = 20


@dataclass(frozen=True)
class Rule:
    """A kind of change that fails."""

    kind: ChangeKind  # the one that fails
    factor: float = 0.0  # drift fails only where the share grew at least so many times; 0: always

    def __str__(self) -> str:
        word = _WORDS[_CAN_FAIL.index(self.kind)]
        return f"{word}:{self.factor:g}x" if self.factor else word

    def fails(self, change: Change) -> bool:
        """Whether the rule makes the change fail. `new` covers every divergence that nobody
        accepted, also one whose kind is more specific, as where a number became nan."""
        if self.kind == "new" and change.kind in _MORE_SPECIFIC:
            return change.after in BAD
        if change.kind != self.kind:
            return False
        if not self.factor or change.share_before is None or change.share_after is None:
            return True
        return growth(change.share_before, change.share_after) >= self.factor


def parse_rules(texts: Iterable[str]) -> tuple[Rule, ...]:
    """The rules of texts such as `new,behaviour,drift:2x`. InvalidError for anything else, also for
    an empty word, with which nothing would fail."""
    words = [word.strip() for text in texts for word in text.split(",")]
    return tuple(_rule(word) for word in words)


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


def gate(
    report: Report, baseline: Baseline, file: str, rules: Sequence[Rule], project: Project
) -> Report:
    """The report with its changes against the baseline. An accepted divergence that is unchanged
    becomes known, for the reason that it was accepted for. file: the baseline's name."""
    report = report.without_gate
    keys = project.keys(map(_key, report.results))
    pairs = [(result, baseline.records.get(keys[_key(result)])) for result in report.results]
    changes = [change_between(*_key(r), before, answer_record(r)) for r, before in pairs]
    results = [
        _excuse(result, change, before)
        for (result, before), change in zip(pairs, changes, strict=True)
    ]
    ran = {*keys.values()}
    absent = baseline.records.keys() - ran
    gone = _absent_in_scope(report, absent, project)
    changes += [change_between(*key, baseline.records[key], None) for key in gone]
    differing = tuple(change for change in changes if change.kind != "same")
    matched = _has_common_answer(report, baseline, keys)
    notes = [*_environment_notes(report, baseline, project), *_missing_digest_notes(pairs)]
    if not matched:
        notes.insert(0, _mismatch_text(baseline, file, project, keys))
    gate_result = GateResult(
        file=file,
        same=len(changes) - len(differing),
        changes=differing,
        failing=tuple(c for c in differing if any(rule.fails(c) for rule in rules)),
        fail_on=tuple(map(str, rules)),
        notes=tuple(notes),
        matched=matched,
        left_out=len(absent) - len(gone),
        gone_cases=len({case for case, _ in gone} - {case for case, _ in ran}),
        gone_implementations=tuple(sorted({name for _, name in gone} - {name for _, name in ran})),
    )
    return replace(report, results=tuple(results), gate=gate_result)


def fails(result: CaseResult, baseline: Baseline, rules: Sequence[Rule], project: Project) -> bool:
    """Whether a result diverges or failed so that a gated run fails: what `--max-fail` counts."""
    key = _key(result)
    before = baseline.records.get(project.keys([key])[key])
    change = change_between(*key, before, answer_record(result))
    if change.kind == "known" or result.status not in BAD:
        return False
    return result.status == "failed" or any(rule.fails(change) for rule in rules)


def _key(result: CaseResult) -> Key:
    return result.case.id, result.implementation


def _absent_in_scope(report: Report, absent: Iterable[Key], project: Project) -> list[Key]:
    """The absent answers of the baseline that the run, by its scope, should have had."""
    if report.shard is not None:
        return []
    scope = report.scope
    chosen = None if scope.chosen is None else tuple(map(project.implementation, scope.chosen))
    paths = tuple(map(project.path, scope.paths))
    left_out = tuple(replace(one, case=project.case(one.case)) for one in scope.left_out)
    whole = replace(scope, paths=paths, chosen=chosen, left_out=left_out)
    return sorted(key for key in absent if whole.covers(*key))


def _excuse(result: CaseResult, change: Change, before: AnswerRecord | None) -> CaseResult:
    """The result, known where the change says that its divergence was accepted."""
    if change.kind != "known" or before is None:
        return result
    return replace(
        result,
        status="known",
        reason=f"accepted in the baseline: {before.because}",
        ungated=Ungated(result.status, result.reason),
    )


def _has_common_answer(report: Report, baseline: Baseline, keys: Mapping[Key, Key]) -> bool:
    """Whether the baseline has any answer of the run. All cases of a shard or of selected cases may
    be new: then an answer of the same file and implementation is enough."""
    ran = {
        keys[_key(result)]
        for result in report.results
        if result.implementation != REFERENCE and result.status != "missing"
    }
    if not baseline.records.keys().isdisjoint(ran):
        return True
    files = {(case.rpartition("::")[0], name) for case, name in baseline.records}
    narrowed = report.scope.filtered or report.shard is not None
    return narrowed and any((case.rpartition("::")[0], name) in files for case, name in ran)


def _mismatch_text(baseline: Baseline, file: str, project: Project, keys: Mapping[Key, Key]) -> str:
    """That none of the answers is in the baseline, with an example of either side."""
    in_run = next((key for key in keys.values() if key[1] != REFERENCE), None)
    in_file = next(iter(baseline.records), None)
    if in_run is None or in_file is None:
        return f"no answer was compared with {file}: it has {len(baseline.records)} answers"
    (case, name), (old_case, old_name) = in_run, in_file
    folder = os.path.relpath(project.root)
    return (
        f"no answer was compared with {file}: it has answers such as {old_name} on {old_case}, the "
        f"run has {name} on {case}; paths in {file} are relative to the folder {folder}"
    )


def _missing_digest_notes(pairs: Iterable[tuple[CaseResult, AnswerRecord | None]]) -> Iterable[str]:
    """Notes that a digest of the inputs is missing, so that a change of them would not show."""
    known = [(result, before) for result, before in pairs if before is not None]
    count = sum(before.inputs is None for _, before in known)
    if count:
        answers = f"{count} answer{'s' if count > 1 else ''} in the baseline"
        yield f"{answers} without a digest of the inputs, which may have changed; accept adds it"
    if any(result.inputs is None for result, _ in known):
        yield "the saved run has no digest of the inputs, which may have changed"


def _environment_notes(report: Report, baseline: Baseline, project: Project) -> Iterable[str]:
    """A note for each implementation whose version, device or platform differs from the
    baseline's."""
    before: dict[str, set[Environment]] = {}
    for (_, name), place in baseline.environments.items():
        before.setdefault(name, set()).add(place)
    for name in report.implementations:
        now = environment(report, name)
        others = sorted(map(str, before.get(project.implementation(name), set()) - {now}))
        if others and now is not None:
            yield f"{name}: {' and '.join(others)} in the baseline; {now} in this run"


def environment(report: Report, implementation: str) -> Environment | None:
    """Where an implementation ran; None where it did not. The tool computes the reference."""
    if implementation == REFERENCE:
        return Environment("exact", "cpu", report.machine)
    host = report.hosts.get(implementation)
    return None if host is None else Environment(host.version, host.device, report.machine)


class NotAcceptedError(UserError):
    """Raised where divergences are to be accepted without a reason."""


def accept(
    report: Report,
    before: Baseline | None,
    because: str | None,
    project: Project,
    prune: bool = False,
) -> Baseline:
    """The baseline of a report over an earlier one, whose answers stay where nothing ran.

    An accepted divergence that is unchanged keeps its earlier record: were it recorded anew each
    time, it could grow step by step. because: the reason for the other divergences and failures;
    NotAcceptedError where there are any without a reason, UserError where it is unknown with which
    versions an implementation answered. prune: drop the answers that the run should have had and
    has not, and those of missing implementations to other inputs.
    """
    report = report.without_gate
    records = {} if before is None else dict(before.records)
    places = {} if before is None else dict(before.environments)
    keys = project.keys(map(_key, report.results))
    if prune:
        stale = set(_absent_in_scope(report, records.keys() - {*keys.values()}, project))
        stale |= {keys[_key(r)] for r in report.results if _is_stale(r, records.get(keys[_key(r)]))}
        records = {key: record for key, record in records.items() if key not in stale}
    refused: list[str] = []
    for result in report.results:
        if result.status == "missing":
            continue
        place = environment(report, result.implementation)
        if place is None:
            raise UserError(_no_environment_text(result.implementation))
        key, record = keys[_key(result)], answer_record(result)
        if result.status in BAD:
            accepted = _accepted_record(records.get(key), record, key)
            if accepted is not None and not move_between(accepted, record).same_bits:
                records[key] = replace(accepted, inputs=record.inputs or accepted.inputs)
                continue
            reason = because if accepted is None else accepted.because
            if reason is None:
                refused.append(f"{result.implementation} {result.status} on {result.case.id}")
            record = replace(record, because=reason)
        records[key], places[key] = record, place
    if refused:
        raise NotAcceptedError(_refusal_text(refused))
    return Baseline(records, {key: places[key] for key in records})


def _is_stale(result: CaseResult, before: AnswerRecord | None) -> bool:
    """Whether the record is of other inputs, and its implementation is missing in this run."""
    if before is None or before.inputs is None:
        return False
    return result.status == "missing" and before.inputs != result.inputs


def _accepted_record(
    before: AnswerRecord | None, now: AnswerRecord, key: Key
) -> AnswerRecord | None:
    """The earlier record, where it is of an accepted divergence that is unchanged."""
    if before is None or change_between(*key, before, now).kind != "known":
        return None
    return before


def _no_environment_text(implementation: str) -> str:
    return f"environment: {implementation} has answers but no environment; run it again"


def _refusal_text(refused: Sequence[str]) -> str:
    shown = [*refused[:_MAX_SHOWN], and_more(len(refused) - _MAX_SHOWN)]
    first = f"{len(refused)} to accept without a reason; give it with --because TEXT"
    return "\n".join([first, *(f"  {line}" for line in shown if line)])
