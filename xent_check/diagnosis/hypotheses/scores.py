"""Score changes: what the scores are taken for, and how they become logs of probabilities.

Each function yields nothing where its change cannot apply. Parameters are values that people really
use, the most usual first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from xent_check.problem.dtypes import Float64s, largest, numpy_dtype, rounded
from xent_check.problem.vocabulary import DType
from xent_check.reference.rounding import FLUSHED

from ..log_probabilities import clip_range, scores_of
from ..losses import sample_losses
from ..meaning import Activation, Formula, Meaning
from ..sigmoids import infinite_is_nan

Parameters = dict[str, Any]
Variation = tuple[Meaning, Parameters]
Variations = Callable[[Meaning], Iterator[Variation]]
EPSILONS = (
    *(1e-7, 1e-8, 1e-12, 1e-15, 1e-10, 2.0**-23, 2.0**-52, 1e-16, 1e-6, 1e-5, 1e-9, 0.01),
    *(1e-4, 1e-3, 1e-20),
)


def _from_logits(m: Meaning) -> bool:
    return m.activation in ("softmax", "sigmoid")


def probs_as_logits(m: Meaning) -> Iterator[Variation]:
    """An activation applied to probabilities."""
    if m.activation == "none":
        name: Activation = "sigmoid" if m.binary else "softmax"
        yield replace(m, activation=name, is_log=False, renormalise=False), {"activation": name}
    elif m.activated == 1:
        yield replace(m, activated=2), {"activation": m.activation}


def logits_as_probs(m: Meaning) -> Iterator[Variation]:
    """No activation: logits taken for probabilities or their logs."""
    if not _from_logits(m) or m.formula != "exact":
        return
    plain = replace(m, activation="none")
    if m.binary:
        yield replace(plain, clip=1e-7), {"then": "they are clipped to [1e-7, 1 - 1e-7]"}
    else:
        divided = replace(plain, renormalise=True)
        clipped = replace(divided, clip=1e-7)
        yield clipped, {"then": "they are divided by their sum and clipped to [1e-7, 1 - 1e-7]"}
        first = replace(clipped, clip_after=False)
        yield first, {"then": "they are clipped to [1e-7, 1 - 1e-7] and divided by their sum"}
        yield divided, {"then": "they are divided by their sum"}
        yield replace(plain, clip=1e-7), {"then": "they are clipped to [1e-7, 1 - 1e-7]"}
    yield plain, {"then": "their log is taken"}
    if not m.binary:
        yield replace(plain, is_log=True), {"then": "they are taken for log-probabilities"}


def sigmoid_for_softmax(m: Meaning) -> Iterator[Variation]:
    """A sigmoid in place of the softmax: of the label's score alone, or as a binary loss of every
    class."""
    if m.activation != "softmax" or m.formula != "exact":
        return
    if m.class_weight is None and not m.outside_labels.any():
        as_binary = _binary_per_class(m)
        yield as_binary, {"terms": "and the binary losses of the classes are added up"}
        mean = replace(as_binary, scale=1 / m.scores.shape[1])
        yield mean, {"terms": "and the binary losses of the classes are averaged"}
        if (
            m.sample_weight is None
            and as_binary.sample_weight is None
            and as_binary.targets is not None
        ):
            flat = replace(
                as_binary,
                scores=as_binary.scores.reshape(-1, 1),
                targets=as_binary.targets.reshape(-1, 1),
                shape=(*m.shape, m.scores.shape[1]),
            )
            yield flat, {"terms": "one binary loss for every class"}
    alone = replace(m, activation="sigmoid")
    yield alone, {"terms": "of the label's class alone"}
    yield replace(alone, renormalise=True), {"terms": "divided by their sum"}


def _binary_per_class(m: Meaning) -> Meaning:
    targets = m.targets
    if m.labels is not None:
        targets = np.equal(m.labels[:, None], np.arange(m.scores.shape[1])).astype(np.float64)
        keep = m.kept.astype(np.float64)
        weight = keep if m.sample_weight is None else keep * m.sample_weight
        m = m if m.kept.all() else replace(m, sample_weight=weight)
    m = replace(m, smoothing_over="all") if m.smoothing_over == "others" else m  # not of binary
    return replace(m, activation="sigmoid", binary=True, labels=None, targets=targets)


def softmax_for_sigmoid(m: Meaning) -> Iterator[Variation]:
    """A softmax over the last axis in place of the sigmoid: each row is one distribution, or the
    losses stay binary."""
    if m.activation != "sigmoid" or not m.binary or m.targets is None or m.formula != "exact":
        return
    if m.pos_weight is not None or m.scores.shape[1] != 1:
        return
    n = m.shape[-1] if len(m.shape) > 1 else 1
    targets = m.targets.reshape(-1, n)
    m = replace(m, scores=scores_of(m), logit_scale=1.0, softcap=None)
    rows = m.scores.reshape(-1, n)
    shape = m.shape[:-1] if n > 1 else m.shape
    if m.sample_weight is None:
        plain = replace(m, scores=rows, targets=targets, binary=False, activation="softmax")
        yield replace(plain, shape=shape), {"terms": "each row is one distribution"}
    if n > 1:
        exps = np.exp(rows - rows.max(axis=1, keepdims=True))
        p = (exps / exps.sum(axis=1, keepdims=True)).reshape(-1, 1)
        yield replace(m, scores=p, activation="none"), {"terms": "the losses are still binary"}


def renormalised(m: Meaning) -> Iterator[Variation]:
    """Probabilities divided by their sum."""
    if m.activation == "none" and not m.is_log and not m.renormalise and not m.binary:
        yield replace(m, renormalise=True), {}


def not_renormalised(m: Meaning) -> Iterator[Variation]:
    """Probabilities not divided by their sum."""
    if m.renormalise:
        yield replace(m, renormalise=False), {}


def clipped(m: Meaning) -> Iterator[Variation]:
    """Probabilities clipped at both ends or the lower one, after or before their division by the
    sum."""
    if m.clip or m.formula != "exact":
        return
    if m.is_log:
        m = replace(m, scores=np.exp(m.scores), is_log=False)
    ends: tuple[DType, ...] = tuple(dict.fromkeys(("float32", m.dtype)))
    for epsilon in EPSILONS:
        for dtype in ends:
            both = replace(m, clip=epsilon, clip_dtype=dtype)
            parameters = {"epsilon": epsilon, "range": f"[{epsilon:g}, 1 - {epsilon:g}]"}
            yield both, {**parameters, "when": "after"}
            if m.activation == "none" and not m.binary and _outside_range(both):
                before = replace(both, clip_after=False, renormalise=True)
                yield before, {**parameters, "when": "before"}
        parameters = {"epsilon": epsilon, "range": f"at least {epsilon:g}"}
        yield replace(m, clip=epsilon, clip_low_only=True), {**parameters, "when": "after"}


def _outside_range(m: Meaning) -> bool:
    """Whether some score is outside the range; else clipping it first changes nothing."""
    low, high = clip_range(m)
    return bool(((m.scores < low) | (m.scores > high)).any())


def log_clamped(m: Meaning) -> Iterator[Variation]:
    """Logs clamped to at least -100, as in PyTorch's binary loss, or -64, as in old Paddle."""
    if not (m.is_log and not m.binary) and math.isinf(m.log_clamp) and m.formula == "exact":
        for clamp in (-100.0, -64.0):
            yield replace(m, log_clamp=clamp), {"clamp": clamp}


