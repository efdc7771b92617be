"""The losses and totals of a meaning, computed in float64 whatever its choices are.

The diagnosis changes choices and computes again. This is quick and flexible, where the reference is
proven; the two agree on the choices that a case file can make.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s, numpy_dtype, rounded
from xent_check.problem.last_layer import as_logits
from xent_check.problem.options import refuse_unknown
from xent_check.problem.problem import Problem

from .log_probabilities import log_sum_exp, minus_log_binary, minus_log_classes
from .meaning import Activation, Divisor, Meaning
from .targets import smoothed, targets_of, weighted_targets, weights_of

__all__ = ["Divisor", "Meaning", "folded", "losses_of", "meaning_of", "sample_losses", "total_of"]
Array = npt.NDArray[Any]
# The options that the diagnosis gives a meaning to; `meaning_of` refuses any other.
KNOWN = frozenset({
    "class_axis", "normalize", "ignore_index", "label_smoothing", "class_weight", "pos_weight",
    "sample_weight", "reduction", "check", "cotangent", "logit_scale", "softcap", "z_loss",
    "num_items", "shift", "smoothing_formula", "layout", "weight", "bias",
})  # fmt: skip


def meaning_of(problem: Problem) -> Meaning:
    """The choices of a problem. NotImplementedError for an option that is not KNOWN."""
    stated, problem, bias = problem, problem.aligned, problem.bias
    refuse_unknown(problem, KNOWN, "the diagnosis")
    problem = as_logits(problem)
    binary = problem.loss == "binary"
    values = problem.values.astype(np.float64)
    if binary:
        scores = values.reshape(-1, 1)
        targets: Float64s | None = problem.labels.astype(np.float64).reshape(-1, 1)
        labels = None
    else:
        n = problem.num_classes
        scores = np.moveaxis(values, problem.class_axis, -1).reshape(-1, n)
        soft = problem.loss == "categorical"
        last = np.moveaxis(problem.labels, problem.class_axis, -1) if soft else problem.labels
        targets = last.astype(np.float64).reshape(-1, n) if soft else None
        labels = None if soft else problem.labels.reshape(-1)
    logits = problem.given == "logits"
    activation: Activation = ("sigmoid" if binary else "softmax") if logits else "none"
    pos_weight = problem.pos_weight
    if pos_weight is not None:
        pos_weight = np.broadcast_to(pos_weight, values.shape).astype(np.float64).reshape(-1, 1)
    return Meaning(
        scores=scores,
        labels=labels,
        targets=targets,
        shape=problem.samples_shape,
        binary=binary,
        dtype=problem.dtype,
        activation=activation,
        class_axis=problem.class_axis,
        # Logits of what is hidden are no array that was given; a shift has moved the labels.
        layout=stated.layout if stated.given != "hidden" and stated.shift is None else None,
        is_log=problem.given == "log_probs",
        renormalise=bool(problem.normalize),
        ignore_index=stated.ignore_index,
        shift=stated.shift or 0,
        stated=None if stated.shift is None else stated.labels.reshape(-1),
        unmet=None if stated.shift is None else unmet(stated),
        smoothing=problem.label_smoothing,
        smoothing_over="all" if problem.smoothing_formula == "standard" else "others",
        class_weight=_floats(problem.class_weight),
        pos_weight=pos_weight,
        sample_weight=_floats(problem.sample_weight),
        logit_scale=problem.logit_scale,
        softcap=problem.softcap,
        z_loss=problem.z_loss,
        items=problem.num_items or 0.0,
        bias=_floats(bias),
    )


def unmet(problem: Problem) -> npt.NDArray[np.bool_]:
    """Whether the scores at each position meet no label. Flat."""
    dropped = np.zeros(problem.samples_shape, dtype=np.bool_)
    if problem.shift is not None:
        dropped[..., -problem.shift :] = True
    return dropped.reshape(-1)


def _floats(array: Array | None) -> Float64s | None:
    return None if array is None else array.astype(np.float64).reshape(-1)


def losses_of(meaning: Meaning) -> Float64s:
    """The losses, flat: one per sample, or per row where the last axis is reduced. They may be nan
    or inf."""
    return folded(meaning, sample_losses(meaning))


def sample_losses(meaning: Meaning) -> Float64s:
    """One loss per sample, flat, before any reduction."""
    with np.errstate(all="ignore"):
        losses = _binary(meaning) if meaning.binary else _classes(meaning)
        if meaning.z_loss:
            losses = losses + meaning.z_loss * log_sum_exp(meaning) ** 2
        if meaning.sample_weight is not None:
            dropped = not meaning.weight_times_inf
            losses = _products(meaning, meaning.sample_weight, losses, dropped)
        ignored = 0.0 if meaning.of_ignored is None else meaning.of_ignored
        if meaning.lost is not None:
            losses = np.where(meaning.lost, np.inf, losses)
        losses = np.where(meaning.kept, losses * meaning.scale, ignored)
        if meaning.chunks_added is not None:
            losses = _added_up(losses, meaning.chunks_added)
        if meaning.exponentiate:
            losses = np.exp(losses)
        if meaning.stored_in is not None:
            losses = rounded(losses, meaning.stored_in).astype(np.float64)
    return np.asarray(losses, dtype=np.float64)


def _added_up(losses: Float64s, chunk: int) -> Float64s:
    """The losses of the first `chunk` samples, each with those that many places on; then 0."""
    added = np.zeros_like(losses)
    for start in range(0, losses.size, chunk):
        part = losses[start : start + chunk]
        added[: part.size] += part
    return added


def folded(meaning: Meaning, losses: Float64s) -> Float64s:
    """The samples' losses, reduced over the last axis where the meaning says so."""
    if meaning.last_axis is None:
        return losses
    rows, counts = _rows(meaning, losses)
    if meaning.last_axis == "sum":
        return rows
    with np.errstate(all="ignore"):
        return np.asarray(rows / counts)


