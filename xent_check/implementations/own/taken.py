"""Taken: what a user's loss was found to take and to return, and what not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import GIVEN, Given, Loss

Returns = Literal["losses", "losses, gradient", "mean", "weighted_mean", "sum"]
EXPLICIT: Final = "losses, gradient"


@dataclass(frozen=True)
class Kind:
    """A loss of an input that it takes."""

    loss: Loss
    """which loss it computes"""
    given: Given
    """from which input"""
    returns: Returns
    """what comes back"""
    weighted: Returns
    """the same where classes have weights"""
    axes: tuple[int, ...]
    """how many axes the samples may have: 0, 1, and 2 for more"""


@dataclass(frozen=True)
class Refused:
    """A loss of an input that it does not take."""

    loss: Loss
    """which loss it was asked for"""
    given: Given
    """from which input"""
    why: str
    """in a few words"""
    raised: bool
    """whether the call raised, and gave no numbers"""


@dataclass(frozen=True)
class Taken:
    """What was found out; nothing where it was not asked, or never answered."""

    kinds: tuple[Kind, ...] = ()
    """those that it takes"""
    refused: tuple[Refused, ...] = ()
    """those that it does not take"""

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Taken:
        """From its plain values, as `dataclasses.asdict` gives them."""
        kinds = [Kind(**{**kind, "axes": tuple(kind["axes"])}) for kind in message["kinds"]]
        return cls(tuple(kinds), tuple(Refused(**one) for one in message["refused"]))

    def kind_of(self, problem: Problem) -> Kind | None:
        """The kind of a problem; None where it is none of those that are taken."""
        asked = problem.loss, problem.given
        return next((kind for kind in self.kinds if (kind.loss, kind.given) == asked), None)

    def why_not(self, problem: Problem) -> str | None:
        """Why a problem is not asked; None where it is.

        What computes nothing of all is asked whatever it does not raise on.
        """
        if self.kind_of(problem) is not None:
            return None
        asked = problem.loss, problem.given
        for one in self.refused:
            if (one.loss, one.given) == asked:
                everything_raises = not self.kinds and all(r.raised for r in self.refused)
                asks = everything_raises or not (self.kinds or one.raised)
                return None if asks else f"it does not compute this kind: {one.why}"
        return None


def sentence(shown: str, framework: str, found_by: str, taken: Taken) -> str:
    """What it was found to take, and what not, in one line."""
    by = f" (by {found_by})" if found_by else ""
    takes = "; ".join(_takes(taken)) or "none of the losses, so that every case is tried"
    nots = "; ".join(_nots(taken))
    return f"{shown} gets {framework} arrays{by}; computes {takes}" + (nots and f"; not {nots}")


_WHAT = {"losses": "", EXPLICIT: " with its gradient", "mean": ", the mean alone",
         "sum": ", the sum alone", "weighted_mean": ", the weighted mean alone"}  # fmt: skip


def _takes(taken: Taken) -> Iterator[str]:
    """`binary and categorical from logits, the mean alone`."""
    inputs: dict[tuple[str, str], list[str]] = {}
    for kind in taken.kinds:
        how = _WHAT[kind.returns] + ("" if 2 in kind.axes else ", flattened to " + _flat(kind))
        inputs.setdefault((kind.loss, how), []).append(kind.given)
    losses: dict[tuple[str, str], list[str]] = {}
    for (loss, how), given in inputs.items():
        losses.setdefault((" and ".join(given), how), []).append(loss)
    for (given_text, how), names in losses.items():
        yield f"{' and '.join(names)} from {given_text}{how}"


def _flat(kind: Kind) -> str:
    if 1 not in kind.axes:
        return "one sample at a time"
    return "one axis" if kind.loss == "binary" else "(samples, classes)"


def _from(refused: list[Refused]) -> str:
    return f" from {' or '.join(one.given for one in refused)}"


def _nots(taken: Taken) -> Iterator[str]:
    by_loss: dict[str, list[Refused]] = {}
    for one in taken.refused:
        by_loss.setdefault(one.loss, []).append(one)
    for loss, refused in by_loss.items():
        if len({_short(one) for one in refused}) == 1:
            inputs = "" if len(refused) == len(GIVEN) else _from(refused)
            yield f"{loss}{inputs} ({_short(refused[0])})"
        else:
            yield f"{loss} from " + ", ".join(f"{one.given} ({_short(one)})" for one in refused)


def _short(one: Refused) -> str:
    """Without the message of an error."""
    return one.why.partition(":")[0]
