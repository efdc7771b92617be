"""Levels: how much of the cases a run takes; those above its level are left out, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from xent_check.problem.vocabulary import LEVELS, Level


@dataclass(frozen=True)
class LeftOut:
    """A case that was selected, and is above the level of the run."""

    case: str
    """its id, `FILE::NAME`"""
    level: Level
    """the level that runs it"""


def is_above(level: Level, chosen: Level) -> bool:
    """Whether a case of this level is left out at the chosen one."""
    return LEVELS.index(level) > LEVELS.index(chosen)


def left_out_text(left_out: Iterable[LeftOut], option: str = "--level ") -> str:
    """`12 cases of level full left out: --level full`; "" where none is.

    option: what stands before the level in the words that run them.
    """
    counts = Counter(one.level for one in left_out)
    parts = [
        f"{counts[level]:,} {'case' if counts[level] == 1 else 'cases'} of level {level} left out: "
        f"{option}{level}"
        for level in LEVELS
        if counts[level]
    ]
    return "; ".join(parts)
