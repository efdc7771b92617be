"""The details of a result on the HTML page: the terminal's words, its tables, what to do. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from xent_check.results.behaviour import judgement_lines
from xent_check.results.number_text import small, tidy
from xent_check.results.report import CaseResult, Report, Status

from ..sentences import NumberTable, number_tables, sentence
from ..terminal_matrix import mark
from .matrix import Ids
from .text import TERMINAL

CASE_FILES = (".yaml", ".yml")


@dataclass(frozen=True)
class Detail:
    """One result in full."""

    id: str
    case_link: str
    case: str
    file: str
    implementation: str
    status: Status
    mark: str
    sentence: str  # as on the terminal
    description: str
    source: str
    readings: tuple[str, ...]  # the explanations, or that there is none
    facts: tuple[tuple[str, str], ...]  # labels and texts
    judgement: tuple[str, ...]
    tables: tuple[NumberTable, ...]
    commands: tuple[str, ...]  # to run next
    result: CaseResult

    @property
    def short(self) -> str:
        """The best explanation, else the reason."""
        return next(iter(self.readings), " ".join((self.result.reason or "").split()))

    @property
    def source_is_link(self) -> bool:
        """Whether the source, which may be any text, is a web address."""
        return self.source.startswith(("https://", "http://")) and " " not in self.source


@dataclass(frozen=True)
class DetailFile:
    """The details of a file's results."""

    file: str
    details: tuple[Detail, ...]


def details_of(report: Report, ids: Ids, statuses: Sequence[Status]) -> tuple[Detail, ...]:
    """The details of each result of these statuses, in the report's order."""
    return tuple(_detail(r, report, ids) for r in report.results if r.status in statuses)


def by_file(details: Sequence[Detail]) -> tuple[DetailFile, ...]:
    """The details grouped by file."""
    groups = groupby(details, key=lambda detail: detail.file)
    return tuple(DetailFile(file, tuple(of)) for file, of in groups)


def _detail(result: CaseResult, report: Report, ids: Ids) -> Detail:
    case = result.case
    return Detail(
        id=ids.result(result),
        case_link=ids.case(case.id),
        case=case.name,
        file=case.shown,
        implementation=result.implementation,
        status=result.status,
        mark=mark(result.status, TERMINAL),
        sentence=" ".join(sentence(result).split()),
        description=case.fields.description or "",
        source=case.fields.source or "",
        readings=tuple(_readings(result)),
        facts=tuple(_facts(result)),
        judgement=tuple(judgement_lines(result, report.verbose)),
        tables=tuple(number_tables(result, report.verbose)),
        commands=() if result.status == "known" else tuple(_commands(result, report)),
        result=result,
    )


def _readings(result: CaseResult) -> Iterator[str]:
    """Every explanation of the numbers; else the closest candidate."""
    diagnosis = result.diagnosis
    if result.status != "diverges" or diagnosis is None:
        return
    if not diagnosis.explained:
        yield "nothing that is known explains these numbers"
        for near in [e for e in diagnosis.closest if e.share_explained][:1]:
            yield f"the closest, for {near.share_explained:.0%} of what differs: {near.sentence}"
        return
    first, *others = diagnosis.explanations
    residual = first.max_abs_residual
    nearness = f"within {small(residual)}" if residual else "exactly"
    yield f"{first.sentence} (gives every number {nearness})"
    yield from (f"as well: {other.sentence}" for other in others)
    if others and diagnosis.distinguishing_input:
        yield f"to tell them apart: {diagnosis.distinguishing_input}"


def _facts(result: CaseResult) -> Iterator[tuple[str, str]]:
    call = getattr(result.evaluation, "call", "")
    if call:
        yield "call", call
    yield "case", f"{result.case.shown}:{result.case.line}"
    if result.comparison is not None:
        yield "tolerance", tidy(str(result.case.fields.tolerance))
    yield from (("note", note) for note in result.notes)


def _commands(result: CaseResult, report: Report) -> Iterator[str]:
    """What to run next; nothing for a problem from the command line, nor where the implementation
    ran in another interpreter, which only the whole command line says."""
    host = report.hosts.get(result.implementation)
    if not result.case.shown.endswith(CASE_FILES) or (host is not None and host.python):
        return
    if result.evaluation is None:
        return
    where = f"{shlex.quote(result.case.id)} -i {shlex.quote(result.implementation)}"
    if result.comparison is None:
        yield f"xent-check run {where} -v"
        return
    yield f"xent-check explain {where}"
    if host is None or not host.own:  # no standalone script can hold a function of the user's
        yield f"xent-check repro {where} --format markdown"
