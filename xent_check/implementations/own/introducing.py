"""Introducing: a user's loss is asked what it is, and then its cases in that light."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass, replace

from xent_check.problem.evaluation import Computed, UnsupportedError
from xent_check.problem.problem import Problem

from .asking import UserLoss, ask
from .finding import found
from .shaping import reshaped, restored, samples_asked
from .taken import Taken, sentence


@dataclass(frozen=True)
class Introduction:
    """What was found out about a user's loss before its first case."""

    framework: str
    """whose arrays it gets"""
    version: str
    """of that framework, where the loss runs"""
    found_by: str
    """what says so; empty where its user does, or nothing"""
    taken: Taken
    """what it computes"""
    library: str
    """the implementation that functions of its library are; empty for what its user has written"""
    sentence: str
    """all of this in one line"""


def introduction(loss: UserLoss, stated: bool = False) -> Introduction:
    """What is found out about the loss, by some small calls; by none where it is stated what it
    computes."""
    name = loss.framework.name
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        version = "unknown"
    taken = Taken() if stated else found(loss)
    found_out = None if stated else taken
    line = sentence(loss.shown, name, loss.found_by, found_out, loss.declared)
    line = "" if stated and not loss.declared.says_something else line
    return Introduction(name, version, loss.found_by, taken, _library(loss), line)


_OF_LIBRARY = {
    "torch": "torch", "optax": "optax", "tensorflow": "tf", "keras": "keras", "sklearn": "sklearn",
}  # fmt: skip


def _library(loss: UserLoss) -> str:
    """A wrapper around a function of a library is the user's: what it hands on is not known."""
    kind = loss.target if hasattr(loss.target, "__module__") else type(loss.target)
    return _OF_LIBRARY.get((getattr(kind, "__module__", None) or "").partition(".")[0], "")


def answer_as_stated(problem: Problem, loss: UserLoss) -> Computed:
    """The answer to a problem that its user says it computes. Only where there is not a number for
    each sample, it is found out what there is."""
    _refuse_what_is_declared_otherwise(problem, loss)
    if loss.declared.returns is not None:
        return ask(problem, loss, loss.declared.returns)
    plain = replace(problem, gradient=False, cotangent=None)  # which has the losses' shape
    computed = ask(problem if problem.cotangent is None else plain, loss)
    if computed.losses.shape == problem.samples_shape:
        return computed if problem.cotangent is None else ask(problem, loss)
    taken = found(loss)
    return computed if taken.kind_of(problem) is None else answer(problem, loss, taken)


def answer(problem: Problem, loss: UserLoss, taken: Taken) -> Computed:
    """The loss's answer to a problem: in the axes that it takes, as what it returns.

    UnsupportedError where it is declared to be for others, was found not to compute this kind, or
    its signature cannot say the problem; otherwise as `ask`.
    """
    _refuse_what_is_declared_otherwise(problem, loss)
    fails_as_declared = bool(loss.declared.loss or loss.declared.given) and not taken.kinds
    why_not = None if fails_as_declared else taken.why_not(problem)
    if why_not is not None:
        raise UnsupportedError(why_not)
    kind = taken.kind_of(problem)
    if kind is None:
        return ask(problem, loss, loss.declared.returns or "losses")
    returns = kind.returns if problem.class_weight is None else kind.weighted
    returns = returns if problem.sample_weight is None else kind.by_sample
    samples = samples_asked(problem, taken, loss.declared)
    if samples is None:
        return ask(problem, loss, returns)
    return restored(ask(reshaped(problem, samples), loss, returns), problem)


def _refuse_what_is_declared_otherwise(problem: Problem, loss: UserLoss) -> None:
    why_not = loss.declared.why_not(problem)
    if why_not is not None:
        raise UnsupportedError(why_not)
