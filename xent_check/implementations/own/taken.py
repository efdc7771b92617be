"""Taken: what a user's loss was found to take and to return, and what not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Given, Loss

from ..declaration import EXPLICIT, NOTHING, Declaration, Returns


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
    by_sample: Returns
    """the same where samples have"""
    axes: tuple[int, ...]
    """how many axes the samples may have: 0, 1, and 2 for more"""
    found: bool = True
    """whether it computes this, or is just declared to"""


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
    off: float | None = None
    """how far off its numbers were; None where it gave none that can be held against the right
    ones"""


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

        What computes nothing of all is asked whatever it does not raise on; what never gave a
        number for each sample, everything.
        """
        if self.kind_of(problem) is not None:
            return None
        asked = problem.loss, problem.given
        for one in self.refused:
            if (one.loss, one.given) == asked:
                answers_nothing = not self.kinds and all(r.off is None for r in self.refused)
                if answers_nothing or not (self.kinds or one.raised):
                    return None
                found = f"it was found not to compute {one.loss} from {one.given}: it {one.why}"
                return f"{found}; where it should, --loss {one.loss} asks it all the same"
        return None


def sentence(
    shown: str,
    framework: str,
    found_by: str,
    taken: Taken | None,
    declared: Declaration = NOTHING,
) -> str:
    """What was declared of it, and what it was found to take, and what not, in one line. taken:
    None where that was not to be found out."""
    by = f" (by {found_by})" if found_by else ""
    gets = f"{shown} gets {framework} arrays{by}"
    gets += f"; declared: {declared}" if declared.says_something else ""
    if taken is None:
        return gets
    if declared.loss and declared.given:
        return "; ".join([gets, *_found_beside(declared, taken)])
    if taken.kinds:
        computes, nots = "; ".join(_takes(taken)), "; ".join(_nots(taken))
        return f"{gets}; computes {computes}" + (nots and f"; not {nots}")
    everything, reasons = "so that every case is tried", {_short(one) for one in taken.refused}
    none = "none of the losses"
    if declared.loss or declared.given:
        everything, none = "so that every case of it is tried", "nothing of that"
    if len(reasons) == 1 and "" not in reasons:
        return f"{gets}; computes {none} ({reasons.pop()}), {everything}"
    return f"{gets}; computes {none}, {everything}; not {'; '.join(_nots(taken))}"


def _found_beside(declared: Declaration, taken: Taken) -> Iterator[str]:
    """What was found out of a loss whose kinds are declared."""
    found = [kind for kind in taken.kinds if kind.found]
    if declared.returns is None and found:
        yield f"returns {' or '.join(dict.fromkeys(_IN_WORDS[kind.returns] for kind in found))}"
    if declared.returns is None and len(found) < len(taken.kinds):
        odd = [f"{kind.loss} from {kind.given}" for kind in taken.kinds if not kind.found]
        yield f"answers small problems of {' and '.join(odd)} wrongly, or not at all"
    ways = dict.fromkeys(_flat(kind) for kind in taken.kinds if 2 not in kind.axes)
    if ways:
        yield f"gets its cases flattened to {' or '.join(ways)}"


_IN_WORDS = {"losses": "losses", EXPLICIT: "losses and their gradient", "mean": "the mean alone",
             "sum": "the sum alone", "weighted_mean": "the weighted mean alone"}  # fmt: skip


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


def _nots(taken: Taken) -> Iterator[str]:
    """`binary or categorical (raises IndexError)`, then `sparse_categorical from probs or log_probs
    (off by 0.4 or more)`: a reason once for all that have it."""
    reasons: dict[tuple[str, str], list[Refused]] = {}
    for one in taken.refused:
        reasons.setdefault((one.loss, _short(one)), []).append(one)
    losses: dict[tuple[tuple[str, ...], str], list[Refused]] = {}
    for (_, why), refused in reasons.items():
        losses.setdefault((tuple(one.given for one in refused), why), []).extend(refused)
    for (given, why), refused in losses.items():
        names = " or ".join(dict.fromkeys(one.loss for one in refused))
        asked = {one.given for one in taken.kinds} | {one.given for one in taken.refused}
        inputs = "" if {*given} == asked else f" from {' or '.join(given)}"
        least = min((one.off for one in refused if one.off is not None), default=0.0)
        more = " or more" if len(refused) > 1 else ""
        yield f"{names}{inputs} ({why or f'off by {least:.2g}{more}'})"


def _short(one: Refused) -> str:
    """Why, without the message of an error; "" where it was off."""
    return "" if one.off is not None else one.why.partition(":")[0]
