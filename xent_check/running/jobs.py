"""Jobs: one problem for one implementation each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from xent_check.casefile.loading import PosedCase
from xent_check.implementations.names import DEFAULT, Implementation, Python, why_missing
from xent_check.implementations.placement import expanded
from xent_check.problem.evaluation import Missing, Unsupported
from xent_check.problem.problem import Problem
from xent_check.workers.wire import Message, decode_problem, encode_problem
from xent_check.workers.worker import Request


@dataclass(frozen=True, eq=False)
class Job:
    """A case for one implementation."""

    posed: PosedCase  # the case with the arrays that the workers get
    implementation: Implementation  # the one that answers
    message: Message  # the problem, encoded for the workers
    is_chunk: bool = False  # whether the case is a chunk of one

    @cached_property
    def missing(self) -> str | None:
        """Why the implementation cannot run here; None where it can."""
        return why_missing(self.implementation)

    @property
    def unasked(self) -> Missing | Unsupported | None:
        """Why the implementation is not asked; None where it is.

        Labels outside the classes have no exact value: what a user's own loss does with them is
        compared only where the case says what that is.
        """
        if self.missing:
            return Missing(self.missing)
        stated = self.posed.expectation_of(self.implementation) is not None
        if self.implementation.function and not stated and has_labels_outside(self.posed.problem):
            return Unsupported(
                "it has labels outside the classes, which have no exact value: an `expect` of "
                f"{self.implementation.name} in the case says what it answers"
            )
        return None

    @property
    def request(self) -> Request:
        """The request to the worker."""
        return Request.of(self.implementation, self.message)


def has_labels_outside(problem: Problem) -> bool:
    """Whether a label that counts is none of the classes."""
    if problem.loss != "sparse_categorical":
        return False
    problem = problem.aligned
    labels = problem.labels
    outside = (labels < 0) | (labels >= problem.num_classes)
    return bool((outside & problem.kept).any())


def implementations_of(
    posed: PosedCase,
    chosen: Sequence[Implementation] | None,
    pythons: Sequence[Python] = (),
) -> Sequence[Implementation]:
    """The implementations that run on a case: the chosen ones, else those that the case lists, else
    the default set. `pythons` place them, and add the labelled columns."""
    return expanded(chosen or posed.implementations or DEFAULT, pythons)


def encode_case(
    posed: PosedCase, folder: str, known: Mapping[str, Message] = {}
) -> tuple[PosedCase, Message]:
    """The case with the arrays that the workers get, and their message.

    An array file may change during the run: answers would be compared with the value for other
    numbers, and reading a mapped file that was cut short ends the process (SIGBUS). Large arrays go
    through files in `folder`. known: as of `encode_problem`.
    """
    message = encode_problem(posed.problem, Path(folder), known)
    return replace(posed, problem=decode_problem(message)), message
