"""Two saved runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xent_check.results.change import Change
from xent_check.results.report import Report

from .changes import changes_between
from .gate import Rule, environment


@dataclass(frozen=True)
class Column:
    """One implementation in both runs."""

    name: str  # of the implementation
    before: str  # where it ran in the earlier run
    after: str  # where it ran in the later run
    changes: tuple[Change, ...]  # of its answers


@dataclass(frozen=True)
class Versus:
    """The comparison of two runs."""

    before: str  # the name of the earlier run
    after: str  # the name of the later run
    columns: tuple[Column, ...]  # one per implementation of either run
    failing: tuple[Change, ...]  # the changes that the rules make fail

    @property
    def common(self) -> int:
        """The number of answers that both runs have."""
        changes = [change for column in self.columns for change in column.changes]
        return sum(change.before is not None and change.after is not None for change in changes)


def versus(before: tuple[str, Report], after: tuple[str, Report], rules: Sequence[Rule]) -> Versus:
    """The changes of every answer from one run to another. before, after: name and report."""
    changes = changes_between(before[1], after[1])
    names = dict.fromkeys(
        [*(r.implementation for r in after[1].results), *(c.implementation for c in changes)]
    )
    columns = tuple(
        Column(
            name,
            _where(before[1], name),
            _where(after[1], name),
            tuple(change for change in changes if change.implementation == name),
        )
        for name in names
    )
    failing = tuple(change for change in changes if any(rule.fails(change) for rule in rules))
    return Versus(before[0], after[0], columns, failing)


def _where(report: Report, name: str) -> str:
    place = environment(report, name)
    return "not run" if place is None else str(place)
