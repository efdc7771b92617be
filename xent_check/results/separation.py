"""Separation: which choices separate several answers to one case, from the reasons of each."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from xent_check.diagnosis.diagnosis import ROUNDING, Change, Explanation

from .explanation import Explained

_READINGS = 4  # explanations of one answer that are held against those of the others


@dataclass(frozen=True)
class Separation:
    """What the answers have in common, and what each does that not all do."""

    shared: tuple[Change, ...]
    """the changes of meaning that all make"""
    own: tuple[tuple[str, tuple[Change, ...]], ...]
    """who, and the changes that some other does not make; none of who gives the exact value but
    for the shared ones. In the answers' order"""

    @property
    def none(self) -> bool:
        """Whether all compute the same."""
        return not any(changes for _, changes in self.own)


def separation(items: Sequence[Explained]) -> Separation | None:
    """What separates the answers; None where nothing explains one of them, or where two are parts
    of one answer.

    Where an answer has several explanations, those are taken that leave the fewest changes apart.
    """
    whose = [item.who for item in items]
    told_apart = len({*whose}) == len(whose) > 1
    if not told_apart or not all(item.diagnosis.explained for item in items):
        return None
    readings = [item.diagnosis.explanations[:_READINGS] for item in items]
    return min(
        (_of(whose, chosen) for chosen in itertools.product(*readings)),
        key=lambda one: sum(len(changes) for _, changes in one.own),
    )


def _of(whose: Sequence[str], chosen: Sequence[Explanation]) -> Separation:
    made = [() if one.id == ROUNDING else one.changes for one in chosen]
    shared = tuple(change for change in made[0] if all(change in changes for changes in made))
    own = (tuple(change for change in changes if change not in shared) for changes in made)
    return Separation(shared, tuple(zip(whose, own, strict=True)))