def _rows(meaning: Meaning, losses: Float64s) -> tuple[Float64s, Float64s]:
    """The sums of the losses over the last axis, and the number of kept samples in each."""
    shape = (math.prod(meaning.shape[:-1]), meaning.shape[-1])
    kept = meaning.kept.reshape(shape).sum(axis=1).astype(np.float64)
    with np.errstate(all="ignore"):
        return losses.reshape(shape).sum(axis=1), kept


def total_of(meaning: Meaning, losses: Float64s) -> float:
    """The total of the meaning's losses under its divisor."""
    with np.errstate(all="ignore"):
        if meaning.exponentiate:  # perplexity is exp of the total loss
            return float(np.exp(_total(meaning, np.log(losses))))
        return _total(meaning, losses)


def _total(meaning: Meaning, losses: Float64s) -> float:
    loss_sum, divisor = _sum(meaning, losses), meaning.divisor
    if meaning.chunk is not None:
        if not losses.size:
            return math.nan
        means = _chunk_means(meaning, losses, meaning.chunk)
        if divisor != "sum of means" and not means.size:
            return math.nan
        return float(means.sum() if divisor == "sum of means" else np.mean(means))
    if divisor == "mean of means":
        rows, counts = _rows(meaning, losses)
        return float(np.mean(rows / counts))
    if divisor == "nothing is 0":
        return 0.0
    if divisor == "zero":
        return float(np.float64(loss_sum) / 0.0)
    if divisor in ("nothing is inf", "nothing is -inf"):
        return math.inf if divisor == "nothing is inf" else -math.inf
    count = _count(meaning, divisor, len(losses))
    if not count:
        return math.nan
    if meaning.accumulated_in is not None:
        return float(rounded(np.array(loss_sum / count), meaning.accumulated_in))
    return loss_sum / count


def _chunk_means(meaning: Meaning, losses: Float64s, chunk: int) -> Float64s:
    """The mean of each `chunk` samples of which one is kept, over those that are."""
    starts = np.arange(0, losses.size, chunk)
    counts = np.add.reduceat(meaning.kept.astype(np.float64), starts)
    sums = np.add.reduceat(losses, starts)
    return np.asarray(sums[counts > 0] / counts[counts > 0])


def _count(meaning: Meaning, divisor: Divisor, length: int) -> float:
    kept = meaning.kept
    if meaning.last_axis is not None:
        kept = np.asarray(kept.reshape(length, -1).any(axis=1))
    match divisor:
        case "one":
            return 1.0
        case "kept":
            return float(kept.sum())
        case "all":
            return float(length)
        case "classes":
            return float(meaning.classes)
        case "items":
            return meaning.items
        case "samples x classes":
            return float(kept.sum() * meaning.classes)
        case "weights" if meaning.last_axis is None:
            return float(weights_of(meaning)[kept].sum())
        case "all weights":
            return float(weights_of(meaning).sum())
        case "inverse weights":
            return float((1 / weights_of(meaning)[kept]).sum())
        case "counted" if meaning.last_axis is None:
            targets = weighted_targets(meaning)[0] if not meaning.binary else np.ones((length, 1))
            counted = kept & (weights_of(meaning) != 0) & (targets != 0).any(axis=1)
            return float(counted.sum())
        case _:
            return math.nan


