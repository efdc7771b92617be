"""The oracle: the contract's meaning, written down once more in mpmath, sharing no code.

It reads a problem's fields by name and nothing else of the package. Sixty digits by default; where
terms of both signs cancel, ask for more. Extended reals: a coefficient of 0, all weights in it,
drops an infinite term (0 log 0 is 0; the log of 1 - p for a p above 1 goes with its coefficient
too), inf - inf is nan, a nan among the numbers that the formula reads is nan.

With m = max x, k an index of it, and t the target's coefficient of a class (weights and smoothing
in it):

    -log softmax(x)_c = log1p(sum over i != k of exp(x_i - m)) + (m - x_c)
    -log sigmoid(z)   = log1p(exp(-abs(z))) + max(-z, 0)

Logits x are taken for the scores softcap tanh(logit_scale x / softcap), where either is set. With a
shift k, the label of the i-th position of a sequence is the (i + k)-th, the last k have none, and
megatron's label smoothing has epsilon n / (n - 1) in place of epsilon.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from mpmath import mp, mpf

Number = Any  # an mpf, or a Python float that is nan or infinite
INF, NAN = mpf("inf"), mpf("nan")


class ProblemFields(Protocol):
    """What the oracle reads of a problem."""

    @property
    def loss(self) -> str: ...
    @property
    def given(self) -> str: ...
    @property
    def values(self) -> Any: ...
    @property
    def labels(self) -> Any: ...
    @property
    def class_axis(self) -> int: ...
    @property
    def normalize(self) -> bool | None: ...
    @property
    def ignore_index(self) -> int | None: ...
    @property
    def label_smoothing(self) -> float: ...
    @property
    def class_weight(self) -> Any: ...
    @property
    def pos_weight(self) -> Any: ...
    @property
    def sample_weight(self) -> Any: ...
    @property
    def cotangent(self) -> Any: ...
    @property
    def weight(self) -> Any: ...
    @property
    def bias(self) -> Any: ...
    @property
    def logit_scale(self) -> float: ...
    @property
    def softcap(self) -> float | None: ...
    @property
    def z_loss(self) -> float: ...
    @property
    def num_items(self) -> float | None: ...
    @property
    def shift(self) -> int | None: ...
    @property
    def smoothing_formula(self) -> str: ...


@dataclass(frozen=True)
class Truth:
    """losses: row-major, one per sample. totals: all three reductions."""

    losses: list[Number]
    totals: dict[str, Number]


@contextmanager
def _digits(digits: int) -> Iterator[None]:
    with mp.workdps(digits):
        yield


def truth(problem: ProblemFields, digits: int = 60) -> Truth:
    """The exact losses and totals of a problem, to `digits` digits per operation."""
    with _digits(digits):
        samples = list(_samples(problem))
        losses = [s.loss() for s in samples]
        total = _add(losses)
        kept = sum(1 for s in samples if s.kept)
        weight = sum((s.weight_of_mean for s in samples if s.kept), Fraction(0))
        known = not any(s.unknown_weight for s in samples if s.kept)
        return Truth(
            losses,
            {
                "sum": total,
                "mean": _ratio(total, Fraction(problem.num_items or kept)),
                "weighted_mean": _ratio(total, weight) if known else NAN,
            },
        )


def gradient(problem: ProblemFields, digits: int = 60) -> Any:
    """The gradient of sum(cotangent * losses) in what is given: nested lists of the values' shape.

    The cotangent is 1 unless the problem has one; 0 times an infinite derivative is 0. Closed
    forms, with a_c = sample_weight w_c t_c (smoothed) and A their sum:

        logits      A p_j - a_j
        probs       -a_j / p_j, or A / sum(p) - a_j / p_j where they are normalized
        log_probs   -a_j

    and for binary, with a1 and a0 the coefficients of -log p and -log(1 - p):

        logits      a0 p - a1 (1 - p)
        probs       a0 / (1 - p) - a1 / p
        log_probs   a0 p / (1 - p) - a1

    nan in every entry of a sample whose loss is nan; 0 for an ignored one. A -inf logit has p = 0,
    so 0 without target mass and -a_j with it. 0 / 0 is 0 (the term is not there); a_j / 0 is
    infinite.
    """
    with _digits(digits):
        values = np.asarray(problem.values)
        made = np.empty(values.size, dtype=object)
        index = _positions(problem)
        cotangents = _listed(problem.cotangent, len(index))
        for sample, places, by in zip(_samples(problem), index, cotangents, strict=True):
            for place, entry in zip(places, sample.gradient(), strict=True):
                made[place] = _times(entry, mpf(by))
        return made.reshape(values.shape).tolist()


def layer_gradients(problem: ProblemFields, digits: int = 60) -> dict[str, Any]:
    """The gradients of sum(cotangent * losses) by hidden, weight and bias, as nested lists: with g
    the derivatives by the logits of each sample, sum_c g_c w_ck, sum_i g_ic h_ik and sum_i g_ic."""
    with _digits(digits):
        weight = np.asarray(problem.weight).astype(np.float64)
        hidden = np.asarray(problem.values).astype(np.float64).reshape(-1, weight.shape[1])
        cotangents = _listed(problem.cotangent, len(hidden))
        slopes = [
            [_times(entry, mpf(by)) for entry in sample.gradient()]
            for sample, by in zip(_samples(problem), cotangents, strict=True)
        ]
        classes, features = map(range, weight.shape)
        samples = range(len(hidden))
        by_hidden = [
            [mp.fsum(slopes[i][c] * mpf(weight[c, k]) for c in classes) for k in features]
            for i in samples
        ]
        by_weight = [
            [mp.fsum(slopes[i][c] * mpf(hidden[i, k]) for i in samples) for k in features]
            for c in classes
        ]
        by_bias = [mp.fsum(slopes[i][c] for i in samples) for c in classes]
        return {"hidden": by_hidden, "weight": by_weight, "bias": by_bias}


def _logits(problem: ProblemFields) -> list[list[Number]]:
    """sum_k h_k w_ck + b_c, one row per sample."""
    weight = np.asarray(problem.weight).astype(np.float64)
    hidden = np.asarray(problem.values).astype(np.float64).reshape(-1, weight.shape[1])
    bias = [0.0] * len(weight) if problem.bias is None else _listed(problem.bias, len(weight))
    return [
        [
            mp.fsum(mpf(x) * mpf(w) for x, w in zip(h.tolist(), row.tolist(), strict=True)) + mpf(b)
            for row, b in zip(weight, bias, strict=True)
        ]
        for h in hidden
    ]


def _positions(problem: ProblemFields) -> list[list[int]]:
    """The flat positions of each sample's own values."""
    values = np.asarray(problem.values)
    flat = np.arange(values.size).reshape(values.shape)
    if problem.loss == "binary":
        return [[int(i)] for i in flat.reshape(-1)]
    rows = np.moveaxis(flat, problem.class_axis, -1)
    return [[int(i) for i in row] for row in rows.reshape(-1, values.shape[problem.class_axis])]


