"""Versus: two saved runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xent_check.results.change import Change
from xent_check.results.report import Report

from .changes import changes_between
from .gate import Rule, environment


@dataclass(frozen=True)
class Column:
    """One implementation: where it ran, before and after; what became of its answers."""

    name: str
    before: str
    after: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Versus:
    """before, after: the runs' names. failing: the changes that are to fail."""

    before: str
    after: str
    columns: tuple[Column, ...]
    failing: tuple[Change, ...]

    @property
    def common(self) -> int:
        """How many answers both runs have."""
        changes = [change for column in self.columns for change in column.changes]
        return sum(change.before is not None and change.after is not None for change in changes)


def versus(before: tuple[str, Report], after: tuple[str, Report], rules: Sequence[Rule]) -> Versus:
    """What became of every answer, from the one run to the other."""
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
