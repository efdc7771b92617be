"""Gradients of a changed meaning, beside losses that are right: bugs of the backward pass alone.

Of scores x: (p sum a - a) times the sample's weight and cotangent, p the softmax and a the targets
times class weights; a z-loss adds the derivative of its own, 2 z lse p. By the logits: times the
derivative of the score.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from xent_check.problem.dtypes import Float64s, numpy_dtype
from xent_check.problem.problem import Problem

from ..log_probabilities import clip_range, log_sum_exp, minus_log_classes, scores_of
from ..losses import meaning_of
from ..meaning import Meaning
from ..normalisers import computed_in, top
from ..targets import targets_of
from .further import FURTHER
from .gradients import GradientHypothesis
from .kernels import KERNEL_HYPOTHESES
from .scores import Parameters
from .table import HYPOTHESES, Hypothesis

_OF_THE_TABLE = ("smoothing-formula", "smoothing-not-weighted", "class-weight-as-sample-weight",
                 "ignored-not-ignored")  # fmt: skip
_LEAST = 1e-12  # of p (1 - p), as in torch's binary_cross_entropy
_EPSILON = 1e-7  # of Keras, which clips probabilities to it
_THRESHOLDS = (2.0**-12, 1e-3, 1e-4, 1e-5, 1e-6, 2.0**-10, 2.0**-16)
FILTERED = GradientHypothesis(
    "gradient-filtered",
    "probabilities below {threshold:.6g} get no gradient",
    lambda problem: iter(()),
)
SUM_TO_1 = GradientHypothesis(
    "labels-taken-to-sum-to-1",
    "the gradient is p less the targets, as if those summed to 1",
    lambda problem: iter(()),
)

INFINITIES = GradientHypothesis("inf-minus-inf", "{how}, which is nan", lambda problem: iter(()))

CLAMPED = GradientHypothesis(
    "gradient-clamped",
    "the gradient is (p - t) / max(p (1 - p), {least:g}), whose 0 is no 1",
    lambda problem: iter(()),
)
ROUNDED = GradientHypothesis(
    "pos-weight-rounded",
    "the gradient is (pos_weight t + 1 - t) p - pos_weight t, the sum rounded to {dtype}",
    lambda problem: iter(()),
)
FLAT = GradientHypothesis(
    "flat-at-0",
    "at a logit of 0 abs(z) and max(-z, 0) have the derivative 0, where each half is needed",
    lambda problem: iter(()),
)
CLIPPED = GradientHypothesis(
    "clipped",
    "the gradient is that of probabilities clipped to {range}, {when} their division by the sum",
    lambda problem: iter(()),
)
BY_MEANING = (FILTERED, SUM_TO_1, INFINITIES, CLAMPED, FLAT, CLIPPED)
"""What is made here alone; the other changes have their lines in the tables of losses."""


def gradients(problem: Problem) -> Iterator[tuple[str, str, Parameters, Float64s]]:
    """The id, the sentence, the parameters and the gradient by the logits, of the scores' shape, of
    each change: of losses over classes from logits. From probabilities, and of binary losses, those
    of one framework's formula."""
    from_logits = problem.given in ("logits", "hidden")
    if problem.loss == "binary" and problem.given == "probs":
        yield from _of_clamped(problem)
        yield from _of_infinite_shares(problem)
    if problem.loss == "binary" and problem.given == "logits":
        yield from _of_pos_weight(problem)
        yield from _folded(problem)
    if problem.loss != "binary" and problem.given == "probs":
        yield from _of_clipped(problem)
        yield from _of_zeros(problem)
    if problem.loss == "binary" or not from_logits:
        return
    start = meaning_of(problem)
    with np.errstate(all="ignore"):
        p, a = _softmax(start), targets_of(start)
        for threshold in _THRESHOLDS:
            kept = np.where((p < threshold) & (a == 0), 0.0, _slopes(start, p, a))
            words = FILTERED.sentence.format(threshold=threshold)
            given = {"threshold": threshold}
            yield FILTERED.id, words, given, _in_place(problem, start, kept)
        as_1 = p - a + _of_z_loss(start, p)
        yield SUM_TO_1.id, SUM_TO_1.sentence, {}, _in_place(problem, start, as_1)
        for how, rows in _of_infinities(start, p, a):
            words = INFINITIES.sentence.format(how=how)
            yield INFINITIES.id, words, {"how": how}, _shaped(problem, rows)
        for hypothesis in _tried():
            for changed, given in hypothesis.changes(start):
                if changed.shape == start.shape and changed.formula == "exact":
                    slopes = _slopes(changed, _softmax(changed), targets_of(changed))
                    made = _in_place(problem, changed, slopes)
                    yield hypothesis.id, hypothesis.sentence.format(**given), given, made


