"""What changed on the HTML page: the changes by kind, those that fail first.

Pure functions of a report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass

from xent_check.casefile.paths import split_id
from xent_check.results.change import ABOUT, BAD, KINDS, Change, ChangeKind, GateResult
from xent_check.results.number_text import small
from xent_check.results.report import STATUSES, CaseResult, Report

from ..change_sentences import MAX_SHOWN, NAMES, direction, gone_text, ordered
from ..terminal_matrix import mark
from .far_off import in_short
from .matrix import LINKED, Ids
from .text import TERMINAL, plural

# The kinds by importance, the first ones with a row for each change.
_LISTED: tuple[ChangeKind, ...] = (
    "new", "behaviour", "inputs", "missing", "removed", "fixed", "drifted",
)  # fmt: skip
_ORDER = (*_LISTED, *(kind for kind in KINDS if kind not in _LISTED))
# The kinds that the columns of the table say wholly.
_IN_NUMBERS: tuple[ChangeKind, ...] = (
    "inputs", "drifted", "fixed", "missing", "removed", "added", "same",
)  # fmt: skip

_NEXT: dict[ChangeKind, str] = {"inputs": "; accept -k records the new ones"}


@dataclass(frozen=True)
class ChangeState:
    """The status of an answer in one of the two runs."""

    status: str  # "" where there was no answer
    mark: str  # the character of the status


@dataclass(frozen=True)
class ChangeRow:
    """A change of one answer."""

    implementation: str  # its name
    case: str  # the case's name
    file: str  # the path of its file
    link: str  # the id of the answer's details, or of the case's row; "" for an answer that is gone
    before: ChangeState  # in the baseline, or the column that the other is held against
    after: ChangeState  # in this run, or the other column
    ulps: str  # how far a loss moved at most; "" where that was not measured
    share_before: str  # the largest error as a share of what rounding explains; "" if unknown
    share_after: str  # the same after
    words: str  # what the columns do not say; "" where they say all
    fails: bool  # whether it makes the run fail


@dataclass(frozen=True)
class ChangeGroup:
    """The changes of one kind."""

    kind: ChangeKind  # of all its changes
    name: str  # in words
    about: str  # what the kind means
    count: int  # how many changes there are
    failing: int  # how many of them make the run fail
    rows: tuple[ChangeRow, ...]  # those that have a row
    rest: str  # how many have none, in words; "" where all have one


@dataclass(frozen=True)
class Changes:
    """A run against a baseline, or one column against another."""

    title: str  # what is compared
    summary: str  # what fails and by which rules, and what has no kind of its own
    groups: tuple[ChangeGroup, ...]  # the kinds that have rows
    others: tuple[tuple[int, str], ...]  # the other kinds: how many changes, and the name
    notes: tuple[str, ...]  # other differences between the runs: versions, devices, platform


def changes_of(report: Report, ids: Ids) -> tuple[Changes, ...]:
    """The changes against the baseline, then those between two interpreters."""
    run = _Run.of(report, ids)
    changes = [] if report.gate is None else [_gate_changes(report.gate, run, report.verbose)]
    for variants in report.variants:
        groups, others = _groups(variants.changes, (), 0, run, report.verbose)
        title = f"{variants.before} -> {variants.after}"
        changes.append(Changes(title, direction(variants.changes), groups, others, ()))
    return tuple(changes)


@dataclass(frozen=True, eq=False)
class _Run:
    """The answers of the run, and the elements that tell of them."""

    results: dict[tuple[str, str], CaseResult]  # by case and implementation
    answers: dict[tuple[str, str], str]  # the ids of their details
    cases: dict[str, str]  # by case: the row of the matrix

    @staticmethod
    def of(report: Report, ids: Ids) -> _Run:
        results = {(r.case.id, r.implementation): r for r in report.results}
        answers = {key: ids.result(r) for key, r in results.items() if r.status in LINKED}
        return _Run(results, answers, {r.case.id: ids.case(r.case.id) for r in report.results})

    def link(self, change: Change) -> str:
        answer = self.answers.get((change.case, change.implementation))
        return answer or self.cases.get(change.case, "")

    def words(self, change: Change) -> str:
        """What the columns do not say of a change: of an answer that diverges only now, by how much
        and why."""
        if change.kind in _IN_NUMBERS:
            return ""
        result = self.results.get((change.case, change.implementation))
        if change.kind == "new" and change.before not in BAD and result is not None:
            return in_short(result)
        return change.sentence.removeprefix(f"{change.implementation} on {change.case}: ")


def _gate_changes(gate: GateResult, run: _Run, everything: bool) -> Changes:
    groups, others = _groups(gate.changes, gate.failing, gate.same, run, everything)
    rules = f"--fail-on {','.join(gate.fail_on)}"
    failing = plural(len(gate.failing), "change")
    fails = f"{failing} fail{'s' if len(gate.failing) == 1 else ''}"
    parts = [fails if gate.failing else "no change fails", f"({rules})"]
    left_out = f"{plural(gate.left_out, 'answer')} of the baseline not run" if gate.left_out else ""
    summary = "; ".join(filter(None, (" ".join(parts), gone_text(gate), left_out)))
    return Changes(f"baseline {gate.file}", summary, groups, others, gate.notes)


def _groups(
    changes: Sequence[Change],
    failing: Sequence[Change],
    same: int,
    run: _Run,
    everything: bool,
) -> tuple[tuple[ChangeGroup, ...], tuple[tuple[int, str], ...]]:
    """The kinds that have rows, and the others with how many changes of them there are."""
    fails = set(failing)
    by_kind: dict[ChangeKind, list[Change]] = {}
    for change in ordered(changes):
        by_kind.setdefault(change.kind, []).append(change)
    counts = Counter({kind: len(of_kind) for kind, of_kind in by_kind.items()})
    counts["same"] += same
    kinds = [kind for kind in _ORDER if kind != "same" and kind in by_kind]
    groups = [_group(kind, by_kind[kind], fails, run, everything) for kind in kinds]
    listed = [group for group in groups if group.rows]
    shown = {group.kind for group in listed}
    others = [(counts[kind], NAMES[kind]) for kind in KINDS if counts[kind] and kind not in shown]
    return tuple(sorted(listed, key=lambda group: not group.failing)), tuple(others)


def _group(
    kind: ChangeKind, changes: list[Change], fails: Set[Change], run: _Run, everything: bool
) -> ChangeGroup:
    failing = [change for change in changes if change in fails]
    passing = [change for change in changes if change not in fails]
    shown = passing if everything else passing[: MAX_SHOWN if kind in _LISTED else 0]
    left = len(passing) - len(shown)
    return ChangeGroup(
        kind,
        NAMES[kind],
        ABOUT[kind] + _NEXT.get(kind, ""),
        len(changes),
        len(failing),
        (*(_row(c, run, True) for c in failing), *(_row(c, run, False) for c in shown)),
        f"and {left:,} more (-v shows them)" if left else "",
    )


def _row(change: Change, run: _Run, fails: bool) -> ChangeRow:
    file, name = split_id(change.case)
    return ChangeRow(
        change.implementation,
        name,
        file,
        run.link(change),
        _state(change.before),
        _state(change.after),
        "" if change.ulps is None else small(change.ulps),
        "" if change.share_before is None else small(change.share_before, 2),
        "" if change.share_after is None else small(change.share_after, 2),
        run.words(change),
        fails,
    )


def _state(status: str | None) -> ChangeState:
    known = next((s for s in STATUSES if s == status), None)
    return ChangeState(status or "", mark(known, TERMINAL) if known else "")
