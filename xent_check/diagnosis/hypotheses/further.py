"""Further changes, which are rarer: weights, labels, smoothing and ignored samples that one
kernel or one framework treats in a way of its own. They are tried where nothing more usual gives
the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from xent_check.problem.dtypes import Float64s, rounded, unit_roundoff
from xent_check.problem.vocabulary import DType

from ..log_probabilities import log_sum_exp, minus_log_classes
from ..losses import sample_losses
from ..meaning import Meaning
from ..targets import smoothed, targets_of, weights_of
from .scores import Variation, inf_minus_inf
from .table import Hypothesis
from .totals import chunks_of, means_of_chunks

_INFINITE = (1e20, 100.0)  # what stands for -log 0


def _loss_zero(m: Meaning) -> Iterator[Variation]:
    yield replace(m, sample_weight=np.zeros(len(m.scores)), outside="zero"), {}


def _smoothing_shares(m: Meaning) -> Iterator[Variation]:
    if not m.smoothing or m.binary or m.smoothing_over != "all":
        return
    e, n = m.smoothing, m.scores.shape[1]
    yield replace(m, shares=np.full(n, 1 / n)), {"rule": "1 / n to every class"}
    half = (n + 1) // 2
    first = np.where(np.arange(n) < half, e / half, 0.0)
    yield replace(m, shares=first), {"rule": f"e / {half:,} to each of the first {half:,} classes"}
    axes = (*m.shape, n) if m.class_axis == -1 else _given(m)
    for axis, size in enumerate(axes):
        if size != n:
            rule = f"e / {size:,} to every class, the size of axis {axis} in place of the classes"
            yield replace(m, shares=np.full(n, e / size)), {"rule": rule}


def _given(m: Meaning) -> tuple[int, ...]:
    """The shape of the scores as they were given."""
    shape = list(m.shape)
    shape.insert(m.class_axis % (len(shape) + 1), m.scores.shape[1])
    return tuple(shape)


def _labels_read(m: Meaning) -> Iterator[Variation]:
    if m.labels is None:
        return
    for bits in (8, 16):
        words = f"label indices are read as {bits} bits"
        unsigned = np.where(m.kept, m.labels % 2**bits, m.labels)
        half = 2 ** (bits - 1)
        signed = np.where(m.kept, (m.labels + half) % 2**bits - half, m.labels)
        if (unsigned != m.labels).any():
            yield replace(m, labels=unsigned), {"how": words}
        if (signed != m.labels).any():
            wraps = replace(m, labels=signed, outside="wrap")
            yield wraps, {"how": f"{words} with a sign, and count from the last class below 0"}
            empty = replace(m, labels=signed, outside="zero")
            yield empty, {"how": f"{words} with a sign, and have no class below 0"}


def _ignored_counts(m: Meaning) -> Iterator[Variation]:
    if m.kept.all() or m.labels is None or m.binary:
        return
    counted = replace(m, ignore_index=None, outside="clamp")
    yield counted, {"how": "are counted, their labels taken to the nearest class"}
    if m.activation != "softmax":
        return
    with np.errstate(all="ignore"):
        sums = log_sum_exp(m)
        yield _with_ignored(m, sums), {"how": "have the log-sum-exp for a loss, less no logit"}
        if m.smoothing:
            shares = np.full(m.scores.shape[1], m.smoothing / m.scores.shape[1])
            weights = shares if m.class_weight is None else shares * m.class_weight
            spread = np.where(weights == 0, 0.0, weights * minus_log_classes(m)).sum(axis=1)
            yield _with_ignored(m, spread), {"how": "count in the smoothed part of the loss"}


def _with_ignored(m: Meaning, losses: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Meaning:
    weight = 1.0 if m.sample_weight is None else m.sample_weight
    return replace(m, of_ignored=losses * weight)


def _class_weight_elsewhere(m: Meaning) -> Iterator[Variation]:
    if m.class_weight is None or m.binary:
        return
    without, n = replace(m, class_weight=None), m.scores.shape[1]
    if m.activation == "softmax" and len(m.class_weight) == n:
        with np.errstate(invalid="ignore"):
            yield replace(without, scores=m.scores * m.class_weight), {"what": "the logits"}
    by_place = m.class_weight[np.arange(len(m.scores)) % n]
    weight = by_place if m.sample_weight is None else by_place * m.sample_weight
    yield replace(without, sample_weight=weight), {"what": "the sample in its place, not its class"}


def _bias_twice(m: Meaning) -> Iterator[Variation]:
    if m.bias is not None:
        yield replace(m, scores=m.scores + m.bias, bias=None), {}


def _pos_weight_outside(m: Meaning) -> Iterator[Variation]:
    if m.pos_weight is None:
        return
    whole = (1 + (m.pos_weight - 1) * targets_of(m)).reshape(-1)
    weight = whole if m.sample_weight is None else whole * m.sample_weight
    yield replace(m, pos_weight=None, sample_weight=weight), {}


def _in(dtype: DType, numbers: Float64s | float) -> Float64s:
    """Numbers rounded to a dtype."""
    return rounded(np.asarray(numbers), dtype).astype(np.float64)


def _constants_folded(m: Meaning) -> Iterator[Variation]:
    if m.softcap is None:
        return
    scale, cap = (_in(m.dtype, one) for one in (m.logit_scale, m.softcap))
    constant = _in(m.dtype, scale * _in(m.dtype, 1 / cap))
    told = {"constant": f"{constant.reshape(-1)[0]:g}", "dtype": m.dtype}  # JSON has no inf
    yield replace(m, logit_scale=constant * m.softcap), told


def _pos_weight_rounded(m: Meaning) -> Iterator[Variation]:
    if m.pos_weight is None:
        return
    t = targets_of(m)
    share = _in(m.dtype, _in(m.dtype, m.pos_weight - 1) * t)
    whole = _in(m.dtype, 1 + share)  # of log(1 + exp(-z)), which both terms have
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(t == 0, m.pos_weight, (whole - (1 - t)) / t)
    if (weight != m.pos_weight).any():
        yield replace(m, pos_weight=weight), {"dtype": m.dtype}


def _smoothing_rounded(m: Meaning) -> Iterator[Variation]:
    if m.smoothing and m.targets is not None:
        given = replace(m, targets=_in(m.dtype, smoothed(m, m.targets)), smoothing=0.0)
        yield given, {"dtype": m.dtype, "then": ""}
        told = {"dtype": m.dtype, "then": ", and 0 times inf is nan"}
        yield from ((changed, told) for changed, _ in inf_minus_inf(given))


def _infinite_logs(m: Meaning) -> Iterator[Variation]:
    usual = m.activation == "softmax" and m.activated == 1 and m.formula == "exact"
    if usual and m.scores.size and not m.binary and m.normaliser is None:
        for most in _INFINITE:
            textbook = replace(m, formula="log of probability", log_clamp=-most)
            yield textbook, {"dtype": m.dtype, "most": most}


def _chunks_added(m: Meaning) -> Iterator[Variation]:
    for chunk in chunks_of(m):
        yield replace(m, chunks_added=chunk), {"chunk": chunk}


def _mean_of_nothing(m: Meaning) -> Iterator[Variation]:
    weightless = m.divisor == "weights" and not weights_of(m)[m.kept].sum()
    nothing = weightless or (m.divisor == "kept" and not m.kept.any())
    if nothing and m.last_axis is None:
        yield replace(m, divisor="nothing is 0"), {"what": "0"}
        yield replace(m, divisor="zero"), {"what": "inf, a number over 0"}
        words = _of_either_sign(m)
        if words:
            yield replace(m, divisor="nothing is inf"), {"what": f"inf, {words}"}
            yield replace(m, divisor="nothing is -inf"), {"what": f"-inf, {words}"}


def _of_either_sign(m: Meaning) -> str:
    """Why a number over a total weight of 0 may be inf of either sign, where it may."""
    losses, weights = sample_losses(m), weights_of(m)[m.kept]
    most = len(losses) * unit_roundoff(m.dtype) * np.abs(losses).sum()
    if 0 < most < np.inf and abs(losses.sum()) <= most:
        return "what rounding leaves of a sum of 0, over 0"
    return "a number over -0" if np.signbit(weights).any() else ""


def _all_weights(m: Meaning) -> Iterator[Variation]:
    if m.divisor == "weights" and not m.kept.all() and m.last_axis is None:
        yield replace(m, divisor="all weights"), {}


def _inverse_weights(m: Meaning) -> Iterator[Variation]:
    if m.divisor == "weights" and m.last_axis is None:
        yield replace(m, divisor="inverse weights"), {}


MEAN_OF_NOTHING = Hypothesis(
    "mean-of-nothing", "total", "the mean of no samples, or of no weight, is {what}, not nan",
    _mean_of_nothing,
)  # fmt: skip
"""What a total says first where there is nothing to divide by."""
OF_ZEROS: tuple[Hypothesis, ...] = (
    Hypothesis("loss-zero", "losses", "every loss is 0: nothing was computed", _loss_zero),
    MEAN_OF_NOTHING,
)  # fmt: skip
"""What losses or a total of 0 say first: others, as clipping, may make 0 of what is nearly that."""
FURTHER: tuple[Hypothesis, ...] = (
    Hypothesis("mean-over-all", "total", "the weights of ignored samples are in the divisor",
               _all_weights),
    Hypothesis("inverse-weights", "total", "divided by the sum of 1 / weight", _inverse_weights),
    Hypothesis("mean-of-means", "total", "the {how} of the means of {chunk:,} samples each",
               means_of_chunks),
    Hypothesis("label-wraps", "losses", "{how}", _labels_read),
    Hypothesis("smoothing-formula", "losses", "label smoothing gives {rule}", _smoothing_shares),
    Hypothesis("ignored-not-ignored", "losses", "ignored samples {how}", _ignored_counts),
    Hypothesis("class-weight-elsewhere", "losses", "class weights multiply {what}",
               _class_weight_elsewhere),
    Hypothesis("bias-twice", "losses", "the bias is added to the logits twice", _bias_twice),
    Hypothesis("pos-weight-as-sample-weight", "losses",
               "pos_weight multiplies both terms of the loss, in the share of the target",
               _pos_weight_outside),
    Hypothesis("constants-folded", "losses",
               "logits are multiplied by logit_scale / softcap, {constant} in {dtype}",
               _constants_folded),
    Hypothesis("pos-weight-rounded", "losses",
               "pos_weight is taken as 1 + (pos_weight - 1) t, each step rounded to {dtype}",
               _pos_weight_rounded),
    Hypothesis("smoothing-rounded", "losses", "smoothed targets are rounded to {dtype}{then}",
               _smoothing_rounded),
    Hypothesis("chunks-added", "losses",
               "the losses of every {chunk:,} samples are added to those of the first",
               _chunks_added),
    Hypothesis("log-of-probability", "losses",
               "the log of a softmax that was rounded to {dtype}, and {most:g} for that of 0",
               _infinite_logs, breaks=True),
)  # fmt: skip
"""By place: the likelier first. An id of the table stands for a rarer form of the same change."""