def _of_clamped(problem: Problem) -> Iterator[tuple[str, str, Parameters, Float64s]]:
    """The gradient of binary probabilities over a clamped p (1 - p), in the problem's dtype."""
    start = meaning_of(problem)
    if start.pos_weight is not None:
        return
    with np.errstate(all="ignore"):
        p = start.scores.astype(numpy_dtype(start.dtype))
        t, least = targets_of(start).astype(p.dtype), p.dtype.type(_LEAST)
        slopes = ((p - t) / np.maximum((p.dtype.type(1) - p) * p, least)).astype(np.float64)
        made = _elementwise(problem, start, slopes)
    yield CLAMPED.id, CLAMPED.sentence.format(least=_LEAST), {"least": _LEAST}, made


def _of_infinite_shares(problem: Problem) -> Iterator[tuple[str, str, Parameters, Float64s]]:
    """-t / p and (1 - t) / (1 - p), each times what it is multiplied by, 0 or not."""
    m = meaning_of(problem)
    with np.errstate(all="ignore"):
        p, t = m.scores, targets_of(m)
        slopes = (1 - t) / (1 - p) - _positive(m) / p
        weight = np.ones(p.shape) if m.sample_weight is None else m.sample_weight[:, None]
        made = (slopes * weight).reshape(problem.values.shape)
        if problem.cotangent is not None:
            made = made * problem.cotangent.astype(np.float64)
    how = "a label, a weight or a cotangent of 0 is taken times the 1 / p of a p of 0"
    if np.isnan(made).any():
        yield INFINITIES.id, INFINITIES.sentence.format(how=how), {"how": how}, made


def _of_pos_weight(problem: Problem) -> Iterator[tuple[str, str, Parameters, Float64s]]:
    """The gradients of two formulas with a pos_weight: of (1 - t) z + w (log(1 + exp(-abs(z)))
    + max(-z, 0)) term by term, with the weight w = 1 + (pos_weight - 1) t: 1 - t at 0, also at what
    a cap makes 0 of in the dtype; and of one that adds 1 to pos_weight t and takes t from it."""
    m = meaning_of(problem)
    if m.pos_weight is None:
        return
    z, t, positive = scores_of(m), targets_of(m), _positive(m)
    with np.errstate(all="ignore"):
        p, dtype = 1 / (1 + np.exp(-z)), numpy_dtype(m.dtype).type
        over = z if m.softcap is None else m.scores * m.logit_scale / m.softcap
        flat = np.where(over.astype(dtype) == 0, 1 - t, _binary_slopes(m))
        one, least = dtype(1), positive.astype(dtype)
        whole = ((least + one) - t.astype(dtype)).astype(np.float64)
    yield FLAT.id, FLAT.sentence, {}, _elementwise(problem, m, flat)
    if (whole != positive + 1 - t).any():
        words = ROUNDED.sentence.format(dtype=m.dtype)
        rounded = whole * p - positive
        yield ROUNDED.id, words, {"dtype": m.dtype}, _elementwise(problem, m, rounded)


def _folded(problem: Problem) -> Iterator[tuple[str, str, Parameters, Float64s]]:
    """The gradient through a scale and a cap that are one constant."""
    hypothesis = next(one for one in FURTHER if one.id == "constants-folded")
    for changed, given in hypothesis.changes(meaning_of(problem)):
        with np.errstate(all="ignore"):
            made = _elementwise(problem, changed, _binary_slopes(changed))
        yield hypothesis.id, hypothesis.sentence.format(**given), given, made


def _positive(m: Meaning) -> Float64s:
    """What -log p of each binary sample is multiplied by."""
    t = targets_of(m)
    return t if m.pos_weight is None else t * m.pos_weight


def _binary_slopes(m: Meaning) -> Float64s:
    """The derivative of each binary loss by its score."""
    positive = _positive(m)
    p = 1 / (1 + np.exp(-scores_of(m)))
    return np.asarray(p * (positive + 1 - targets_of(m)) - positive)


def _elementwise(problem: Problem, m: Meaning, slopes: Float64s) -> Float64s:
    """The slopes of binary losses times weights and cotangents, in the values' shape."""
    weighted = _weighted(m, slopes).reshape(problem.values.shape)
    if problem.cotangent is not None:
        weighted = weighted * problem.cotangent.astype(np.float64)
    return np.asarray(weighted)


def _of_zeros(problem: Problem) -> Iterator[tuple[str, str, Parameters, Float64s]]:
    """-t / p of every class, nan where both are 0; and the same of samples that do not count, whose
    loss is taken times 0."""
    start = meaning_of(problem)
    if problem.normalize and (start.scores != 0).all():
        return  # it is that of what is not divided by its sum alone
    how = "the label's 0 is taken times the 1 / p of a p of 0"
    how = f"{how}, not divided by its sum" if problem.normalize else how
    with np.errstate(all="ignore"):
        slopes = _weighted(start, -targets_of(start) / start.scores)
        of_all = np.where(start.kept[:, None], slopes, 0.0 / start.scores)
    for rows in [slopes] if start.kept.all() else [slopes, of_all]:
        words = INFINITIES.sentence.format(how=how)
        yield INFINITIES.id, words, {"how": how}, _shaped(problem, rows)


