"""The details of a result on the HTML page: its sentence, its tables, the commands to run next.

Pure functions of a report.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from xent_check.results.behaviour import judgement_lines
from xent_check.results.number_text import small, tidy
from xent_check.results.report import CaseResult, Report, Status

from ..sentences import NumberTable, number_tables, sentence, traceback_lines
from ..terminal_matrix import mark
from .far_off import FarOff, far_off, in_short
from .matrix import Ids
from .text import TERMINAL


@dataclass(frozen=True)
class Detail:
    """One result in full."""

    id: str  # of the element on the page
    case_link: str  # the id of the case's row in the matrix
    case: str  # its name
    file: str  # the path of the case's file
    implementation: str  # its name
    status: Status  # the verdict
    mark: str  # the character of the status
    sentence: str  # as on the terminal, but that a stated number is missed its numbers say
    far: FarOff | None  # the number that is furthest off; None where none diverges
    short: str  # how far off it is, and why
    description: str  # the case's; "" where it has none
    source: str  # the case's, any text; "" where it has none
    explanations: tuple[str, ...]  # the explanations, or that there is none
    facts: tuple[tuple[str, str], ...]  # labels and texts
    judgement: tuple[str, ...]  # the smallest atol that is enough, and the share of the bound
    traceback: str  # of what a user's own function raised, in lines; "" of any other
    tables: tuple[NumberTable, ...]  # the numbers beside what they are compared with
    commands: tuple[str, ...]  # the command lines to run next
    result: CaseResult  # the result itself, which the plots are drawn from

    @property
    def source_is_link(self) -> bool:
        """Whether the source, which may be any text, is a web address."""
        return self.source.startswith(("https://", "http://")) and " " not in self.source


@dataclass(frozen=True)
class DetailFile:
    """The details of the results of a case file."""

    file: str  # its path
    details: tuple[Detail, ...]  # in the report's order


def details_of(report: Report, ids: Ids, statuses: Sequence[Status]) -> tuple[Detail, ...]:
    """The details of each result of these statuses, in the report's order."""
    return tuple(_detail(r, report, ids) for r in report.results if r.status in statuses)


def by_file(details: Sequence[Detail]) -> tuple[DetailFile, ...]:
    """The details grouped by file."""
    groups = groupby(details, key=lambda detail: detail.file)
    return tuple(DetailFile(file, tuple(of)) for file, of in groups)


def _detail(result: CaseResult, report: Report, ids: Ids) -> Detail:
    case, far = result.case, far_off(result) if result.status == "diverges" else None
    # Beside the number that is stated, that it is missed says nothing more.
    described = replace(result, reason=None) if far and far.expected else result
    return Detail(
        id=ids.result(result),
        case_link=ids.case(case.id),
        case=case.name,
        file=case.shown,
        implementation=result.implementation,
        status=result.status,
        mark=mark(result.status, TERMINAL),
        sentence=" ".join(sentence(described).split()),
        far=far,
        short=in_short(result),
        description=case.fields.description or "",
        source=case.fields.source or "",
        explanations=tuple(_explanations(result)),
        facts=tuple(_facts(result)),
        judgement=tuple(judgement_lines(result, report.verbose)),
        traceback="\n".join(traceback_lines(result)),
        tables=tuple(number_tables(result, report.verbose)),
        commands=() if result.status == "known" else tuple(_commands(result, report)),
        result=result,
    )


def _explanations(result: CaseResult) -> Iterator[str]:
    """What further checks found; each explanation of the numbers, or without one the hypothesis
    that comes closest."""
    diagnosis = result.diagnosis
    if result.status != "diverges" or diagnosis is None:
        return
    yield from (found.sentence for found in diagnosis.conduct)
    if not diagnosis.explained:
        if diagnosis.conduct:
            return
        yield "no known hypothesis explains these numbers"
        for near in [e for e in diagnosis.closest if e.share_explained][:1]:
            share = f"{near.share_explained:.0%} of the numbers that differ"
            yield f"the closest explains {share}: {near.sentence}"
        return
    first, *alternatives = diagnosis.explanations
    residual = first.max_abs_residual
    nearness = f"within {small(residual)}" if residual else "exactly"
    yield f"{first.sentence} (gives every number {nearness})"
    yield from (f"or: {alternative.sentence}" for alternative in alternatives)
    if alternatives and diagnosis.distinguishing_input:
        yield f"to tell them apart: {diagnosis.distinguishing_input}"


def _facts(result: CaseResult) -> Iterator[tuple[str, str]]:
    call = getattr(result.evaluation, "call", "")
    if call:
        yield "call", call
    if result.case.place:
        yield "case", result.case.place
    if result.comparison is not None:
        yield "tolerance", tidy(str(result.case.fields.tolerance))
    yield from (("note", note) for note in result.notes)


def _commands(result: CaseResult, report: Report) -> Iterator[str]:
    """The command lines to run next.

    None for a case that stands in no file, and none where the implementation ran
    in another interpreter: only the whole command line of the run names that.
    """
    host = report.hosts.get(result.implementation)
    if not result.case.place or (host is not None and host.python):
        return
    if result.evaluation is None:
        return
    where = f"{shlex.quote(result.case.id)} -i {shlex.quote(result.implementation)}"
    if result.comparison is None:
        yield f"xent-check run {where} -v"
        return
    yield f"xent-check explain {where}"
    form = "" if host is not None and host.own else " --format markdown"  # nobody reports their own
    yield f"xent-check repro {where}{form}"