def epsilon_in_log(m: Meaning) -> Iterator[Variation]:
    """log(p + epsilon)."""
    if not m.is_log and not m.log_epsilon and m.formula == "exact":
        for epsilon in EPSILONS:
            yield replace(m, log_epsilon=epsilon), {"epsilon": epsilon}
            if m.dtype == "float64":
                rounded = float(np.float32(epsilon))
                yield replace(m, log_epsilon=rounded), {"epsilon": epsilon}


def formula(name: Formula) -> Variations:
    """A formula that rounding breaks, in the problem's dtype."""

    def changes(m: Meaning) -> Iterator[Variation]:
        shiftless = m.binary and name != "log of probability"
        plain = m.formula == "exact" and m.activated == 1 and m.scores.size > 0
        usual = m.activation == ("sigmoid" if m.binary else "softmax")
        what = "a softmax or sigmoid"
        if m.binary and m.is_log and m.activation == "none":
            usual, what = True, "a probability, exp of what is given,"
        if usual and plain and not shiftless and not m.clip and not m.log_epsilon:
            yield replace(m, formula=name), {"dtype": m.dtype, "what": what}

    return changes


def unshifted(m: Meaning) -> Iterator[Variation]:
    """exp without subtracting the maximum; and that over its sum twice, where the sum is beyond the
    dtype and no exp is: 0 over 0."""
    yield from formula("unshifted")(m)
    if m.scores.size:
        with np.errstate(over="ignore"):
            exps = np.exp(scores_of(m).astype(numpy_dtype(m.dtype)))
            beyond = np.isinf(exps.sum(axis=1)) & np.isfinite(exps).all(axis=1)
        if beyond.any():
            yield from formula("unshifted, divided twice")(m)


