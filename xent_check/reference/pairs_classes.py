"""Losses and gradients over classes, from logits, in pairs of float64 numbers, proven.

The formulas are those of balls_classes.py, for many samples at once:

    -log softmax(x)_j = log1p(s) + (m - x_j)              s = sum over i != k of exp(x_i - m)
    d loss / d x_j    = (exp(x_j - m) (sum of c, j's apart) - c_j (S - exp(x_j - m))) / S

with m = max x, k an index of it, S = 1 + s. m - x_j is exact. By what pairs.py proves, s errs by
2^-97 of itself for up to 2^30 classes, log1p(s) by 2^-87, and coefficients c, products of a target
and two weights, by 2^-100. No term of log1p(s) + (m - x_j) is negative, so a loss errs by at most
2^-86 of the sum of its terms' sizes. The sum of c apart from j's errs by 2^-98 of the sum of their
sizes C, and not at all where one of them alone is not 0; S less one exp is at least a third of the
sum of the two. So an entry of the gradient errs by at most 2^-92 of the sum of its two terms'
sizes, and by 2^-98 C exp(x_j - m) / S.

An exp(x_j - m) below exp(-LOWEST) < 2^-721 is taken for 0. In a sample of n classes that moves a
loss by at most n 2^-721 C, and an entry of the gradient by 6 n 2^-721 C at most. What underflows
moves either by less than 2^-1000: weights and targets are 0 or from 2^-60 to 2^60 in size.

A sample for which this does not hold, or whose radii are not narrow, is left to ball arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s
from xent_check.problem.parts import parts
from xent_check.problem.problem import Problem

from .enclosure import Enclosure, narrow
from .pairs import (
    LOWEST,
    Pairs,
    exp,
    inverse,
    log1p,
    minus,
    nearest,
    of,
    plus,
    sum_of,
    times,
    total,
)  # fmt: skip

Bools = npt.NDArray[np.bool_]
_IN_CACHE = 2**13  # values, of which some twenty arrays are at work
_LARGEST_LOGIT = 2.0**800
_LARGEST_FACTOR = 2.0**60
_DROPPED = 2.0**-721
_UNDERFLOW = 2.0**-1000
# The options of what is computed here; problems with others are left to ball arithmetic.
_PLAIN = frozenset({
    "class_axis", "layout", "ignore_index", "label_smoothing", "smoothing_formula", "class_weight",
    "sample_weight", "num_items",
})  # fmt: skip


def in_pairs(problem: Problem) -> bool:
    """Whether the problem is of the kind that is computed here."""
    if problem.loss == "binary" or problem.given != "logits" or problem.options - _PLAIN:
        return False
    e, n = problem.smoothing, problem.num_classes
    return n > 0 and (e == 0 or n / Fraction(_LARGEST_FACTOR) <= e <= 1)


def pair_losses(part: Problem) -> tuple[Enclosure, Bools]:
    """The losses of a part that is `in_pairs`, and which of them are decided: the others are to be
    computed by ball arithmetic. Shape: the samples'."""
    arrays = np.zeros((3, len(part.labels)))
    decided = np.ones(len(part.labels), np.bool_)
    for samples, some in parts(part, _IN_CACHE):
        rows = _Rows.of(some)
        c, size = rows.coefficients, np.abs(rows.coefficients.high)
        to_label = plus(_column(log1p(rows.others)), rows.gaps)  # -log softmax
        losses = total(times(c, to_label))
        sizes = (size * to_label.high).sum(axis=1)
        radius = sizes * 2.0**-86 + rows.dropped * size.sum(axis=1) + _underflow(sizes)
        arrays[:, samples], decided[samples] = rows.enclosed(some, losses, radius)
    return Enclosure(*arrays), decided


def pair_gradient(part: Problem) -> tuple[Enclosure, Bools]:
    """The gradient of a part that is `in_pairs`, of the shape of its values, and for which samples
    it is decided."""
    arrays = np.zeros((3, len(part.labels), part.num_classes))
    decided = np.ones(len(part.labels), np.bool_)
    for samples, some in parts(part, _IN_CACHE):
        rows = _Rows.of(some)
        e, c, at_top = rows.exps, rows.coefficients, rows.at_top
        exp_sum = plus(of(np.ones(rows.others.high.shape)), rows.others)
        size = np.abs(c.high)
        sizes = size.sum(axis=1, keepdims=True)
        single = np.count_nonzero(c.high, axis=1, keepdims=True) == 1
        apart = plus(_column(total(c)), minus(c))
        without = plus(_column(exp_sum), minus(e))
        rest = Pairs(
            np.where(at_top, rows.others.high[:, None], without.high),
            np.where(at_top, rows.others.low[:, None], without.low),
        )
        entries = plus(times(e, apart), minus(times(c, rest)))
        entries = times(entries, _column(inverse(exp_sum)))
        terms = (e.high * np.abs(apart.high) + size * rest.high) / exp_sum.high[:, None]
        error = np.where(single, 0.0, 2.0**-98) * sizes * e.high / exp_sum.high[:, None]
        radius = terms * 2.0**-92 + error + 6 * rows.dropped[:, None] * sizes + _underflow(terms)
        if some.cotangent is not None:
            cotangent = some.cotangent.astype(np.float64)[:, None]
            cotangent = np.where(_is_usable(cotangent), cotangent, 0.0)
            entries, radius = times(entries, of(cotangent)), radius * np.abs(cotangent)
        arrays[:, samples], decided[samples] = rows.enclosed(some, entries, radius)
    return Enclosure(*arrays), decided


