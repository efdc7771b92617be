"""Remarks: what is said beside the verdicts, in a line for several cases. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from xent_check.errors import and_more, visible
from xent_check.results.report import CaseResult, Report

MAX_NOTES = 10  # unless all are asked for


def remarks(report: Report, everything: bool = False) -> list[str]:
    """Why nothing was compared, what is missing, the notes, what tolerances accept, and warnings.

    everything: each note, and each case whose tolerance would accept a wrong answer.
    """
    lines = notes(report)
    if len(lines) > MAX_NOTES and not everything:
        more = and_more(len(lines) - MAX_NOTES + 1)
        lines = [*lines[: MAX_NOTES - 1], f"{more} such notes: -v lists them"]
    accepted = vacuities(report, everything)
    return [*unanswered(report), *absences(report), *lines, *accepted, *report.warnings]


def unanswered(report: Report) -> list[str]:
    """Why no implementation was compared, where none was."""
    if report.compared_implementations:
        return []
    cases: dict[tuple[str, str], list[str]] = {}
    for result in report.results:
        if result.status == "unsupported":
            cases.setdefault((result.implementation, result.reason or ""), []).append(
                result.case.id
            )
    lines = [
        f"{visible(f'{name} does not support {_cases_text(ids)}')}: {why}"
        for (name, why), ids in cases.items()
    ]
    more = and_more(len(lines) - MAX_NOTES + 1) if len(lines) > MAX_NOTES else ""
    return [*lines[: MAX_NOTES - 1], more] if more else lines


def silent(report: Report) -> list[str]:
    """The implementations that support no case, where others do."""
    if not report.compared_implementations:
        return []
    statuses: dict[str, set[str]] = {}
    reasons: dict[str, str] = {}
    for result in report.results:
        statuses.setdefault(result.implementation, set()).add(result.status)
        reasons.setdefault(result.implementation, result.reason or "")
    none = [name for name, kinds in statuses.items() if kinds == {"unsupported"}]
    return [f"{name} supports none of its cases; of the first: {reasons[name]}" for name in none]


def findings_of_own(report: Report) -> list[str]:
    """A line for each of the user's own losses: what it was found to take."""
    return [visible(host.took) for host in report.hosts.values() if host.took]


def absences(report: Report, required: bool = False) -> list[str]:
    """Those that are missing, once for each reason. required: those alone that must not be."""
    reasons = {
        r.implementation: r.reason
        for r in report.results
        if r.status == "missing" and (r.required or not required)
    }
    names: dict[str | None, list[str]] = {}
    for name, reason in reasons.items():
        names.setdefault(reason, []).append(name)
    return [
        f"{', '.join(group)} {'is' if len(group) == 1 else 'are'} missing: {reason}"
        for reason, group in names.items()
    ]


def notes(report: Report) -> list[str]:
    """The notes of the results; the same note on several cases, or on the same ones by several
    implementations, is one line."""
    cases: dict[tuple[str, str], list[str]] = {}
    for result in report.results:
        for note in result.notes:
            cases.setdefault((result.implementation, note), []).append(result.case.id)
    names: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (name, note), ids in cases.items():
        names.setdefault((note, tuple(ids)), []).append(name)
    return [
        f"{visible(', '.join(who))} on {visible(_cases_text(ids))}: {note}"
        for (note, ids), who in names.items()
    ]


def vacuities(report: Report, everything: bool) -> list[str]:
    """The cases whose tolerance would accept a wrong answer: how many, or where everything is
    asked for, or there is but one, what it would accept."""
    vacuous = [result for result in report.results if result.vacuous]
    cases = {result.case.id for result in vacuous}
    if len(cases) > 1 and not everything:
        answer = "a loss of 0, or another wrong answer"
        return [f"{len(cases)} cases whose tolerance would accept {answer}: -v lists them"]
    return list(dict.fromkeys(map(_vacuity, vacuous)))


def _vacuity(result: CaseResult) -> str:
    return f"{visible(result.case.id)}: {result.vacuous}"


def _cases_text(cases: Sequence[str]) -> str:
    return cases[0] if len(cases) == 1 else f"{len(cases)} cases, the first {cases[0]}"
