"""Finding out what a user's loss computes and returns, by gentle problems of each kind."""

from __future__ import annotations

import contextlib

import numpy as np

from xent_check.errors import describe
from xent_check.problem.evaluation import Computed
from xent_check.problem.vocabulary import GIVEN, LOSSES, REDUCTIONS, Given, Loss

from .answers import AnswerError
from .asking import UserLoss, ask
from .gentle import Gentle, gentle, weighted
from .signature import CallError
from .taken import EXPLICIT, Kind, Refused, Returns, Taken

_CLOSE = 1e-2  # absolute and relative: another meaning is further off, rounding nearer
_SAMPLES: dict[int, tuple[int, ...]] = {1: (4,), 2: (2, 3), 0: ()}


class _NotTakenError(Exception):
    """The text says in a few words why a kind is not taken: what it did."""


class _WrongError(_NotTakenError):
    """It answered in a shape that it may answer in, with other numbers."""

    def __init__(self, what: str, off: float) -> None:
        super().__init__(f"{what} off by {off:.2g}")
        self.off = float(off)


def found(loss: UserLoss) -> Taken:
    """What the loss takes of all kinds. It raises nothing that the loss does."""
    kinds: list[Kind] = []
    refused: list[Refused] = []
    for name in LOSSES:
        for given in GIVEN:
            one = _kind(loss, name, given)
            (kinds if isinstance(one, Kind) else refused).append(one)  # type: ignore[arg-type]
    return Taken(tuple(kinds), tuple(refused))


def _kind(loss: UserLoss, name: Loss, given: Given) -> Kind | Refused:
    """The kind as it is taken; the reason of the first shape where none is."""
    taken: dict[int, Returns] = {}
    wrong: list[int] = []
    why, raised = "", True
    off: float | None = None
    for axes, samples in _SAMPLES.items():
        if axes == 0 and not taken:
            break
        problem = gentle(name, given, samples)
        try:
            returns = _returns(loss, problem)
        except _NotTakenError as error:
            raised = False
            if isinstance(error, _WrongError):
                wrong.append(axes)
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
    by_weight = returns
    if returns == "mean" and name == "sparse_categorical":
        with contextlib.suppress(Exception):
            by_weight = _returns(loss, weighted(gentle(name, given)))
    # Only what it does not answer at all is asked in other axes: a wrong answer is its own.
    return Kind(name, given, returns, by_weight, (*taken, *wrong))


def _raised(error: BaseException) -> str:
    if isinstance(error, AnswerError | CallError):
        return error.what
    return f"raises {describe(error)}"


def _returns(loss: UserLoss, problem: Gentle) -> Returns:
    """What it returns of a gentle problem; _NotTakenError where that is nothing of it."""
    computed = ask(problem.problem, loss, "losses")
    if computed.losses.shape == problem.losses.shape:
        return _of_losses(loss, problem, computed)
    if computed.losses.size != 1:
        shapes = f"shape {list(computed.losses.shape)} for {list(problem.losses.shape)} samples"
        raise _NotTakenError(f"gives {shapes}")
    if "reduction='none'" in computed.call:
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
