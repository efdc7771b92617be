"""Observed numbers of the command line: one list, or several by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xent_check.casefile.command_line import Arguments
    from xent_check.casefile.loading import PosedCase
    from xent_check.casefile.printed_numbers import Numbers
    from xent_check.results.explanation import Explained

KEY = "observed"


def read_observed(texts: Sequence[str], arguments: Arguments) -> list[tuple[str, Numbers]]:
    """The name and the numbers of each `--observed`; adds mistakes to the arguments'.

    A single one may do without a name, which is then "".
    """
    from xent_check.casefile.command_line import named
    from xent_check.errors import Mistake

    pairs = [named(text) for text in texts]
    names = Counter(name for name, _ in pairs)
    advice = "--observed NAME='[...]' --observed OTHER='[...]'"
    if len(pairs) > 1 and names[""]:
        fault = f"{len(pairs)} times, not always with a name"
        arguments.mistakes.append(Mistake((KEY,), fault, "a name for each", advice))
    for name, count in names.items():
        if name and count > 1:
            fault = f"{name} {count} times"
            arguments.mistakes.append(Mistake((KEY,), fault, "a name of its own for each", advice))
    return [(name, arguments.observed(text)) for name, text in pairs]


def explain_each(
    posed: PosedCase, observed: Sequence[tuple[str, Numbers]], beside: Sequence[str] = ()
) -> list[Explained]:
    """The explanations of each; InvalidError, with every name, where some are not as many as the
    samples. beside: the implementations whose own answers are explained too."""
    from xent_check.errors import InvalidError
    from xent_check.results.explanation import OBSERVED, explain_observed, observed_numbers

    items, mistakes = [], []
    for name, numbers in observed:
        who = f"{name} (as pasted)" if name in beside else name or OBSERVED
        try:
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
