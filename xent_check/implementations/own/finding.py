"""Finding out what a user's loss computes and returns, by gentle problems of each kind."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from xent_check.errors import describe
from xent_check.problem.evaluation import Computed, UnsupportedError
from xent_check.problem.vocabulary import GIVEN, LOSSES, REDUCTIONS, Given, Loss, Reduction

from ..declaration import EXPLICIT, Returns
from .answers import AnswerError
from .asking import UserLoss, ask
from .gentle import Gentle, gentle
from .signature import CallError, hidden_of, needs_bias
from .taken import Kind, Refused, Taken

_CLOSE = 1e-2  # absolute and relative: another meaning is further off, rounding nearer
_SAMPLES: dict[int, tuple[int, ...]] = {1: (4,), 2: (2, 3), 0: ()}
_WEIGHTS = (1.0, 2.0, 0.5, 3.0, 1.5)
_BIAS = (0.5, -0.25, 0.0, 1.0, -1.0)


class _NotTakenError(Exception):
    """The text says in a few words why a kind is not taken: what it did."""


class _WrongError(_NotTakenError):
    """It answered in a shape that it may answer in, with other numbers, or as another total."""

    def __init__(self, what: str, off: float | None = None) -> None:
        super().__init__(what if off is None else f"{what} off by {off:.2g}")
        self.off = None if off is None else float(off)


def found(loss: UserLoss) -> Taken:
    """What the loss takes of all kinds that its declaration leaves open. It raises nothing that the
    loss does."""
    declared = loss.declared
    asked = [
        (name, given)
        for name in LOSSES
        for given in _inputs(loss)
        if declared.allows(name, given) and not (name == "binary" and given == "hidden")
    ]
    if declared.loss and declared.given:
        return Taken(tuple(_as_declared(loss, *kind) for kind in asked))
    answers = [_kind(loss, name, given) for name, given in asked]
    kinds = (one for one in answers if isinstance(one, Kind))
    refused = (one for one in answers if isinstance(one, Refused))
    return Taken(tuple(kinds), tuple(refused))


def _inputs(loss: UserLoss) -> tuple[Given, ...]:
    """What it may take by its signature: what is hidden, or scores; where it is declared, that."""
    if loss.declared.given:
        return loss.declared.given
    if hidden_of(loss.target, loss.declared):
        return ("hidden",)
    return tuple(given for given in GIVEN if given != "hidden")


def _built_in(loss: UserLoss, given: Given) -> dict[str, Any]:
    """The options of each gentle problem: those that are built in, and a bias where a call has to
    say one."""
    bias = {"bias": _BIAS} if given == "hidden" and needs_bias(loss.target) else {}
    return {**dict(loss.declared.fixed), **bias}


def _as_declared(loss: UserLoss, name: Loss, given: Given) -> Kind:
    """A kind that it is declared to take, whatever it answers: in the axes in which it does not
    raise, or in any where it always does."""
    axes, returns = list[int](), loss.declared.returns
    for count, samples in _SAMPLES.items():
        problem = gentle(name, given, samples, _built_in(loss, given))
        if problem is None:
            continue
        try:
            ask(problem.problem, loss)
        except AnswerError:
            pass
        except (Exception, SystemExit):
            continue
        axes.append(count)
        with contextlib.suppress(Exception, SystemExit):
            returns = returns or _returns(loss, problem, _built_in(loss, given))
    if returns is None:
        as_losses: tuple[Returns, Returns, Returns] = ("losses", "losses", "losses")
        return Kind(name, given, *as_losses, tuple(axes or _SAMPLES), found=False)
    weighted = _weighted(loss, name, given, returns)
    return Kind(name, given, returns, *weighted, tuple(axes or _SAMPLES))


def _kind(loss: UserLoss, name: Loss, given: Given) -> Kind | Refused:
    """The kind as it is taken; the reason of the first shape where none is."""
    taken: dict[int, Returns] = {}
    wrong: list[int] = []
    why, raised = "", True
    off: float | None = None
    for axes, samples in _SAMPLES.items():
        if axes == 0 and not taken:
            break
        problem = gentle(name, given, samples, _built_in(loss, given))
        if problem is None:
            why, raised = why or "what it has built in fits no small problem", False
            continue
        try:
            returns = _returns(loss, problem, _built_in(loss, given))
        except _NotTakenError as error:
            raised = False
            if isinstance(error, _WrongError) or loss.declared.returns is not None:
                wrong.append(axes)
            if isinstance(error, _WrongError):
                off = off if why else error.off
            why = why or str(error)
        except (Exception, SystemExit) as error:
            why = why or _raised(error)
        else:
            if not taken or returns in taken.values():
                taken[axes] = returns
            elif axes:  # every total of a bare sample is its loss
                wrong.append(axes)
    if not taken:
        return Refused(name, given, why, raised, off)
    returns = next(iter(taken.values()))
    weighted = _weighted(loss, name, given, returns)
    # Only what it does not answer at all is asked in other axes: a wrong answer is its own.
    return Kind(name, given, returns, *weighted, (*taken, *wrong))


def _weighted(
    loss: UserLoss, name: Loss, given: Given, returns: Returns
) -> tuple[Returns, Returns]:
    """What comes back where classes have weights, and where samples have."""
    by_class = returns
    if name == "sparse_categorical":
        by_class = _by_weight(loss, name, given, returns, {"class_weight": _WEIGHTS})
    of_samples = {"sample_weight": _WEIGHTS[: math.prod(_SAMPLES[1])]}
    return by_class, _by_weight(loss, name, given, returns, of_samples)


def _by_weight(
    loss: UserLoss, name: Loss, given: Given, returns: Returns, option: Mapping[str, Any]
) -> Returns:
    """What comes back where that option is set."""
    (key,) = option
    if loss.declared.returns or returns != "mean" or loss.declared.is_fixed(key):
        return loss.declared.returns or returns
    options = {**_built_in(loss, given), **option}
    weighted = gentle(name, given, options=options)
    with contextlib.suppress(Exception, SystemExit):
        return returns if weighted is None else _returns(loss, weighted, options)
    return returns


def _raised(error: BaseException) -> str:
    if isinstance(error, AnswerError | CallError):
        return error.what
    if isinstance(error, UnsupportedError):
        return f"has no way to be asked: {error}"
    return f"raises {describe(error)}"


def _returns(loss: UserLoss, problem: Gentle, options: Mapping[str, Any]) -> Returns:
    """What it returns of a gentle problem with these options, as it is declared where it is;
    _NotTakenError where that is nothing of it."""
    said, returned = loss.declared.returns, _returned(loss, problem)
    if returned in REDUCTIONS and problem.axes:
        _require_again(loss, problem, options, returned)
    if said is None:
        return returned
    of_one = not problem.axes and {said, returned} <= {"losses", *REDUCTIONS}
    of_mean = (said, returned) == ("weighted_mean", "mean") and said not in problem.totals
    of_losses = {said, returned} == {"losses", EXPLICIT}  # whose gradient is not used, or wrong
    if said == returned or of_one or of_mean or of_losses:
        return said
    raise _WrongError(f"gives {_GIVEN[returned]}, not {_GIVEN[said]}")


_GIVEN: dict[Returns, str] = {
    "losses": "losses",
    EXPLICIT: "losses and a gradient",
    "mean": "the mean",
    "weighted_mean": "the weighted mean",
    "sum": "the sum",
}


def _require_again(
    loss: UserLoss, problem: Gentle, options: Mapping[str, Any], total: Reduction
) -> None:
    """_WrongError where the total of more samples is another one: a single number may come near by
    chance. Where more cannot be asked, one is enough."""
    *rows, length = _SAMPLES[problem.axes]
    more = gentle(problem.problem.loss, problem.problem.given, (*rows, length + 2), options)
    if more is None or total not in more.totals:
        return
    try:
        losses = ask(more.problem, loss).losses.astype(np.float64)
    except (Exception, SystemExit):
        return
    off = abs(float(losses.reshape(-1)[0]) - more.totals[total]) if losses.size == 1 else math.inf
    if not off <= _CLOSE * (1 + abs(more.totals[total])):
        raise _WrongError("gives one number,", off)


def _returned(loss: UserLoss, problem: Gentle) -> Returns:
    computed = ask(problem.problem, loss, "losses")
    if computed.losses.shape == problem.losses.shape:
        return _of_losses(loss, problem, computed)
    if computed.losses.size != 1:
        shapes = f"shape {list(computed.losses.shape)} for {list(problem.losses.shape)} samples"
        raise _NotTakenError(f"gives {shapes}")
    if "reduction='none'" in computed.call and loss.declared.returns not in REDUCTIONS:
        raise _NotTakenError("gives one number for reduction='none'")
    number = float(computed.losses.reshape(-1)[0].astype(np.float64))
    off = {name: abs(number - total) for name, total in problem.totals.items()}
    for name in REDUCTIONS:
        if name in off and off[name] <= _CLOSE * (1 + abs(problem.totals[name])):
            return name
    raise _WrongError("gives one number,", min(off.values()))


def _of_losses(loss: UserLoss, problem: Gentle, computed: Computed) -> Returns:
    losses = computed.losses.astype(np.float64)
    with np.errstate(invalid="ignore"):
        off = np.abs(losses - problem.losses)
    if not (off <= _CLOSE * (1 + np.abs(problem.losses))).all():
        worst = float(np.max(np.where(np.isnan(off), np.inf, off)))
        raise _WrongError("is", worst)
    if isinstance(computed.gradient, np.ndarray):
        return "losses"
    with contextlib.suppress(Exception):
        gradient = ask(problem.problem, loss, EXPLICIT).gradient
        if isinstance(gradient, np.ndarray) and gradient.shape == problem.gradient.shape:
            off = np.abs(gradient.astype(np.float64) - problem.gradient)
            if (off <= _CLOSE * (1 + np.abs(problem.gradient))).all():
                return EXPLICIT
    return "losses"
