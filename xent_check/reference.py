"""Reference: the exact mathematical value of a problem, enclosed by ball arithmetic (arb).

Shares no code with any implementation. With m = max x and k an index of it,

    -log softmax(x)_c = log1p(sum over i != k of exp(x_i - m)) + (m - x_c)
    -log sigmoid(z)   = log1p(exp(-abs(z))) + max(-z, 0)

neither of which cancels; a loss is a sum of such terms times exact coefficients. Precision is
doubled until every radius is at most 1/1024 ulp of the problem's dtype.

The extended reals follow the contract: -log 0 is inf, a coefficient of 0 drops its term, a nan or
+inf logit is nan, inf - inf is nan, a label outside the classes is nan.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from flint import arb, ctx

from .dtypes import Float64s, spacing
from .enclosure import Enclosure
from .problem import Problem
from .words import Reduction

RADIUS_IN_ULPS = 2.0**-10
_FIRST_PRECISION = 128
_LAST_PRECISION = 8192

Extended = arb | float  # a float stands for nan, inf and -inf alone


@dataclass(frozen=True, eq=False)
class Reference:
    """losses: the samples' shape. totals: one number per reduction of the problem.

    divisors: what each total's sum of losses is divided by.
    """

    losses: Enclosure
    totals: dict[Reduction, Enclosure]
    divisors: dict[Reduction, float]


def reference(problem: Problem) -> Reference:
    """The enclosure of every loss and total, each radius at most 1/1024 ulp of the dtype.

    A value so near 0 that float64 cannot hold the 1/1024 ulp gets the smallest float64 above 0
    as its radius.
    """
    precision, before = _FIRST_PRECISION, ctx.prec
    try:
        while True:
            ctx.prec = precision
            losses = _losses(problem)
            divisors = {r: _divisor(problem, r) for r in problem.reductions}
            total = _total(losses)
            totals = {r: _over(total, divisor) for r, divisor in divisors.items()}
            enclosed = _enclose(losses)
            enclosed_totals = {r: _enclose([value]) for r, value in totals.items()}
            narrow = all(_is_narrow(e, problem) for e in (enclosed, *enclosed_totals.values()))
            if narrow or precision >= _LAST_PRECISION:
                return Reference(
                    losses=_shaped(enclosed, problem.samples_shape),
                    totals={r: _shaped(e, ()) for r, e in enclosed_totals.items()},
                    divisors={r: float(d) for r, d in divisors.items()},
                )
            precision *= 2
    finally:
        ctx.prec = before


def _is_narrow(enclosure: Enclosure, problem: Problem) -> bool:
    limit = spacing(enclosure.high, problem.dtype) * RADIUS_IN_ULPS
    limit = np.where(
        np.isnan(limit), 0.0, np.maximum(limit, np.finfo(np.float64).smallest_subnormal)
    )
    return bool((enclosure.radius <= limit).all())


def _shaped(enclosure: Enclosure, shape: tuple[int, ...]) -> Enclosure:
    parts = (enclosure.high, enclosure.low, enclosure.radius)
    return Enclosure(*(part.reshape(shape) for part in parts))


def _enclose(values: list[Extended]) -> Enclosure:
    parts = [_split(value) for value in values]
    high, low, radius = (np.array([p[i] for p in parts], dtype=np.float64) for i in range(3))
    return Enclosure(high, low, radius)


def _split(value: Extended) -> tuple[float, float, float]:
    """high, low and a radius that holds what they leave out."""
    if isinstance(value, float):
        return value, 0.0, 0.0
    high = float(value.mid())
    if not math.isfinite(high):  # beyond float64: its nearest float64 is the infinity
        return high, 0.0, 0.0
    low = float(value.mid() - arb(high))
    left = (value - arb(high) - arb(low)).abs_upper()
    if left == 0:
        return high, low, 0.0
    return high, low, math.nextafter(float(left), math.inf)


def _losses(problem: Problem) -> list[Extended]:
    """One extended real per sample, in row-major order."""
    kept = problem.kept.reshape(-1)
    weights = _flat(problem.sample_weight, len(kept))
    if problem.loss == "binary":
        rows = [_binary_loss(problem, i) for i in range(len(kept))]
    else:
        values = np.moveaxis(problem.values, problem.class_axis, -1)
        table = values.reshape(-1, problem.num_classes).astype(np.float64).tolist()
        return [
            _class_loss(problem, row, _targets(problem, i), weights[i]) if kept[i] else arb(0)
            for i, row in enumerate(table)
        ]
    return [_scaled(loss, weight) for loss, weight in zip(rows, weights, strict=True)]


def _flat(weight: object, count: int) -> list[float]:
    if weight is None:
        return [1.0] * count
    flat: list[float] = np.asarray(weight).astype(np.float64).reshape(-1).tolist()
    return flat


def _targets(problem: Problem, sample: int) -> dict[int, arb] | None:
    """The nonzero coefficients t_c of one sample, smoothed; None where the label is no class."""
    n, e = problem.num_classes, problem.label_smoothing
    if problem.loss == "sparse_categorical":
        label = int(problem.labels.reshape(-1)[sample])
        if not 0 <= label < n:
            return None
        targets = {label: arb(1)}
    else:
        rows = np.moveaxis(problem.labels, problem.class_axis, -1).reshape(-1, n)
        row = rows[sample].astype(np.float64).tolist()
        targets = {c: arb(t) for c, t in enumerate(row) if t != 0}
    if e == 0:
        return targets
    floor, keep = arb(e) / n, 1 - arb(e)
    return {c: targets.get(c, arb(0)) * keep + floor for c in range(n)}


def _class_loss(
    problem: Problem, row: list[float], targets: dict[int, arb] | None, weight: float
) -> Extended:
    """sum over classes of (sample weight) w_c t_c (-log p_c)."""
    if targets is None:
        return math.nan
    class_weight = _flat(problem.class_weight, problem.num_classes)
    coefficients = {c: t * arb(class_weight[c]) * arb(weight) for c, t in targets.items()}
    coefficients = {c: t for c, t in coefficients.items() if not t.is_zero()}
    if not all(t.is_finite() for t in coefficients.values()):
        return math.nan
    touched = (
        row
        if problem.loss == "categorical" or problem.label_smoothing
        else [row[c] for c in targets]
    )
    if problem.given == "logits":
        return _from_logits(row, coefficients)
    if problem.given == "log_probs":
        if any(math.isnan(x) or x == math.inf for x in touched):
            return math.nan
        return _sum(
            _scaled(-x if math.isinf(x) else -arb(x), t) for x, t in _picked(row, coefficients)
        )
    return _from_probs(row, touched, coefficients, problem.normalize is True)


def _picked(row: list[float], coefficients: dict[int, arb]) -> Iterable[tuple[float, arb]]:
    return ((row[c], t) for c, t in coefficients.items())


def _from_logits(row: list[float], coefficients: dict[int, arb]) -> Extended:
    top = max(range(len(row)), key=lambda i: -math.inf if math.isnan(row[i]) else row[i])
    if any(math.isnan(x) for x in row) or math.isinf(row[top]):
        return math.nan  # nan or +inf present, or every logit -inf
    maximum = arb(row[top])
    others = sum(
        ((arb(x) - maximum).exp() for i, x in enumerate(row) if i != top and x != -math.inf), arb(0)
    )
    log_sum = others.log1p()
    return _sum(
        _scaled(math.inf if x == -math.inf else log_sum + (maximum - arb(x)), t)
        for x, t in _picked(row, coefficients)
    )


def _from_probs(
    row: list[float], touched: list[float], coefficients: dict[int, arb], normalize: bool
) -> Extended:
    if any(math.isnan(p) for p in (row if normalize else touched)):
        return math.nan
    total = sum((arb(p) for p in row), arb(0)) if normalize else arb(1)
    if normalize and (not total.is_finite() or total.is_zero()):
        return math.nan
    return _sum(
        _scaled(math.inf if p == 0 else (total / arb(p)).log(), t)
        for p, t in _picked(row, coefficients)
    )


def _binary_loss(problem: Problem, i: int) -> Extended:
    """-(pos_weight t log p + (1 - t) log(1 - p))."""
    x = float(problem.values.reshape(-1)[i])
    t = float(problem.labels.reshape(-1)[i])
    if math.isnan(x) or math.isinf(t) or math.isnan(t):
        return math.nan
    e = problem.label_smoothing
    target = arb(t) if e == 0 else arb(t) * (1 - arb(e)) + arb(e) / 2
    positive = target * arb(_pos_weight(problem, i))
    minus_log_p, minus_log_not_p = _binary_logs(problem, x)
    return _sum([_scaled(minus_log_p, positive), _scaled(minus_log_not_p, 1 - target)])


def _pos_weight(problem: Problem, i: int) -> float:
    if problem.pos_weight is None:
        return 1.0
    return float(np.broadcast_to(problem.pos_weight, problem.values.shape).reshape(-1)[i])


def _binary_logs(problem: Problem, x: float) -> tuple[Extended, Extended]:
    """-log p and -log(1 - p), for x the logit, the probability or its log."""
    if problem.given == "logits":
        if math.isinf(x):
            return (math.nan, math.nan) if x > 0 else (math.inf, arb(0))
        tail = (-abs(arb(x))).exp().log1p()
        return tail + arb(max(-x, 0.0)), tail + arb(max(x, 0.0))
    if problem.given == "probs":
        p, q = arb(x), 1 - arb(x)
        return (
            math.inf if x == 0 else -p.log(),
            math.inf if x == 1 else -q.log(),
        )
    if x == -math.inf:
        return math.inf, arb(0)
    if x == math.inf:
        return math.nan, math.nan
    above_one = math.nan if x > 0 else math.inf  # log of a negative number; log of 0
    return -arb(x), above_one if x >= 0 else -(-arb(x).expm1()).log()


def _scaled(value: Extended, factor: arb | float) -> Extended:
    """value * factor; a factor of 0 drops an infinite value (0 log 0 is 0), never a nan."""
    factor = arb(factor)
    if not isinstance(value, float):
        return value * factor
    if math.isnan(value):
        return math.nan
    if factor.is_zero():
        return arb(0)
    return value if factor > 0 else -value if factor < 0 else math.nan


def _sum(terms: Iterable[Extended]) -> Extended:
    """The sum in the extended reals: any nan, or infinities of both signs, give nan."""
    finite, infinite = arb(0), 0.0
    for term in terms:
        if isinstance(term, float):
            infinite += term  # inf + -inf and nan + anything are nan
        else:
            finite += term
    return finite if infinite == 0.0 else infinite


def _total(losses: list[Extended]) -> Extended:
    return _sum(losses)


def _over(total: Extended, divisor: arb) -> Extended:
    if not divisor.is_finite() or divisor.contains(0):
        return math.nan
    return _scaled(total, 1 / divisor) if isinstance(total, float) else total / divisor


def _divisor(problem: Problem, reduction: Reduction) -> arb:
    """sum: 1. mean: the kept samples. weighted_mean: the sum of their weights."""
    if reduction == "sum":
        return arb(1)
    kept = problem.kept.reshape(-1)
    if reduction == "mean":
        return arb(int(kept.sum()))
    weights = _flat(problem.sample_weight, len(kept))
    return sum(
        (arb(weights[i]) * _class_factor(problem, i) for i in range(len(kept)) if kept[i]), arb(0)
    )


def _class_factor(problem: Problem, i: int) -> arb:
    """What a sample's classes weigh: class_weight[y], or sum_c w_c t_c before smoothing."""
    if problem.loss == "binary":
        return arb(1)
    n = problem.num_classes
    class_weight = _flat(problem.class_weight, n)
    if problem.loss == "sparse_categorical":
        label = int(problem.labels.reshape(-1)[i])
        return arb(class_weight[label]) if 0 <= label < n else arb(1)
    row = np.moveaxis(problem.labels, problem.class_axis, -1).reshape(-1, n)[i]
    targets: Float64s = row.astype(np.float64)
    return sum(
        (arb(w) * arb(t) for w, t in zip(class_weight, targets.tolist(), strict=True)), arb(0)
    )
