"""Mutant: a loss that is known to be wrong, or a right one, as the command `mutate` sees it."""

from __future__ import annotations

from dataclasses import dataclass

from xent_check.problem.options import OPTIONS
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Given, Loss

from .kernel import Kernel
from .needs import NEEDS

# The options that the losses here have; a case with another is not asked.
KNOWN = frozenset({
    "class_axis", "normalize", "ignore_index", "label_smoothing", "class_weight", "pos_weight",
    "sample_weight", "reduction", "check", "cotangent", "layout",
})  # fmt: skip


@dataclass(frozen=True, eq=False)
class Mutant:
    """A loss with one bug; without `source` a right one."""

    id: str
    """its name, `maximum-from-zero`"""
    wrong: str
    """what is wrong with it, or what it is, in one sentence without a full stop"""
    source: str
    """the address of the public report; empty for a right loss"""
    reasons: tuple[str, ...]
    """the ids by which `explain` may name the bug, joined by + where it is two at once; none where
    no id says it"""
    needs: tuple[str, ...]
    """what a problem must have for the bug to show, beside its kind; names of NEEDS"""
    losses: tuple[Loss, ...]
    """the losses that it computes"""
    given: Given
    """what it computes them from"""
    made_from: str
    """the id of the right loss that it is, but for the bug; its own for a right one"""
    kernel: type[Kernel] | None = None
    """what answers in this process; None where a worker does"""
    function: str = ""
    """what answers in a worker, `FRAMEWORK=MODULE:ATTRIBUTE`; empty where this process does"""

    @property
    def framework(self) -> str:
        """Whose arrays it takes."""
        return self.function.partition("=")[0] or "numpy"

    @property
    def kind(self) -> str:
        """Its losses and input in words, a name of what cases may lack."""
        losses = "binary" if self.losses == ("binary",) else "categorical"
        return f"{losses} losses from {self.given}"

    def takes(self, problem: Problem) -> bool:
        """Whether it computes this kind of loss, with the options that are set."""
        unknown = any(option.is_set(problem) for option in OPTIONS if option.key not in KNOWN)
        return problem.loss in self.losses and problem.given == self.given and not unknown

    def met_by(self, problem: Problem) -> bool:
        """Whether the bug can show on this problem."""
        return self.takes(problem) and all(NEEDS[need](problem) for need in self.needs)


def mutant_of(kernel: type[Kernel], base: type[Kernel]) -> Mutant:
    """A kernel as a mutant of another, or as a right loss where that is itself."""
    source = f"https://github.com/{kernel.source}" if kernel.source else ""
    return Mutant(
        kernel.id(), kernel.wrong(), source, kernel.reasons, kernel.needs, kernel.losses_taken,
        kernel.given, base.id(), kernel=kernel,
    )  # fmt: skip