def _sum(meaning: Meaning, losses: Float64s) -> float:
    if meaning.accumulated_in is None:
        return float(losses.sum())
    low = rounded(losses, meaning.accumulated_in)
    return float(np.cumsum(low, dtype=numpy_dtype(meaning.accumulated_in))[-1]) if len(low) else 0.0


def _classes(meaning: Meaning) -> Float64s:
    bad = weighted_targets(meaning)[1]
    return np.where(bad, np.nan, terms_of(meaning).sum(axis=1))


def terms_of(meaning: Meaning) -> Float64s:
    """targets x -log p (x -p where no log is taken) of every sample and class."""
    targets, minus_log = targets_of(meaning), minus_log_classes(meaning)
    if not meaning.take_log:
        minus_log = -np.exp(-minus_log)
    if meaning.focal_gamma is not None:
        minus_log = minus_log * (-np.expm1(-minus_log)) ** meaning.focal_gamma
    alone = not meaning.smoothing and not meaning.zero_times_inf
    if meaning.labels is not None and alone:
        read = targets != 0  # integer labels read one number
        if meaning.weight_times_inf:
            read = np.arange(targets.shape[1]) == meaning.labels[:, None]
        minus_log = np.where(read, minus_log, 0.0)
    terms = _products(meaning, targets, minus_log, not meaning.weight_times_inf)
    if meaning.weight_times_inf and meaning.smoothing == 1 and meaning.labels is not None:
        of_label = np.arange(targets.shape[1]) == meaning.labels[:, None]
        terms = terms + np.where(of_label, 0.0 * minus_log, 0.0)  # 1 less the smoothing is 0
    return terms + _log_shares(targets) if meaning.entropy_subtracted else terms


def _log_shares(t: Float64s) -> Float64s:
    """t log t, 0 at 0."""
    return t * np.log(np.where(t > 0, t, 1.0))


def _binary(meaning: Meaning) -> Float64s:
    positive, negative = binary_terms(meaning)
    return np.asarray((positive + negative).sum(axis=1))


def binary_terms(meaning: Meaning) -> tuple[Float64s, Float64s]:
    """t x -log p and (1 - t) x -log(1 - p) of every sample, with their factors. [samples, 1]."""
    t = targets_of(meaning)
    minus_log_p, minus_log_q = minus_log_binary(meaning)
    if meaning.is_log:  # p may be above 1: then log(1 - p) does not exist, and 0 times it is 0
        minus_log_q = np.where((t == 1) & (meaning.scores > 0), 0.0, minus_log_q)
    positive = t if meaning.pos_weight is None else t * meaning.pos_weight
    negative = 1 - t
    if (
        meaning.smoothing_over != "kept mass" and meaning.shares is None
    ):  # 1 - t to the last digit, where t is nearly 1
        assert meaning.targets is not None
        negative = smoothed(meaning, 1 - meaning.targets)
    if meaning.focal_gamma is not None:
        p, q = np.exp(-minus_log_p), np.exp(-minus_log_q)
        positive, negative = positive * q**meaning.focal_gamma, negative * p**meaning.focal_gamma
    if meaning.focal_alpha is not None:
        positive, negative = positive * meaning.focal_alpha, negative * (1 - meaning.focal_alpha)
    if meaning.sigmoid_logs is not None and not meaning.zero_times_inf:  # no term of 0 is computed
        minus_log_p = np.where(positive == 0, 0.0, minus_log_p)
        minus_log_q = np.where(negative == 0, 0.0, minus_log_q)
    terms = _products(meaning, positive, minus_log_p), _products(meaning, negative, minus_log_q)
    if meaning.entropy_subtracted:
        return terms[0] + _log_shares(t), terms[1] + _log_shares(1 - t)
    return terms


def _products(
    meaning: Meaning, coefficients: Float64s, logs: Float64s, dropped: bool = True
) -> Float64s:
    """Their products. dropped: terms of 0 are, where the meaning does not say otherwise."""
    products = coefficients * logs
    if not meaning.zero_times_nan:
        return np.where(coefficients == 0, 0.0, products)
    if meaning.zero_times_inf or not dropped:
        return np.asarray(products)
    return np.where((coefficients == 0) & np.isinf(logs), 0.0, products)
