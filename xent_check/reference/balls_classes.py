"""Losses and gradients over classes in ball arithmetic: sum of (sample weight) w t (-log p).

With m = max x, k an index of it, S = 1 + sum over i != k of exp(x_i - m), and the coefficients
c = (sample weight) w t of a sample, t its targets after smoothing:

    -log softmax(x)_j = log(S) + (m - x_j), log(S) as log1p of the sum over the others
    d loss / d x_j    = softmax(x)_j (sum of c, j's apart) - c_j (1 - softmax(x)_j)

neither of which cancels. From logits, given or of what is hidden (balls_layer.py), x are the scores
(scores.py), whose slopes multiply the gradient; a z-loss adds (sample weight) z (m + log S)^2, and
2 (sample weight) z (m + log S) softmax(x)_j to the derivative by x_j.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flint import arb, fmpq

from xent_check.problem.problem import Problem

from .balls_layer import exact_logits
from .extended_reals import negative, product, quotient, total
from .per_sample import Answer, floats, rows
from .scores import score, slope

Row = Sequence[Any]  # a sample's numbers: floats, or balls and -inf where they are made of hidden


def class_answers(problem: Problem, gradient: bool) -> Iterator[Answer]:
    """One answer per sample, in row-major order; its gradient is empty where none is asked for
    and computing it would take longer."""
    n = problem.num_classes
    kept = problem.kept.reshape(-1)
    weights = floats(problem.sample_weight, kept.size)
    cotangents = floats(problem.cotangent, kept.size)
    class_weight = floats(problem.class_weight, n)
    soft = rows(problem, problem.labels) if problem.loss == "categorical" else []
    undefined = Answer(math.nan, [math.nan] * n)
    hidden = problem.given == "hidden"
    of_samples: Iterable[Row] = exact_logits(problem) if hidden else rows(problem, problem.values)
    for i, row in enumerate(of_samples):
        if not kept[i]:
            yield Answer(arb(0), [arb(0)] * n)
            continue
        targets = _targets(problem, soft[i] if soft else int(problem.labels.reshape(-1)[i]))
        if targets is None:
            yield undefined
            continue
        scale = arb(weights[i])
        coefficients = [t * arb(w) * scale for t, w in zip(targets, class_weight, strict=True)]
        if not all(c.is_finite() for c in coefficients) or _reads_nan(problem, row, targets):
            yield undefined
            continue
        answer = _CLASS_ANSWERS[problem.given](problem, row, coefficients, scale, gradient)
        if isinstance(answer.loss, float) and math.isnan(answer.loss):
            yield undefined  # infinities of both signs: no loss, no derivative
            continue
        cotangent = arb(cotangents[i])
        yield Answer(answer.loss, [product(entry, cotangent) for entry in answer.gradient])


def _targets(problem: Problem, label: list[float] | int) -> list[arb] | None:
    """t of one sample, smoothed: t (1 - e) + e / n. None where the label is no class.

    A fraction until the last: megatron's e may be such that the two parts cancel to 0, and 0 times
    an infinite loss is 0.
    """
    n, smoothing = problem.num_classes, problem.smoothing
    if isinstance(label, int):
        if not 0 <= label < n:
            return None
        label = [float(i == label) for i in range(n)]
    if not smoothing:
        return [arb(t) for t in label]
    e = fmpq(smoothing.numerator, smoothing.denominator)
    own, shared = 1 - e, e / n
    return [
        arb(fmpq(*t.as_integer_ratio()) * own + shared) if math.isfinite(t) else arb(t)
        for t in label
    ]


def _from_logits(
    problem: Problem, row: Row, coefficients: list[arb], weight: arb, gradient: bool
) -> Answer:
    top = _top(row)
    scores = [score(problem, x) for x in row]
    m = scores[top]
    if isinstance(m, float):  # +inf, or every score -inf
        return Answer(math.nan, [math.nan] * len(row))
    exps = [arb(0) if isinstance(x, float) else (x - m).exp() for x in scores]
    others = sum((e for i, e in enumerate(exps) if i != top), arb(0))
    log_sum = others.log1p()
    loss = total(
        product(math.inf if isinstance(x, float) else log_sum + (m - x), c)
        for x, c in zip(scores, coefficients, strict=True)
        if not c.is_zero()
    )
    z = weight * arb(problem.z_loss)
    if not z.is_zero():
        loss = total([loss, z * (m + log_sum) ** 2])
    if not gradient:
        return Answer(loss, ())
    exp_sum, all_coefficients = 1 + others, sum(coefficients, arb(0))
    z_slope = 2 * z * (m + log_sum)
    entries = []
    for i, (e, c) in enumerate(zip(exps, coefficients, strict=True)):
        rest = others if i == top else exp_sum - e
        entry = (e * (all_coefficients - c + z_slope) - c * rest) / exp_sum
        entries.append(entry * slope(problem, row[i]))
    return Answer(loss, entries)


def _top(row: Row) -> int:
    """The index of the largest number; of balls, of one that none is certainly larger than."""
    top = 0
    for i, x in enumerate(row):
        if x > row[top]:
            top = i
    return top


def _from_probs(
    problem: Problem, row: Row, coefficients: list[arb], weight: arb, gradient: bool
) -> Answer:
    undefined = Answer(math.nan, [math.nan] * len(row))
    p_sum = sum((arb(p) for p in row), arb(0)) if problem.normalize else arb(1)
    if not p_sum.is_finite() or p_sum.is_zero():
        return undefined
    loss = total(
        product(math.inf if p == 0 else (p_sum / arb(p)).log(), c)
        for p, c in zip(row, coefficients, strict=True)
        if not c.is_zero()
    )
    if not gradient:
        return Answer(loss, ())
    shared = sum(coefficients, arb(0)) / p_sum if problem.normalize else arb(0)
    entries = [
        total([shared, negative(quotient(c, arb(p)))])
        for p, c in zip(row, coefficients, strict=True)
    ]
    return Answer(loss, entries)


def _from_log_probs(
    problem: Problem, row: Row, coefficients: list[arb], weight: arb, gradient: bool
) -> Answer:
    loss = total(
        product(-x if math.isinf(x) else -arb(x), c)
        for x, c in zip(row, coefficients, strict=True)
        if not c.is_zero()
    )
    return Answer(loss, [-c for c in coefficients])


def _reads_nan(problem: Problem, row: Row, targets: list[arb]) -> bool:
    """Whether a value that the formula reads is nan (or the log of an infinite probability).

    With integer labels, the loss from probs and log_probs reads the label's value alone, unless
    it is smoothed or normalized; every other loss reads all values.
    """
    reads_one = problem.loss == "sparse_categorical" and problem.given != "logits"
    if problem.given == "hidden":
        return False  # what makes the logits is finite, or masks
    if reads_one and not problem.label_smoothing and not problem.normalize:
        row = [x for x, t in zip(row, targets, strict=True) if not t.is_zero()]
    return any(math.isnan(x) or (x == math.inf and problem.given == "log_probs") for x in row)


_CLASS_ANSWERS = {
    "logits": _from_logits,
    "hidden": _from_logits,
    "probs": _from_probs,
    "log_probs": _from_log_probs,
}
