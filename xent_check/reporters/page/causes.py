"""What to look at on the HTML page: the wrong answers by cause, each with how far off it is.

Pure functions of a report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xent_check.problem.expectation import REFERENCE
from xent_check.problem.vocabulary import GRADIENTS
from xent_check.results.behaviour import behaviour
from xent_check.results.report import CaseResult, Status

from ..sentences import finding
from .details import Detail
from .far_off import FarOff

_FAILURES = {
    "crash": "the process died",
    "timeout": "no answer in time",
    "import": "cannot be loaded",
}


@dataclass(frozen=True)
class CauseLine:
    """The answers of one implementation that have the same cause."""

    implementation: str  # its name
    answers: tuple[tuple[str, str], ...]  # of each the case's name, and the id of its details
    case: str  # the name of the case with the answer that is furthest off
    link: str  # the id of the details of that answer
    far: FarOff | None  # how far off it is; None where no numbers were compared
    reason: str  # why it is wrong, where no numbers were compared
    files: tuple[tuple[str, int], ...]  # paths of case files, and how many of the answers are there


@dataclass(frozen=True)
class Cause:
    """What several wrong answers have in common."""

    words: str  # the cause
    status: Status  # "diverges" or "failed"
    mark: str  # the character of the status
    lines: tuple[CauseLine, ...]  # by implementation, the one with the most answers first
    cases: int  # how many cases there are
    details: tuple[Detail, ...]  # of the answers, the furthest off first

    @property
    def answers(self) -> int:
        """How many answers there are."""
        return len(self.details)


def causes_of(wrong: Sequence[Detail]) -> tuple[Cause, ...]:
    """The causes of wrong answers: published numbers that are wrong first, then by how many
    answers there are, divergences before failures."""
    groups: dict[tuple[str, ...], list[Detail]] = {}
    for detail in wrong:
        groups.setdefault(_key(detail.result), []).append(detail)
    causes = [_cause(details) for details in groups.values()]
    return tuple(sorted(causes, key=_rank))


def _rank(cause: Cause) -> tuple[bool, bool, int]:
    return cause.lines[0].implementation != REFERENCE, cause.status == "failed", -cause.answers


def _cause(details: Sequence[Detail]) -> Cause:
    by_name: dict[str, list[Detail]] = {}
    for detail in details:
        by_name.setdefault(detail.implementation, []).append(detail)
    lines = [_line(name, answers) for name, answers in by_name.items()]
    by_size = sorted(details, key=_size, reverse=True)
    words = [_words(detail.result) for detail in by_size]
    return Cause(
        words[0] if len(set(words)) == 1 else f"{words[0]} (in other cases: other values)",
        details[0].status,
        details[0].mark,
        tuple(sorted(lines, key=lambda line: -len(line.answers))),
        len({detail.result.case.id for detail in details}),
        tuple(by_size),
    )


def _line(name: str, details: Sequence[Detail]) -> CauseLine:
    worst = max(details, key=_size)
    return CauseLine(
        name,
        tuple((detail.case, detail.id) for detail in details),
        worst.case,
        worst.id,
        worst.far,
        "" if worst.far else " ".join((worst.result.reason or "").split()),
        tuple(Counter(detail.file for detail in details).most_common()),
    )


def _size(detail: Detail) -> float:
    return -1.0 if detail.far is None else detail.far.size


def _key(result: CaseResult) -> tuple[str, ...]:
    """What results of one cause have in common: the hypotheses that give their numbers, or the
    class of their error; else the words for it."""
    diagnosis = result.diagnosis
    if diagnosis is not None and diagnosis.reasons:
        return result.status, *diagnosis.reasons[0].ids
    return result.status, _words(result)


def _words(result: CaseResult) -> str:
    """The cause in words."""
    if result.status == "failed":
        return _failure(behaviour(result))
    if result.implementation == REFERENCE:
        return "a number that `expect.reference` states is wrong"
    diagnosis = result.diagnosis
    if diagnosis is not None and diagnosis.reasons:
        return diagnosis.reasons[0].sentence
    part = finding(result)
    if part is None or not part.difference.diverging:
        is_vacuous = result.vacuous is not None and result.reason == result.vacuous
        reason = "agrees under a tolerance that would accept wrong answers (--strict)"
        return reason if is_vacuous else " ".join((result.reason or "no numbers").split())
    comparison = result.comparison
    if comparison is not None and comparison.agrees_with_reference:
        return "the exact value, but not the number that `expect` states"
    if part.name in GRADIENTS:
        return "the gradient differs (only losses and totals are explained)"
    if diagnosis is None:
        return "other numbers, not explained yet (xent-check explain)"
    return "other numbers, which no known reason gives"


def _failure(kinds: Iterable[str]) -> str:
    """The kind of a failure in words: how the process ended, or the class of the error."""
    kind = next(iter(kinds), "")
    return _FAILURES.get(kind, f"raises {kind}")