class _Sample(Protocol):
    kept: bool

    @property
    def unknown_weight(self) -> bool: ...
    @property
    def weight_of_mean(self) -> Fraction: ...
    def loss(self) -> Number: ...
    def gradient(self) -> list[Number]: ...


def _samples(problem: ProblemFields) -> Iterator[_Sample]:
    if problem.given == "hidden":
        yield from _layered(problem)
        return
    values = np.asarray(problem.values)
    places = _positions(problem)
    flat = [float(v) for v in values.reshape(-1)]
    weights = _listed(problem.sample_weight, len(places))
    if problem.loss == "binary":
        positive = np.ones(values.shape)
        if problem.pos_weight is not None:
            positive = positive * np.asarray(problem.pos_weight, dtype=np.float64)
        pos = [float(v) for v in positive.reshape(-1)]
        targets = [float(t) for t in np.asarray(problem.labels).reshape(-1)]
        for i, x in enumerate(flat):
            yield _Binary(problem, x, targets[i], pos[i], weights[i])
        return
    n = values.shape[problem.class_axis]
    class_weight = _listed(problem.class_weight, n)
    labels: list[Any]
    if problem.loss == "sparse_categorical":
        labels = _met(np.asarray(problem.labels), problem.shift)
    else:
        rows = np.moveaxis(np.asarray(problem.labels), problem.class_axis, -1).reshape(-1, n)
        labels = [[float(t) for t in row] for row in rows]
    for i, where in enumerate(places):
        row = [flat[j] for j in where]
        yield _Classes(problem, row, labels[i], class_weight, weights[i])


