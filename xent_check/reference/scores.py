"""Scores: what the softmax or sigmoid gets of the logits, scaled and capped.

    y     = logit_scale * x
    score = softcap tanh(y / softcap)          y itself without a softcap
    d score / d x = logit_scale (1 - tanh(y / softcap)^2)

Infinite logits stay infinite without a softcap; with one they are -softcap and softcap, and their
slope is 0. Both functions are increasing: the largest logit has the largest score.
"""

from __future__ import annotations

import math

from flint import arb

from xent_check.problem.problem import Problem

from .extended_reals import Extended


def score(problem: Problem, x: Extended) -> Extended:
    """The exact score of a logit that is not nan."""
    if isinstance(x, float) and math.isinf(x):
        if problem.softcap is None:
            return x
        return arb(math.copysign(problem.softcap, x))
    y = arb(x)
    if problem.logit_scale != 1:
        y *= arb(problem.logit_scale)
    if problem.softcap is None:
        return y
    return arb(problem.softcap) * (y / arb(problem.softcap)).tanh()


def slope(problem: Problem, x: Extended) -> arb:
    """The exact derivative of the score by a logit that is not nan."""
    scale = arb(problem.logit_scale)
    if problem.softcap is None:
        return scale
    if isinstance(x, float) and math.isinf(x):
        return arb(0)
    cosh = (arb(x) * scale / arb(problem.softcap)).cosh()
    return scale / (cosh * cosh)
