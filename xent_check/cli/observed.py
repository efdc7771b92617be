"""Observed numbers of the command line: one list, or several by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xent_check.casefile.command_line import Arguments
    from xent_check.casefile.loading import PosedCase
    from xent_check.casefile.printed_numbers import Numbers
    from xent_check.results.explanation import Explained

_KEYS = ("observed", "observed_gradient")


@dataclass(frozen=True)
class Pasted:
    """Numbers of one `--observed` or `--observed-gradient`."""

    name: str
    """whose they are; "" where they are the only ones"""
    numbers: Numbers
    """as they were printed"""
    gradient: bool
    """whether they are a gradient"""


def read_observed(
    losses: Sequence[str], gradients: Sequence[str], arguments: Arguments
) -> list[Pasted]:
    """Every `--observed`, then every `--observed-gradient`; adds mistakes to the arguments'.

    A single one may do without a name.
    """
    from xent_check.casefile.command_line import named
    from xent_check.errors import Mistake

    split = [
        (*named(text), key == _KEYS[1])
        for key, texts in zip(_KEYS, (losses, gradients), strict=True)
        for text in texts
    ]
    names = Counter(name for name, _, _ in split)
    advice = "--observed NAME='[...]' --observed OTHER='[...]'"
    if len(split) > 1 and names[""]:
        fault = f"{len(split)} times, not always with a name"
        arguments.mistakes.append(Mistake(_KEYS[:1], fault, "a name for each", advice))
    for name, count in names.items():
        if name and count > 1:
            fault = f"{name} {count} times"
            mistake = Mistake(_KEYS[:1], fault, "a name of its own for each", advice)
            arguments.mistakes.append(mistake)
    return [
        Pasted(name, arguments.observed(text, _KEYS[gradient]), gradient)
        for name, text, gradient in split
    ]


def explain_each(
    posed: PosedCase, observed: Sequence[Pasted], beside: Sequence[str] = ()
) -> list[Explained]:
    """The explanations of each; InvalidError, with every name, where some are not as many as the
    samples. beside: the implementations whose own answers are explained too."""
    from xent_check.errors import InvalidError
    from xent_check.results.explanation import (
        OBSERVED,
        explain_gradient,
        explain_observed,
        observed_numbers,
    )

    items, mistakes = [], []
    for pasted in observed:
        name, numbers = pasted.name, pasted.numbers
        who = f"{name} (as pasted)" if name in beside else name or OBSERVED
        try:
            if pasted.gradient:
                item = explain_gradient(posed, numbers, who)
            else:
                item = explain_observed(posed, observed_numbers(numbers, posed), who)
        except InvalidError as error:
            told = f"{name}: " if name else ""
            mistakes += [replace(m, fault=told + m.fault) for m in error.mistakes]
        else:
            items.append(with_reports(item, name))
    if mistakes:
        raise InvalidError(*mistakes)
    return items


def with_reports(item: Explained, name: str) -> Explained:
    """The explanation with public reports of the same reason in this implementation."""
    from xent_check.implementations.table import IMPLEMENTATIONS
    from xent_check.results.known_issues import known_issues

    if item.best is None or name.partition(":")[0] not in IMPLEMENTATIONS:
        return item
    return replace(item, reports=known_issues(name, item.best.ids))