def _met(labels: Any, shift: int | None) -> list[int | None]:
    """The label that each position's scores meet, row-major; None where they meet none."""
    if shift is None:
        return [int(y) for y in labels.reshape(-1)]
    length = max(labels.shape[-1], 1) if labels.ndim else 1
    met: list[int | None] = []
    for sequence in labels.reshape(-1, length).tolist():
        met += [sequence[i + shift] if i + shift < length else None for i in range(length)]
    return met


def _layered(problem: ProblemFields) -> Iterator[_Sample]:
    rows = _logits(problem)
    n, weights = len(np.asarray(problem.weight)), _listed(problem.sample_weight, len(rows))
    labels = np.asarray(problem.labels)
    soft = labels.astype(np.float64).reshape(-1, n) if problem.loss == "categorical" else None
    met = [] if soft is not None else _met(labels, problem.shift)
    for i, row in enumerate(rows):
        label: Any = met[i] if soft is None else soft[i].tolist()
        yield _Classes(problem, row, label, _listed(problem.class_weight, n), weights[i])


class _Binary:
    """One element of a binary problem."""

    kept = True

    def __init__(self, problem: ProblemFields, x: float, t: float, pos: float, weight: float):
        self.given, self.t, self.weight = problem.given, t, weight
        self.x: Number = x
        self.slope: Number = mpf(1)
        if problem.given == "logits":
            self.x, self.slope = _score(problem, x)
        e = mpf(problem.label_smoothing)
        smooth = mpf(t) * (1 - e) + e / 2
        self.a1 = smooth * mpf(pos)
        self.a0 = 1 - smooth
        self.unknown_weight = not mp.isfinite(weight)

    @property
    def weight_of_mean(self) -> Fraction:
        return Fraction(self.weight) if mp.isfinite(self.weight) else Fraction(0)

    def loss(self) -> Number:
        if mp.isnan(self.x) or not mp.isfinite(self.t):
            return NAN
        return _add([_times(v, a * mpf(self.weight)) for v, a in self._terms()])

    def _terms(self) -> list[tuple[Number, Number]]:
        """(-log p, its coefficient), (-log(1 - p), its coefficient)."""
        x = mpf(self.x)
        if self.given == "logits":
            if x == INF:
                return [(NAN, self.a1), (NAN, self.a0)]
            if x == -INF:
                return [(INF, self.a1), (mpf(0), self.a0)]
            tail = mp.log1p(mp.exp(-abs(x)))
            return [(tail + max(-x, mpf(0)), self.a1), (tail + max(x, mpf(0)), self.a0)]
        if self.given == "probs":
            return [(_minus_log(x), self.a1), (_minus_log_of_the_rest(x), self.a0)]
        not_there = 0 < x < INF and self.a0 * self.weight == 0
        rest = mpf(0) if not_there else self._minus_log_not_p(x)
        return [(-x, self.a1), (rest, self.a0)]

    @staticmethod
    def _minus_log_not_p(log_p: Number) -> Number:
        """-log(1 - exp(log_p)), exact near 0 and far below it. Above 0: the log of a negative."""
        if log_p < -1:
            return _minus_log_of_the_rest(mp.exp(log_p))
        return NAN if log_p > 0 else _minus_log(-mp.expm1(log_p))

    def gradient(self) -> list[Number]:
        if mp.isnan(self.loss()):
            return [NAN]
        x, w = mpf(self.x), mpf(self.weight)
        a1, a0 = self.a1 * w, self.a0 * w
        if self.given == "logits":
            small = mpf(0) if x == -INF else mp.exp(-abs(x))
            p, q = (1, small) if x >= 0 else (small, 1)
            return [(a0 * p - a1 * q) / (1 + small) * self.slope]
        if self.given == "probs":
            return [_add([_quotient(a0, 1 - x), _quotient(-a1, x)])]
        p, rest = (mpf(0), mpf(1)) if x == -INF else (mp.exp(x), -mp.expm1(x))
        return [_add([_quotient(a0 * p, rest), -a1])]


