"""Pasted numbers: of one answer or of several by name, each with its explanation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from xent_check.casefile.loading import PosedCase
from xent_check.casefile.printed_numbers import Numbers
from xent_check.errors import InvalidError, Mistake
from xent_check.implementations.table import IMPLEMENTATIONS
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import PARAMETERS, Parameter

from .explanation import OBSERVED, Explained, explain_gradient, explain_observed, observed_numbers
from .known_issues import known_issues


@dataclass(frozen=True)
class Pasted:
    """Numbers that somebody observed."""

    name: str
    """whose they are; "" where they are the only ones. Of a gradient of a last layer also what it
    is by: `weight`, or `NAME:weight`"""
    numbers: Numbers
    """with the precision that they were given in"""
    gradient: bool
    """whether they are a gradient"""


def name_mistakes(names: Sequence[str], key: str, advice: str) -> Iterator[Mistake]:
    """What is wrong with the names of several numbers, "" where there is none: each needs one of
    its own, but for one alone. key: of the mistake; advice: how to write it."""
    counts = Counter(names)
    if len(names) > 1 and counts[""]:
        fault = f"{len(names)} times, not always with a name"
        yield Mistake((key,), fault, "a name for each", advice)
    for name, count in counts.items():
        if name and count > 1:
            fault = f"{name} {count} times"
            yield Mistake((key,), fault, "a name of its own for each", advice)


def explain_each(
    posed: PosedCase, observed: Sequence[Pasted], beside: Sequence[str] = ()
) -> list[Explained]:
    """The explanations of each; InvalidError, with every name, where some are not as many as the
    samples. beside: the implementations whose own answers are explained too."""
    items, mistakes = [], []
    for pasted in observed:
        name, by = _by(pasted, posed.problem)
        who = f"{name} (as pasted)" if name in beside else name or OBSERVED
        try:
            if pasted.gradient:
                item = explain_gradient(posed, pasted.numbers, who, by)
            else:
                item = explain_observed(posed, observed_numbers(pasted.numbers, posed), who)
        except InvalidError as error:
            told = f"{pasted.name}: " if pasted.name else ""
            mistakes += [replace(m, fault=told + m.fault) for m in error.mistakes]
        else:
            items.append(with_reports(item, name))
    if mistakes:
        raise InvalidError(*mistakes)
    return items


def _by(pasted: Pasted, problem: Problem) -> tuple[str, Parameter | None]:
    """Whose numbers they are, and the parameter of the last layer that a gradient is by."""
    who, _, part = pasted.name.rpartition(":")
    if not pasted.gradient or problem.given != "hidden":
        return pasted.name, None
    for parameter in problem.parameters:
        if part == parameter:
            return who, parameter
    if part in PARAMETERS:
        fault = f"{pasted.name}: the case has no {part}"
        raise InvalidError(Mistake(("observed_gradient",), fault, "", ""))
    return (who, None) if part == "hidden" else (pasted.name, None)


def with_reports(item: Explained, name: str) -> Explained:
    """The explanation with public reports of the same reason in this implementation."""
    if item.best is None or name.partition(":")[0] not in IMPLEMENTATIONS:
        return item
    return replace(item, reports=known_issues(name, item.best.ids))
