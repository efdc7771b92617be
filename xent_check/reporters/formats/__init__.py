"""The one table of reporters: each is a module with `render(report, terminal) -> str`."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from xent_check.results.report import Report

REPORTERS: tuple[str, ...] = (
    "table", "json", "jsonl", "junit", "markdown", "github", "sarif", "html",
)  # fmt: skip


@dataclass(frozen=True)
class Terminal:
    """What the output can show."""

    width: int = 100
    color: bool = False
    unicode: bool = True


class Reporter(Protocol):
    """A pure function of a report."""

    def render(self, report: Report, terminal: Terminal) -> str:
        """The report as text."""
        ...


def reporter(name: str) -> Reporter:
    """The reporter of that name, loaded."""
    return cast(Reporter, importlib.import_module(f"{__name__}.{name}"))
