"""The one table of reporters: each is a module with `render(report, terminal) -> str`."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from xent_check.results.report import Report

REPORTERS: tuple[str, ...] = (
    "table", "json", "jsonl", "junit", "markdown", "github", "sarif", "html",
)  # fmt: skip

_NEEDS = {"html": ("jinja2", "markupsafe", "matplotlib")}  # of the extra of that name


def why_unwritable(name: str) -> str:
    """What a format needs and is not installed, with the command that installs it; or nothing."""
    absent = ", ".join(module for module in _NEEDS.get(name, ()) if find_spec(module) is None)
    return absent and f"needs what is not installed ({absent}): pip install 'xent-check[{name}]'"


@dataclass(frozen=True)
class Terminal:
    """The abilities of the terminal, or of the file, that the text is for."""

    width: int = 100  # columns
    height: int = 40  # lines; more of them do not fit a screen
    color: bool = False  # whether escape sequences of ANSI colour it
    unicode: bool = True  # whether it shows characters beyond ASCII
    verbosity: int = 0  # how much to show: -1 with -q, else how many -v there are


class Reporter(Protocol):
    """A module of this package: one format of a report."""

    def render(self, report: Report, terminal: Terminal) -> str:
        """The report as text: a pure function of its arguments, with a line break at the end."""
        ...


def reporter(name: str) -> Reporter:
    """The reporter of a name in REPORTERS, loaded. ModuleNotFoundError for any other name."""
    return cast(Reporter, importlib.import_module(f"{__name__}.{name}"))
