"""What a search by `fuzz` found, as text. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xent_check.errors import visible
from xent_check.results.number_text import count_of, small
from xent_check.results.report import CaseResult

from .formats import Terminal
from .sentences import sentence
from .terminal_lines import Line, drawn


@dataclass(frozen=True)
class Search:
    """What was searched."""

    examples: int  # problems that were drawn
    answers: int  # that were compared with the exact value
    implementations: int  # that were asked
    seconds: float  # in all
    seed: int  # of the first problems
    worst: str  # the largest share of the bound of an answer that agrees; "" where there is none
    before: int  # cases that an earlier search found, which were not looked for
    folder: str  # of the cases
    declared: int = 0  # answers that departed as a case that ships declares


def text(search: Search, found: Sequence[CaseResult], terminal: Terminal) -> str:
    """A block for each find, in the words of a run, then a line on the search."""
    lines: list[Line] = []
    for result in found:
        lines.append(Line(sentence(result), "bold", 2))
        lines.append(Line(f"  xent-check explain {visible(result.case.id)}", "dim", 4))
        lines.append(Line(""))
    if search.before:
        cases = count_of(search.before, "case")
        words = f"{cases} found before: xent-check run {visible(search.folder)}"
        lines.append(Line(words, "", 2))
    if search.declared:
        answers = count_of(search.declared, "answer")
        words = f"{answers} departed as corpus:found declares: xent-check run corpus:found"
        lines.append(Line(words, "", 2))
    if search.worst:
        lines.append(Line(f"the worst that agrees: {search.worst}", "", 2))
    lines.append(Line(summary(search, len(found)), "bold", 2))
    return "\n".join(drawn(lines, terminal))


def summary(search: Search, finds: int) -> str:
    """The outcome in one line."""
    outcome = (
        f"{count_of(finds, 'find')}, in {visible(search.folder)}" if finds else "nothing found"
    )
    asked = count_of(search.implementations, "implementation")
    return (
        f"{outcome}: {count_of(search.examples, 'problem')}, {asked}, "
        f"{count_of(search.answers, 'answer')} compared in {small(search.seconds)} s "
        f"(--seed {search.seed})"
    )
