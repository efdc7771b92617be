"""Jobs: who is asked what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from xent_check.casefile.loading import PosedCase
from xent_check.implementations.names import DEFAULT, Implementation, Python, why_missing
from xent_check.implementations.placement import expanded
from xent_check.workers.wire import Message, decode_problem, encode_problem
from xent_check.workers.worker import Request


@dataclass(frozen=True, eq=False)
class Job:
    """A case for one implementation. message: its problem, as the workers get it."""

    posed: PosedCase
    implementation: Implementation
    message: Message

    @cached_property
    def missing(self) -> str | None:
        """Why nobody is there to answer it."""
        return why_missing(self.implementation)

    @property
    def request(self) -> Request:
        """What the worker is asked."""
        i = self.implementation
        return Request(i.entry.module, i.function or i.mode, i.device, self.message)


def implementations_of(
    posed: PosedCase,
    chosen: Sequence[Implementation] | None,
    pythons: Sequence[Python] = (),
) -> Sequence[Implementation]:
    """What runs on a case: the chosen, else those the case lists, else the default set; each where
    `pythons` say, and the labelled ones beside it."""
    return expanded(chosen or posed.implementations or DEFAULT, pythons)


def as_sent(posed: PosedCase, folder: str) -> tuple[PosedCase, Message]:
    """The message for the workers, and the case with the arrays that they get of it. A file of the
    case may be written anew meanwhile: other numbers than theirs would be held against theirs, and
    what is mapped of a file that was cut off ends the process (SIGBUS)."""
    message = encode_problem(posed.problem, Path(folder))
    return replace(posed, problem=decode_problem(message)), message
