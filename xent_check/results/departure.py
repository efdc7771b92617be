"""Departure: what a further check found an implementation to do that none should."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from xent_check.problem.vocabulary import DepartureId

# What each means, in a sentence.
MEANINGS: Mapping[DepartureId, str] = {
    "input-overwritten": "it overwrites arrays that it was given, which are the caller's",
    "not-repeatable": "a second call with the same arrays gives other bits",
    "row-dependent": "a sample's loss depends on the other rows",
}


@dataclass(frozen=True)
class Departure:
    """What was found."""

    id: DepartureId
    """as `explain` and the `conduct` of a case name it"""
    sentence: str
    """what it does, where, and by how much"""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """the same as values of JSON"""

    @property
    def beyond(self) -> str:
        """What is worse than the id says: who declares the id has not declared that."""
        return str(self.parameters.get("beyond", ""))

    @property
    def behaviour(self) -> str:
        """What is the same in every run: the id, what is worse than it says, and the arrays that it
        overwrites."""
        more = self.beyond or ", ".join(sorted(self.parameters.get("changed", ())))
        return f"{self.id}: {more}" if more else self.id


@dataclass(frozen=True)
class Checked:
    """A further check that was made."""

    extent: str
    """what was asked of the implementation, in a few words"""
    departure: Departure | None = None
    """what was found; None where all is as it should be"""