@dataclass(frozen=True, eq=False)
class _Rows:
    """Samples of n classes. Where they are not computed here, numbers that are."""

    gaps: Pairs  # m - x, (samples, n)
    exps: Pairs  # exp(x - m), (samples, n)
    at_top: Bools  # where the maximum is, once per sample: (samples, n)
    others: Pairs  # s, (samples,)
    coefficients: Pairs  # c, (samples, n)
    dropped: Float64s  # what the exps that are taken for 0 may add up to, (samples,)
    here: Bools  # which samples are computed here, (samples,)

    @classmethod
    def of(cls, part: Problem) -> _Rows:
        x = part.values.astype(np.float64)
        top, masked = x.argmax(axis=1), np.isneginf(x)
        here = (masked | (np.abs(x) <= _LARGEST_LOGIT)).all(axis=1) & ~masked.all(axis=1)
        c, usable = _coefficients(part)
        here &= usable & ~(masked & (c.high != 0)).any(axis=1)
        c = _where(here[:, None], c)
        x = np.where(here[:, None] & ~masked, x, 0.0)
        at_top = np.arange(part.num_classes) == top[:, None]
        gaps = _where(~masked, sum_of(x[at_top][:, None], -x))
        far = gaps.high > LOWEST
        exps = _where(~(far | masked), exp(minus(_where(~far, gaps))))
        others = total(_where(~at_top, exps))
        dropped = np.where(far.any(axis=1), part.num_classes * _DROPPED, 0.0)
        return cls(gaps, exps, at_top, others, c, dropped, here)

    def enclosed(self, part: Problem, numbers: Pairs, radius: Float64s) -> tuple[Float64s, Bools]:
        """high, low and radius of the numbers of each sample, and which samples are decided: an
        ignored one has zeros, one whose label is no class has nan."""
        arrays = np.stack([numbers.high, numbers.low, radius])
        ignored, outside = ~part.kept, np.zeros(len(part.labels), np.bool_)
        if part.loss == "sparse_categorical":
            outside = part.kept & ((part.labels < 0) | (part.labels >= part.num_classes))
        arrays[:, ignored | outside] = 0.0
        arrays[0, outside] = np.nan
        is_narrow = narrow(Enclosure(*arrays), part.dtype).reshape(len(ignored), -1).all(axis=1)
        return arrays, (self.here & is_narrow) | ignored | outside


def _coefficients(part: Problem) -> tuple[Pairs, Bools]:
    """c, and for which samples they can be used. Shapes: the values', the samples'."""
    n, e = part.num_classes, part.smoothing
    if part.loss == "categorical":
        targets = part.labels.astype(np.float64)
    else:
        targets = (np.arange(n) == part.labels[:, None]).astype(np.float64)
    factors = [] if part.class_weight is None else [part.class_weight.astype(np.float64)[None]]
    if part.sample_weight is not None:
        factors.append(part.sample_weight.astype(np.float64)[:, None])
    usable: Bools = np.asarray((_is_usable(targets) & (targets >= 0)).all(axis=1))
    if part.cotangent is not None:
        usable &= _is_usable(part.cotangent.astype(np.float64))
    c = of(np.where(usable[:, None], targets, 0.0))
    if e:
        c = plus(times(c, nearest(1 - e)), nearest(e / n))
    for factor in factors:
        can = _is_usable(factor)
        usable &= can.all(axis=1)
        c = times(c, of(np.where(can, factor, 0.0)))
    return c, usable


def _is_usable(factor: Float64s) -> Bools:
    """Whether the products with it stay far within float64's range."""
    size = np.abs(factor)
    return np.asarray((size == 0) | ((size >= 1 / _LARGEST_FACTOR) & (size <= _LARGEST_FACTOR)))


def _underflow(sizes: Float64s) -> Float64s:
    """What is lost to underflow, where anything is computed."""
    return np.where(sizes > 0, _UNDERFLOW, 0.0)


def _where(chosen: Bools, x: Pairs) -> Pairs:
    """The numbers where they are chosen, else 0."""
    return Pairs(np.where(chosen, x.high, 0.0), np.where(chosen, x.low, 0.0))


def _column(x: Pairs) -> Pairs:
    """One number per sample, for each of its classes."""
    return Pairs(x.high[:, None], x.low[:, None])