class _Classes:
    """One row of classes."""

    def __init__(
        self,
        problem: ProblemFields,
        row: Sequence[Number],
        label: Any,
        class_weight: Sequence[float],
        weight: float,
    ):
        n = len(row)
        sparse = problem.loss == "sparse_categorical"
        self.given, self.row = problem.given, [mpf(x) for x in row]
        self.slopes, self.z_loss = [mpf(1)] * n, mpf(0)
        if problem.given in ("logits", "hidden"):
            scored = [_score(problem, x) for x in row]
            self.row, self.slopes = [s for s, _ in scored], [s for _, s in scored]
            self.z_loss = mpf(problem.z_loss) * mpf(weight)
        self.normalize = problem.normalize is True
        self.kept = label is not None and not (
            sparse and problem.ignore_index is not None and label == problem.ignore_index
        )
        self.weight = weight
        self.is_class = not sparse or (label is not None and 0 <= label < n)
        e = mpf(problem.label_smoothing)
        if problem.smoothing_formula == "megatron":
            e = e * n / (n - 1)
        hard = [1.0 if c == label else 0.0 for c in range(n)] if sparse else list(label)
        smooth = [mpf(t) * (1 - e) + e / n for t in hard]
        self.coefficients = [mpf(w) * t for w, t in zip(class_weight, smooth, strict=True)]
        # An integer label is one term, not a sum over the classes: the others are not looked at.
        self.read = [label] if sparse and e == 0 and self.is_class else list(range(n))
        self.factors = (
            [] if sparse and not self.is_class else list(zip(class_weight, hard, strict=True))
        )
        numbers = [weight, *(x for pair in self.factors for x in pair)]
        self.unknown_weight = not all(mp.isfinite(x) for x in numbers)

    @property
    def weight_of_mean(self) -> Fraction:
        if self.unknown_weight:
            return Fraction(0)
        if not self.factors:
            return Fraction(self.weight)
        return Fraction(self.weight) * sum(
            (Fraction(w) * Fraction(t) for w, t in self.factors), Fraction(0)
        )

    def loss(self) -> Number:
        if not self.kept:
            return mpf(0)
        if not self.is_class or not all(mp.isfinite(a) for a in self.coefficients):
            return NAN
        logs = self._minus_logs()
        weight = mpf(self.weight)
        terms = [_times(logs[c], self.coefficients[c] * weight) for c in self.read]
        if self.z_loss and not any(mp.isnan(log) for log in logs):
            terms.append(self.z_loss * self._log_sum_exp() ** 2)
        return _add(terms)

    def _log_sum_exp(self) -> Number:
        top, exps = self._exps()
        return self.row[top] + mp.log1p(mp.fsum(e for i, e in enumerate(exps) if i != top))

    def _minus_logs(self) -> list[Number]:
        n = len(self.row)
        if self.given == "log_probs":
            return [-x for x in self.row]
        if self.given == "probs":
            if not self.normalize:
                return [_minus_log(p) for p in self.row]
            total = mp.fsum(self.row) if not _any_nan(self.row) else NAN
            if not mp.isfinite(total) or total == 0:
                return [NAN] * n
            return [
                INF if p == 0 else mp.log1p(_without(self.row, c) / p)
                for c, p in enumerate(self.row)
            ]
        if _any_nan(self.row) or max(self.row) in (INF, -INF):
            return [NAN] * n
        top, exps = self._exps()
        tail = mp.log1p(mp.fsum(e for i, e in enumerate(exps) if i != top))
        return [INF if x == -INF else tail + (self.row[top] - x) for x in self.row]

    def _exps(self) -> tuple[int, list[Number]]:
        top = self.row.index(max(self.row))
        return top, [mpf(0) if x == -INF else mp.exp(x - self.row[top]) for x in self.row]

    def gradient(self) -> list[Number]:
        n = len(self.row)
        if not self.kept:
            return [mpf(0)] * n
        if mp.isnan(self.loss()):
            return [NAN] * n
        a = [
            c * mpf(self.weight) if i in self.read else mpf(0)
            for i, c in enumerate(self.coefficients)
        ]
        if self.given == "log_probs":
            return [-x for x in a]
        if self.given == "probs":
            shared = mp.fsum(a) / mp.fsum(self.row) if self.normalize else mpf(0)
            return [_add([shared, _quotient(-a[j], p)]) for j, p in enumerate(self.row)]
        _, exps = self._exps()
        # A p_j - a_j without the cancellation of p_t - 1: both sums leave class j out.
        z = 2 * self.z_loss * self._log_sum_exp()
        return [
            (exps[j] * (_without(a, j) + z) - a[j] * _without(exps, j)) / mp.fsum(exps) * slope
            for j, slope in enumerate(self.slopes)
        ]


