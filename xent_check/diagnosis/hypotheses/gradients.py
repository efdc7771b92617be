"""Changes of a gradient: each is of the problem, or of what its gradient is divided by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from xent_check.problem.laid_out import in_memory_order, laid_out
from xent_check.problem.last_layer import as_logits
from xent_check.problem.options import OPTIONS
from xent_check.problem.problem import Problem

from ..losses import meaning_of
from ..targets import weights_of
from .scores import Parameters

# A changed problem with the parameters of the change, and what its gradient is divided by.
Changed = tuple[Problem, Parameters, float]
_LEFT_OUT = (
    "label_smoothing", "class_weight", "pos_weight", "sample_weight", "logit_scale", "softcap",
    "z_loss",
)  # fmt: skip


@dataclass(frozen=True)
class GradientHypothesis:
    """A line of the table."""

    id: str  # as `explain` names it
    sentence: str  # a format string over the parameters
    changes: Callable[[Problem], Iterator[Changed]]


def _zero(problem: Problem) -> Iterator[Changed]:
    yield problem, {}, np.inf


def _without_cotangent(problem: Problem) -> Iterator[Changed]:
    if problem.cotangent is not None:
        yield replace(problem, cotangent=None), {}, 1.0


def _with_first_cotangent(problem: Problem) -> Iterator[Changed]:
    if problem.cotangent is not None and problem.cotangent.size:
        first = np.full_like(problem.cotangent, problem.cotangent.reshape(-1)[0])
        yield replace(problem, cotangent=first), {}, 1.0


def _with_cotangent_in_order(problem: Problem) -> Iterator[Changed]:
    if problem.cotangent is not None and problem.cotangent_layout is not None:
        read = in_memory_order(laid_out(problem.cotangent, problem.cotangent_layout))
        yield replace(problem, cotangent=read, cotangent_layout=None), {}, 1.0


def _without_option(problem: Problem) -> Iterator[Changed]:
    for option in OPTIONS:
        if option.key in _LEFT_OUT and option.is_set(problem):
            left_out = {option.name: option.default}
            yield replace(problem, **left_out), {"option": option.key}, 1.0


def _without_derivative(problem: Problem) -> Iterator[Changed]:
    """The gradient with respect to the scaled and capped logits."""
    scale, cap = problem.logit_scale, problem.softcap
    if problem.given not in ("logits", "hidden") or (scale == 1 and cap is None):
        return
    problem = as_logits(problem)
    with np.errstate(over="ignore"):  # beyond float64 it is infinite
        inner = problem.values.astype(np.float64) * scale
        scores = inner if cap is None else cap * np.tanh(inner / cap)
    names = [*(["logit_scale"] if scale != 1 else []), *(["softcap"] if cap is not None else [])]
    given = replace(problem, values=scores, dtype="float64", logit_scale=1.0, softcap=None)
    yield given, {"option": " and ".join(names)}, 1.0


def _without_bias(problem: Problem) -> Iterator[Changed]:
    if problem.bias is not None:
        yield replace(problem, bias=np.zeros_like(problem.bias)), {}, 1.0


def _with_bias_twice(problem: Problem) -> Iterator[Changed]:
    if problem.bias is not None:
        yield replace(problem, bias=problem.bias + problem.bias), {}, 1.0


def _ignored_counts(problem: Problem) -> Iterator[Changed]:
    if problem.ignore_index is None or problem.shift is not None or problem.kept.all():
        return
    labels = problem.labels[~problem.kept]
    if ((labels >= 0) & (labels < problem.num_classes)).all():
        yield replace(problem, ignore_index=None), {}, 1.0


def _divided(problem: Problem) -> Iterator[Changed]:
    count = int(np.count_nonzero(problem.kept))
    if count > 1:
        yield problem, {}, float(count)


def _divided_by_all(problem: Problem) -> Iterator[Changed]:
    if not problem.kept.all():
        yield problem, {}, float(problem.kept.size)


def _divided_by_weights(problem: Problem) -> Iterator[Changed]:
    if problem.class_weight is None and problem.sample_weight is None:
        return
    meaning = meaning_of(problem)
    weight = float(weights_of(meaning)[meaning.kept].sum())
    if weight not in (0.0, 1.0):
        yield problem, {}, weight


def _divided_by_classes(problem: Problem) -> Iterator[Changed]:
    classes = meaning_of(problem).classes
    if classes > 1:
        yield problem, {}, float(classes)


def _renormalised(problem: Problem) -> Iterator[Changed]:
    if problem.normalize is False:
        yield replace(problem, normalize=True), {}, 1.0


def _not_renormalised(problem: Problem) -> Iterator[Changed]:
    if problem.normalize:
        yield replace(problem, normalize=False), {}, 1.0


def _sign(problem: Problem) -> Iterator[Changed]:
    yield problem, {}, -1.0


GRADIENT_CHANGES = (
    GradientHypothesis("gradient-zero", "the gradient is 0", _zero),
    GradientHypothesis(
        "strides-ignored",
        "the cotangent is read in the order of its memory: strides are not looked at",
        _with_cotangent_in_order,
    ),
    GradientHypothesis(
        "cotangent-ignored", "the cotangent is left out of the gradient", _without_cotangent
    ),
    GradientHypothesis(
        "first-cotangent", "the first sample's cotangent stands for all", _with_first_cotangent
    ),
    GradientHypothesis(
        "option-not-in-gradient", "{option} is left out of the gradient", _without_option
    ),
    GradientHypothesis(
        "option-not-in-gradient",
        "the derivative of {option} is left out of the gradient",
        _without_derivative,
    ),
    GradientHypothesis(
        "renormalised", "the gradient is that of probabilities over their sum", _renormalised
    ),
    GradientHypothesis(
        "not-renormalised",
        "the gradient is that of probabilities as they are, not over their sum",
        _not_renormalised,
    ),
    GradientHypothesis(
        "bias-missing", "the logits of the gradient are without the bias", _without_bias
    ),
    GradientHypothesis(
        "bias-twice", "the logits of the gradient have the bias twice", _with_bias_twice
    ),
    GradientHypothesis(
        "ignored-not-ignored", "the ignored samples have a gradient like any other", _ignored_counts
    ),
)
"""What the gradient is of."""
GRADIENT_DIVISORS = (
    GradientHypothesis("mean", "the gradient is that of the mean, not of the losses", _divided),
    GradientHypothesis(
        "mean-over-all", "the gradient is divided by all samples, ignored or not", _divided_by_all
    ),
    GradientHypothesis(
        "weighted-mean", "the gradient is divided by the sum of the weights", _divided_by_weights
    ),
    GradientHypothesis("sign", "the sign of the gradient is turned", _sign),
    GradientHypothesis(
        "divided-by-classes", "the gradient is divided by the number of classes",
        _divided_by_classes,
    ),
)  # fmt: skip
"""What it is divided by."""
GRADIENT_HYPOTHESES = (*GRADIENT_CHANGES, *GRADIENT_DIVISORS)
