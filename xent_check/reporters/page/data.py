"""The content of the HTML page, in the words of the other reporters, for the template to lay out.

Pure functions of a report.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from xent_check import __version__
from xent_check.errors import ExitCode
from xent_check.results.durations import Section, sections
from xent_check.results.number_text import small, tidy
from xent_check.results.origin import Origin
from xent_check.results.report import Report

from ..outcome import summary
from ..remarks import findings_of_own, remarks
from .behaviour import Behaviours, behaviours_of
from .causes import Cause, causes_of
from .changes import Changes, changes_of
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
_DIGITS = 12  # of a commit in the head
_LONGEST = 300  # characters of a command line in the head; the whole is below "Environment"
_GATED = "a change against the baseline fails"


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
class Head:
    """The origin of the run, short. What is unknown is empty."""

    date: str  # to the minute
    commit: str  # its first digits
    command: str  # its start, where it is long


@dataclass(frozen=True)
class PageData:
    """The whole page but its plots."""

    verdict: str  # "agrees", "diverges", "nothing compared" or "failed"
    good: bool  # whether the run succeeded
    exit_code: int  # of the command
    meaning: str  # the exit code in words
    summary: str  # how many cases there are, and how many answers of each status
    took: tuple[str, ...]  # of each of the user's own losses, what it was found to take
    seconds: str  # the time of the run, with its unit
    head: Head  # when, of what and by which command the run was made
    matrix: PageMatrix  # the verdicts
    scale: tuple[Level, ...]  # the legend of the matrix's colours
    causes: tuple[Cause, ...]  # what to look at
    wrong: tuple[Detail, ...]  # the answers that diverge or failed, by cause
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
    causes = causes_of(details_of(report, ids, ("diverges", "failed")))
    known = details_of(report, ids, ("known",))
    code = report.exit_code
    gated = code == ExitCode.DIVERGES and report.gate is not None
    return PageData(
        verdict=report.verdict,
        good=code == ExitCode.AGREES,
        exit_code=int(code),
        meaning=_GATED if gated else _MEANINGS[code],
        summary=summary(report).partition(": ")[2],
        took=tuple(findings_of_own(report)),
        seconds=f"{small(report.seconds)} s",
        head=_head(report.origin),
        matrix=matrix_of(report, ids),
        scale=SCALE,
        causes=causes,
        wrong=tuple(detail for cause in causes for detail in cause.details),
        known=by_file(known),
        known_count=len(known),
        changes=changes_of(report, ids),
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


def _head(origin: Origin) -> Head:
    commits = " and ".join(commit[:_DIGITS] for commit in origin.commit.split(" and "))
    command = origin.command
    if len(command) > _LONGEST:
        command = f"{command[:_LONGEST]} ..."
    return Head(_minute(origin.started), commits, command)


def _minute(started: str) -> str:
    """The date and the time of day of `2026-03-01T14:05:09Z`, without the seconds."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\dZ", started)
    return f"{match[1]} {match[2]} UTC" if match else started


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
    origin = report.origin
    known = [("started", origin.started), ("commit", origin.commit), ("command", origin.command)]
    facts += [(label, text) for label, text in known if text]
    if report.tolerance is not None:
        facts.append(("tolerance", f"{tidy(str(report.tolerance))}, for every case"))
    if report.shard is not None:
        facts.append(("shard", str(report.shard)))
    if report.stopped:
        facts.append(("stopped", report.stopped))
    return facts
