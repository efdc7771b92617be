"""The content of the HTML page, in the words of the other reporters, for the template to lay out.

Pure functions of a report.
"""

from __future__ import annotations

from dataclasses import dataclass

from xent_check import __version__
from xent_check.errors import ExitCode
from xent_check.results.durations import Section, sections
from xent_check.results.number_text import small
from xent_check.results.report import Report

from ..change_sentences import ChangeLine, gate_lines, gate_summary, variant_lines, variant_summary
from ..outcome import summary
from ..remarks import remarks
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

    summary: str  # how many changes of each kind there are
    lines: tuple[ChangeLine, ...]  # the changes that are listed, the failing ones first
    notes: tuple[str, ...]  # other differences between the runs: versions, devices, platform


@dataclass(frozen=True)
class NotCompared:
    """The cases that an implementation did not answer for the same reason."""

    implementation: str  # its name
    status: str  # "unsupported" or "missing"
    reason: str  # on one line
    cases: tuple[tuple[str, str], ...]  # of each its name, and the id of its row in the matrix


@dataclass(frozen=True)
class Place:
    """The place where an implementation ran."""

    implementation: str  # its name
    distribution: str  # the framework's, as pip names it
    version: str  # of the distribution
    device: str  # such as "cpu"
    python: str  # the interpreter that `--python` named; "" where it was this one


@dataclass(frozen=True)
class PageData:
    """The whole page but its plots."""

    verdict: str  # "agrees", "diverges", "nothing compared" or "failed"
    good: bool  # whether the run succeeded
    exit_code: int  # of the command
    meaning: str  # the exit code in words
    summary: str  # how many cases there are, and how many answers of each status
    seconds: str  # the time of the run, with its unit
    matrix: PageMatrix  # the verdicts
    scale: tuple[Level, ...]  # the legend of the matrix's colours
    wrong: tuple[Detail, ...]  # the answers that diverge or failed, in the report's order
    known: tuple[DetailFile, ...]  # the known divergences by file
    known_count: int  # how many known divergences there are
    changes: tuple[Changes, ...]  # against the baseline, then between columns
    not_compared: tuple[NotCompared, ...]  # what is unsupported or missing, by reason
    errors: tuple[Errors, ...]  # the errors of each implementation that has some
    behaviours: Behaviours  # nan, infinities and failures
    notes: tuple[str, ...]  # notes and warnings, each on one line
    durations: tuple[Section, ...]  # the time by activity, and the slowest answers
    places: tuple[Place, ...]  # where each implementation ran
    facts: tuple[tuple[str, str], ...]  # labels and texts about the run as a whole


def page_data(report: Report) -> PageData:
    """The content of a report's page."""
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
            for name, host in report.answering_hosts.items()
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
    absent = [
        f"{name} is required and not installed, and no case asks for it" for name in report.absent
    ]
    lines = [*absent, *remarks(report, everything=True)]
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