def _score(problem: ProblemFields, x: Number) -> tuple[Number, Number]:
    """The score of a logit, and its derivative by the logit."""
    scale = mpf(problem.logit_scale)
    if mp.isnan(x):
        return NAN, NAN
    if problem.softcap is None:
        return mpf(x) * scale, scale
    cap = mpf(problem.softcap)
    if mp.isinf(x):
        return mp.sign(mpf(x)) * cap, mpf(0)
    share = mpf(x) * scale / cap
    return cap * mp.tanh(share), scale * mp.sech(share) ** 2


def _without(numbers: Sequence[Number], left_out: int) -> Number:
    return mp.fsum(x for i, x in enumerate(numbers) if i != left_out)


def _any_nan(numbers: Iterable[Number]) -> bool:
    return any(mp.isnan(x) for x in numbers)


def _listed(weights: Any, count: int) -> list[float]:
    if weights is None:
        return [1.0] * count
    return [float(w) for w in np.asarray(weights).reshape(-1)]


def _minus_log(p: Number) -> Number:
    if p == 0:
        return INF
    return -mp.log(p) if p > 0 else NAN  # a nan compares false


def _minus_log_of_the_rest(p: Number) -> Number:
    """-log(1 - p)."""
    return INF if p == 1 else NAN if p > 1 else -mp.log1p(-p)


def _times(value: Number, coefficient: Number) -> Number:
    """value * coefficient, 0 where an infinite value has none."""
    if mp.isnan(value):
        return NAN
    return mpf(0) if coefficient == 0 else value * coefficient


def _quotient(top: Number, bottom: Number) -> Number:
    """top / bottom; a term with nothing on top is not there, whatever is below."""
    if top == 0:
        return mpf(0)
    return INF * mp.sign(top) if bottom == 0 else top / bottom


def _add(terms: Iterable[Number]) -> Number:
    """The sum of extended reals; mpmath's fsum knows no infinities."""
    total = mpf(0)
    for term in terms:
        total += term
    return total


def _ratio(total: Number, divisor: Fraction) -> Number:
    if divisor == 0:
        return NAN
    return total * divisor.denominator / divisor.numerator
