"""Gradients: which change reproduces a gradient that is wrong beside losses that are right.

Each change is of the problem, and what it gives is the exact gradient of the changed problem. One
explains the observed gradient where every entry is within what rounding explains of it, and two
entries at least are not within that of the exact one: a single one may be so by chance.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from xent_check.problem.distance import distance
from xent_check.problem.dtypes import Float64s
from xent_check.problem.problem import Problem
from xent_check.reference.truth import Truth, truth

from .diagnosis import Diagnosis, Explanation
from .hypotheses.gradients import GRADIENT_HYPOTHESES
from .hypotheses.gradients_by_meaning import gradients


def diagnose_gradient(problem: Problem, observed: Float64s) -> Diagnosis | None:
    """What explains a gradient of the values' shape; None where nothing does."""
    if np.count_nonzero(~_fits(observed, truth(problem), 1.0)) < 2:
        return None
    explanations, tried = [], 0
    for hypothesis in GRADIENT_HYPOTHESES:
        for changed, parameters, divisor in hypothesis.changes(problem):
            tried += 1
            exact = truth(changed)
            if _fits(observed, exact, divisor).all():
                residual = float(distance(observed, _divided(exact, divisor)).max(initial=0.0))
                sentence = hypothesis.sentence.format(**parameters)
                explanation = Explanation((hypothesis.id,), parameters, sentence, residual, 1.0)
                explanations.append(explanation)
    if not explanations:
        explanations = _by_meaning(problem, observed)
    if not explanations:
        return None
    return Diagnosis(tuple(explanations), closest=(), tried=tried, by_chance=0.0)


def _by_meaning(problem: Problem, observed: Float64s) -> list[Explanation]:
    """The changes of meaning whose gradient it is, each id once."""
    bound = truth(problem).bounds.gradient
    assert bound is not None  # the problem asks for it
    kept = problem.kept
    if problem.loss != "binary":
        kept = np.expand_dims(kept, problem.class_axis)
    bound = np.where(kept, bound, bound.max(initial=0.0))  # ignored samples have none
    found: dict[str, Explanation] = {}
    for name, sentence, parameters, gradient in gradients(problem):
        off = distance(observed, gradient)
        if (off <= bound).all():
            residual = float(off.max(initial=0.0))
            explanation = Explanation((name,), parameters, sentence, residual, 1.0)
            found.setdefault(name, explanation)
    return list(found.values())


def _divided(exact: Truth, divisor: float) -> Float64s:
    assert exact.reference.gradient is not None  # the problem asks for it
    gradient = exact.reference.gradient.high
    return np.zeros_like(gradient) if np.isinf(divisor) else gradient / divisor


def _fits(observed: Float64s, exact: Truth, divisor: float) -> npt.NDArray[np.bool_]:
    """Whether each entry is the exact one over the divisor, within what rounding explains."""
    assert exact.bounds.gradient is not None  # the problem asks for it
    off = distance(observed, _divided(exact, divisor))
    return np.asarray(off <= exact.bounds.gradient / divisor)
