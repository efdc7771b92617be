"""Binary losses and gradients in ball arithmetic: -(pos_weight t log p + (1 - t) log(1 - p)).

-log sigmoid(z) = log1p(exp(-abs(z))) + max(-z, 0), and d loss / d z = (1 - t) p - pos_weight t
(1 - p): neither cancels. From logits, z is the score (scores.py), whose slope multiplies the
gradient.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from flint import arb

from xent_check.problem.problem import Problem

from .extended_reals import negative, product, quotient, total
from .per_sample import Answer, floats
from .scores import score, slope


def binary_answers(problem: Problem) -> Iterator[Answer]:
    """One answer per element, in row-major order: -(pos_weight t log p + (1 - t) log(1 - p)),
    times the sample weight."""
    count = problem.values.size
    labels = floats(problem.labels, count)
    weights = floats(problem.sample_weight, count)
    cotangents = floats(problem.cotangent, count)
    pos_weight = problem.pos_weight
    if pos_weight is not None:
        pos_weight = np.broadcast_to(pos_weight, problem.values.shape)
    pos_weights = floats(pos_weight, count)
    e = arb(problem.label_smoothing)
    for i, x in enumerate(floats(problem.values, count)):
        t = labels[i]
        if math.isnan(x) or not math.isfinite(t):
            yield Answer(math.nan, (math.nan,))
            continue
        target = arb(t) if e.is_zero() else arb(t) * (1 - e) + e / 2
        positive = target * arb(pos_weights[i]) * arb(weights[i])
        rest = (1 - target) * arb(weights[i])
        answer = _BINARY_ANSWERS[problem.given](problem, x, positive, rest)
        yield Answer(answer.loss, [product(answer.gradient[0], arb(cotangents[i]))])


def _binary_from_logits(problem: Problem, x: float, positive: arb, rest: arb) -> Answer:
    z = score(problem, x)
    if z == math.inf:
        return Answer(math.nan, (math.nan,))
    if z == -math.inf:
        entry = -positive * arb(problem.logit_scale)
        return Answer(product(math.inf, positive), (entry,))
    assert isinstance(z, arb)
    small = (-abs(z)).exp()
    tail = small.log1p()
    below, above = (arb(0), z) if x >= 0 else (-z, arb(0))
    loss = positive * (tail + below) + rest * (tail + above)
    larger, smaller = 1 / (1 + small), small / (1 + small)
    p, q = (larger, smaller) if x >= 0 else (smaller, larger)
    return Answer(loss, ((rest * p - positive * q) * slope(problem, x),))


def _binary_from_probs(_: Problem, p: float, positive: arb, rest: arb) -> Answer:
    minus_log_p = math.inf if p == 0 else -arb(p).log()
    minus_log_not_p = math.inf if p == 1 else -(1 - arb(p)).log()
    loss = total([product(minus_log_p, positive), product(minus_log_not_p, rest)])
    entry = total([negative(quotient(positive, arb(p))), quotient(rest, 1 - arb(p))])
    return Answer(loss, (entry,))


def _binary_from_log_probs(_: Problem, x: float, positive: arb, rest: arb) -> Answer:
    if x == math.inf or (x > 0 and not rest.is_zero()):
        return Answer(math.nan, (math.nan,))  # p is above 1: log(1 - p) does not exist
    if x == -math.inf:
        return Answer(product(math.inf, positive), (-positive,))
    odds_against = arb(-x).expm1()  # 1 / p - 1
    minus_log_not_p = math.inf if x == 0 else -(-arb(x).expm1()).log() if x < 0 else arb(0)
    loss = total([product(-arb(x), positive), product(minus_log_not_p, rest)])
    entry = total([-positive, quotient(rest, odds_against)])
    return Answer(loss, (entry,))


_BINARY_ANSWERS = {
    "logits": _binary_from_logits,
    "probs": _binary_from_probs,
    "log_probs": _binary_from_log_probs,
}