def overflow(m: Meaning) -> Iterator[Variation]:
    """Logits that are computed in the problem's dtype, and are infinite in it."""
    if not _from_logits(m) or m.formula != "exact":
        return
    with np.errstate(over="ignore"):
        of_layer = rounded(m.scores, m.dtype).astype(np.float64)
        scaled = rounded(of_layer * m.logit_scale, m.dtype).astype(np.float64)
    infinite = np.where(np.isinf(scaled), scaled, m.scores)
    if not np.array_equal(infinite, m.scores, equal_nan=True):
        yield replace(m, scores=infinite), {"dtype": m.dtype, "largest": largest(m.dtype)}


_TEXTBOOK: tuple[Formula, ...] = ("log of probability", "unshifted")


def inf_minus_inf(m: Meaning) -> Iterator[Variation]:
    """Targets of 0 times infinite logs, or times the nan of an exp that overflowed, give nan."""
    if not m.zero_times_inf:
        yield replace(m, zero_times_inf=True), {}
        weighted = m.class_weight is not None or m.sample_weight is not None
        if m.labels is not None and (weighted or m.smoothing == 1):
            yield replace(m, weight_times_inf=True), {}
        if m.binary and m.activation == "sigmoid" and np.isinf(m.scores).any():
            yield replace(m, sigmoid_logs=infinite_is_nan, zero_times_inf=True), {}
        for name in _TEXTBOOK:
            for textbook, _ in formula(name)(m):
                yield replace(textbook, zero_times_inf=True), {}
        if not m.kept.all() and m.labels is not None and not m.binary:
            yield replace(m, of_ignored=_times_0(m)), {}


def _times_0(m: Meaning) -> Float64s:
    """0 times the losses of samples that are ignored, whose labels become the nearest class: nan
    where such a loss is not finite."""
    with np.errstate(invalid="ignore"):
        return 0.0 * sample_losses(replace(m, ignore_index=None, outside="clamp"))


def zero_targets_skipped(m: Meaning) -> Iterator[Variation]:
    """No term of a target of 0, of rows whose logits are all masked or no numbers."""
    if _from_logits(m) and not np.isfinite(m.scores).any(axis=1).all():
        yield replace(m, zero_times_nan=False), {}


_LOG_OF_FLUSHED = 150 * math.log(2)  # a log that takes 2^23 out of a subnormal first, and is left 0


def flushed(m: Meaning) -> Iterator[Variation]:
    """Probabilities below the smallest normal number, which are read as 0."""
    if m.activation != "none" or m.is_log or m.formula != "exact":
        return
    least = FLUSHED[m.dtype]
    small = (np.abs(m.scores) < least) & (m.scores != 0)
    if small.any():
        read = replace(m, scores=np.where(small, 0.0, m.scores))
        yield read, {"least": least, "then": ""}
        yield replace(read, zero_times_inf=True), {"least": least, "then": ", and 0 log 0 is nan"}
        clamped = replace(read, log_clamp=-_LOG_OF_FLUSHED)
        yield clamped, {"least": least, "then": ", and their log as that of 2^-150"}


def log_base(base: float) -> Variations:
    """The logarithm to another base."""

    def changes(m: Meaning) -> Iterator[Variation]:
        if m.scale == 1.0:
            yield replace(m, scale=1 / math.log(base)), {}

    return changes


def sign(m: Meaning) -> Iterator[Variation]:
    """log p in place of -log p."""
    if m.scale > 0:
        yield replace(m, scale=-m.scale), {}


def exponential(m: Meaning) -> Iterator[Variation]:
    """exp of the loss: the perplexity."""
    if not m.exponentiate:
        yield replace(m, exponentiate=True), {}


def log_missing(m: Meaning) -> Iterator[Variation]:
    """-p or p in place of -log p, as torch's nll_loss of probabilities gives it."""
    if m.take_log and m.scale == 1.0 and not m.log_epsilon and not m.clip:
        yield replace(m, take_log=False), {"sign": "minus"}
        yield replace(m, take_log=False, scale=-1.0), {"sign": "plus"}