def _of_clipped(problem: Problem) -> Iterator[tuple[str, str, Parameters, Float64s]]:
    """The gradient of clipped probabilities over their sum: a number that is clipped has the
    derivative 0. From integer labels Keras clips first, and divides by the sum of what is left."""
    start = meaning_of(problem)
    clip = replace(start, clip=_EPSILON, clip_dtype=start.dtype)
    (low, high), p, a = clip_range(clip), start.scores, targets_of(start)
    given = {"epsilon": _EPSILON, "range": f"[{_EPSILON:g}, 1 - {_EPSILON:g}]"}
    with np.errstate(all="ignore"):
        whole = p.sum(axis=1, keepdims=True)
        share = p / whole
        real, kept = (p >= low) & (p <= high), (share >= low) & (share <= high)
        q = np.clip(p, low, high)
        both = a.sum(axis=1, keepdims=True) / q.sum(axis=1, keepdims=True) - a / q
        before = np.where(real, both, 0.0)
        of_share = np.where(kept, -a / share, 0.0)
        after = (of_share - (of_share * share).sum(axis=1, keepdims=True)) / whole
    for when, slopes, inside in (("before", before, real), ("after", after, kept)):
        if not inside[start.kept].all():  # else it is that of what is divided alone
            words = CLIPPED.sentence.format(**given, when=when)
            yield CLIPPED.id, words, {**given, "when": when}, _in_place(problem, start, slopes)


def _of_infinities(m: Meaning, p: Float64s, a: Float64s) -> Iterator[tuple[str, Float64s]]:
    """How nan comes of infinities, and the rows of the gradient."""
    ignored = ~m.kept[:, None]
    low = scores_of(m).astype(numpy_dtype(computed_in(m.dtype)))
    exps = np.exp(low - top(low))
    shares = exps / exps.sum(axis=1, keepdims=True)
    above = np.where(a == 0, 0, -a.astype(low.dtype) / shares)
    slopes = shares * (above - (above * shares).sum(axis=1, keepdims=True))
    through = _weighted(m, slopes.astype(np.float64) + _of_z_loss(m, p))
    yield "the gradient goes through 1 / p of the label, inf where p is 0, times 0", through
    plain = _weighted(m, _slopes(m, p, a))
    masked = np.isneginf(scores_of(m))
    if ((masked & (a > 0)).any(axis=1) & (masked & (a < 0)).any(axis=1) & m.kept).any():
        yield "p sum a - a is taken of a loss of inf - inf", plain
    if ignored.any():
        product = np.where(ignored, 0.0 * p, plain)
        yield (
            "an ignored sample's gradient, of which infinities made nan, is taken times 0",
            product,
        )
    if ignored.all():
        yield "the gradient is 0 over a count of 0", np.full_like(p, np.nan)


def _tried() -> Iterator[Hypothesis]:
    yield from (one for one in HYPOTHESES if one.id in _OF_THE_TABLE)
    yield from (one for one in (*FURTHER, *KERNEL_HYPOTHESES) if one.stage == "losses")


def _softmax(m: Meaning) -> Float64s:
    return np.asarray(np.exp(-minus_log_classes(m)))


def _slopes(m: Meaning, p: Float64s, a: Float64s) -> Float64s:
    return np.asarray(p * a.sum(axis=1, keepdims=True) - a + _of_z_loss(m, p))


def _of_z_loss(m: Meaning, p: Float64s) -> Float64s:
    """The derivative of the z-loss by each score."""
    if not m.z_loss:
        return np.zeros_like(p)
    return np.asarray(2 * m.z_loss * log_sum_exp(m)[:, None] * p)


def _in_place(problem: Problem, m: Meaning, slopes: Float64s) -> Float64s:
    """The slopes times weights and cotangents, 0 where a sample does not count."""
    return _shaped(problem, _weighted(m, slopes))


def _weighted(m: Meaning, slopes: Float64s) -> Float64s:
    weight = np.ones(len(slopes)) if m.sample_weight is None else m.sample_weight
    through = slopes if m.activation == "none" else slopes * _slope_of_score(m)
    return np.where(m.kept[:, None], through * weight[:, None], 0.0)


def _slope_of_score(m: Meaning) -> float | Float64s:
    """The derivative of each score by its logit."""
    if m.softcap is None:
        return m.logit_scale
    return m.logit_scale / np.cosh(m.scores * m.logit_scale / m.softcap) ** 2


def _shaped(problem: Problem, rows: Float64s) -> Float64s:
    """The rows times their cotangents, in the values' shape."""
    if problem.cotangent is not None:
        rows = rows * problem.cotangent.astype(np.float64).reshape(-1, 1)
    shaped = rows.reshape(*problem.samples_shape, problem.num_classes)
    return np.moveaxis(shaped, -1, problem.class_axis)
