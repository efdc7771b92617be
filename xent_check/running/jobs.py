"""Jobs: one problem for one implementation each."""

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
    """A case for one implementation."""

    posed: PosedCase  # the case with the arrays that the workers get
    implementation: Implementation  # the one that answers
    message: Message  # the problem, encoded for the workers

    @cached_property
    def missing(self) -> str | None:
        """Why the implementation cannot run here; None where it can."""
        return why_missing(self.implementation)

    @property
    def request(self) -> Request:
        """The request to the worker."""
        i = self.implementation
        own = bool(i.function)
        return Request(i.entry.module, i.own or i.mode, i.device, self.message, introduced=own)


def implementations_of(
    posed: PosedCase,
    chosen: Sequence[Implementation] | None,
    pythons: Sequence[Python] = (),
) -> Sequence[Implementation]:
    """The implementations that run on a case: the chosen ones, else those that the case lists, else
    the default set. `pythons` place them, and add the labelled columns."""
    return expanded(chosen or posed.implementations or DEFAULT, pythons)


def encode_case(posed: PosedCase, folder: str) -> tuple[PosedCase, Message]:
    """The case with the arrays that the workers get, and their message.

    An array file may change during the run: answers would be compared with the value for other
    numbers, and reading a mapped file that was cut short ends the process (SIGBUS). Large arrays go
    through files in `folder`.
    """
    message = encode_problem(posed.problem, Path(folder))
    return replace(posed, problem=decode_problem(message)), message
