"""The content of the HTML page, in the words of the other reporters. Pure; the template sets it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xent_check import __version__
from xent_check.errors import ExitCode
from xent_check.results.durations import Section, sections
from xent_check.results.number_text import small
from xent_check.results.report import Report

from ..change_sentences import ChangeLine, gate_lines, gate_summary, variant_lines, variant_summary
from ..sentences import absences, notes, summary
from .behaviour import Behaviours, behaviours_of
from .details import Detail, DetailFile, by_file, details_of
from .errors import Errors, errors_of
from .matrix import SCALE, Ids, Level, PageMatrix, matrix_of

_MEANINGS = {
    ExitCode.AGREES: "everything that was compared agrees, or diverges as declared",
    ExitCode.DIVERGES: "something diverges",
    ExitCode.NOTHING_COMPARED: "nothing was compared, which is not success",
    ExitCode.FAILED: "an implementation crashed, raised, ran out of time, or is required and "
    "missing",
}
_GATED = "a change against the baseline fails"


@dataclass(frozen=True)
class Changes:
    """A run against a baseline, or one column against another."""

    summary: str
    lines: tuple[ChangeLine, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class NotCompared:
    """Cases that an implementation did not answer, for one reason."""

    implementation: str
    status: str
    reason: str
    cases: tuple[tuple[str, str], ...]  # the name, and the id of its row


@dataclass(frozen=True)
class Place:
    """Where an implementation ran."""

    implementation: str
    distribution: str
    version: str
    device: str
    python: str


@dataclass(frozen=True)
class PageData:
    """Everything but the plots."""

    verdict: str
    good: bool
    exit_code: int
    meaning: str
    summary: str
    seconds: str
    matrix: PageMatrix
    scale: tuple[Level, ...]
    wrong: tuple[Detail, ...]
    known: tuple[DetailFile, ...]
    known_count: int
    changes: tuple[Changes, ...]
    not_compared: tuple[NotCompared, ...]
    errors: tuple[Errors, ...]
    behaviours: Behaviours
    notes: tuple[str, ...]
    durations: tuple[Section, ...]
    places: tuple[Place, ...]
    facts: tuple[tuple[str, str], ...]


def page_data(report: Report) -> PageData:
    """The page of a report."""
    ids = Ids.of(report)
    known = details_of(report, ids, ("known",))
    code = report.exit_code
    gated = code == ExitCode.DIVERGES and report.gate is not None
    return PageData(
        verdict=report.verdict,
        good=code == ExitCode.AGREES,
        exit_code=int(code),
        meaning=_GATED if gated else _MEANINGS[code],
        summary=summary(report).partition(": ")[2],
        seconds=f"{small(report.seconds)} s",
        matrix=matrix_of(report, ids),
        scale=SCALE,
        wrong=details_of(report, ids, ("diverges", "failed")),
        known=by_file(known),
        known_count=len(known),
        changes=tuple(_changes(report)),
        not_compared=tuple(_not_compared(report, ids)),
        errors=errors_of(report, ids),
        behaviours=behaviours_of(report, ids),
        notes=tuple(_notes(report)),
        durations=tuple(sections(report)),
        places=tuple(
            Place(name, host.distribution, host.version, host.device, host.python)
            for name, host in report.hosts.items()
        ),
        facts=tuple(_facts(report)),
    )


def _changes(report: Report) -> list[Changes]:
    changes = []
    if report.gate is not None:
        lines = tuple(gate_lines(report.gate, report.verbose))
        changes.append(Changes(gate_summary(report.gate), lines, report.gate.notes))
    for variants in report.variants:
        lines = tuple(variant_lines(variants, report.verbose))
        changes.append(Changes(variant_summary(variants), lines, ()))
    return changes


def _notes(report: Report) -> list[str]:
    absent = [f"{name} is required, is not installed, and is on no case" for name in report.absent]
    lines: Sequence[str] = [*absences(report), *absent, *notes(report), *report.warnings]
    return [" ".join(line.split()) for line in lines]


def _not_compared(report: Report, ids: Ids) -> list[NotCompared]:
    groups: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for r in report.results:
        if r.status in ("unsupported", "missing"):
            key = r.implementation, r.status, " ".join((r.reason or "").split())
            groups.setdefault(key, []).append((r.case.name, ids.case(r.case.id)))
    order = {name: i for i, name in enumerate(report.implementations)}
    last = len(order)
    keys = sorted(groups, key=lambda key: order.get(key[0], last))
    return [NotCompared(*key, tuple(groups[key])) for key in keys]


def _facts(report: Report) -> list[tuple[str, str]]:
    facts = [
        ("xent-check", __version__),
        ("Python", report.python),
        ("platform", report.machine),
        ("cases", f"{report.cases:,}"),
        ("results", f"{len(report.results):,}"),
        ("compared", f"{report.compared:,}"),
        ("time", f"{small(report.seconds)} s"),
    ]
    if report.shard is not None:
        facts.append(("shard", str(report.shard)))
    if report.stopped:
        facts.append(("stopped", report.stopped))
    return facts
