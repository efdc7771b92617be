"""Origin: when a run was made, of what, and by which command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """Where the numbers of a report come from. What is unknown is empty."""

    started: str = ""
    """when the run began, in UTC: `2026-03-01T14:05:09Z`"""
    commit: str = ""
    """the commit that was checked out, as 40 or 64 hexadecimal digits; further changes to the
    files are not looked for"""
    command: str = ""
    """the command line, as a shell takes it"""


def joined(origins: Sequence[Origin]) -> Origin:
    """The origin of several runs as one: the first start, every commit, every command."""
    starts = [origin.started for origin in origins if origin.started]
    return Origin(
        started=min(starts, default=""),
        commit=_each(" and ", [origin.commit for origin in origins]),
        command=_each("; ", [origin.command for origin in origins]),
    )


def _each(between: str, texts: Sequence[str]) -> str:
    return between.join(dict.fromkeys(filter(None, texts)))
