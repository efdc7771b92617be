"""Overflows: numbers on the way to a loss, or to its gradient, that a dtype cannot hold where the
loss itself may be within it. What is infinite on the way leaves inf, or nan where infinities meet.

Each is what a usual formula computes: it depends on the formula which of them are computed, and
what comes of an infinite one. So an overflow says where nan and inf come from, not which of the two
they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s, largest, unit_roundoff

from .log_probabilities import log_sum_exp, minus_log_binary, minus_log_classes, scores_of
from .losses import sample_losses
from .meaning import Meaning
from .targets import targets_of, weights_of

OVERFLOW = "overflow"
_SLACK = 16  # roundings by which a number on the way may have grown
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Overflow:
    """A number on the way that is beyond the dtype."""

    what: str
    """in words"""
    where: Bools
    """whether it is, in each sample. Flat"""


def of_losses(meaning: Meaning) -> list[Overflow]:
    """What overflows on the way to the losses, in the order of the computation."""
    with np.errstate(all="ignore"):
        return list(_beyond(meaning, _on_the_way(meaning)))


def of_total(meaning: Meaning) -> list[Overflow]:
    """What overflows on the way to the total: in a sum all samples meet, so it is in all."""
    found = of_losses(meaning)
    with np.errstate(all="ignore"):
        losses, kept = sample_losses(meaning), meaning.kept
        sums = [("the sum of the losses", np.where(np.isfinite(losses), losses, 0.0))]
        if meaning.divisor == "weights":
            sums.append(("the sum of the weights", np.where(kept, weights_of(meaning), 0.0)))
        if meaning.divisor in ("weights", "kept"):
            sums.append(("the number of samples", kept.astype(np.float64)))
        for what, terms in sums:
            whole = np.full(len(terms), np.abs(terms).sum())
            found += _beyond(meaning, iter([(what, whole)]))
    return [replace(one, where=np.full_like(one.where, one.where.any())) for one in found]


def of_gradient(meaning: Meaning, cotangent: Float64s | None) -> list[Overflow]:
    """What overflows on the way to the gradient, there and back. cotangent: one per sample, flat;
    None: each is 1."""
    found = of_losses(meaning)
    with np.errstate(all="ignore"):
        found += _beyond(meaning, _on_the_way_back(meaning, cotangent))
    return found


def infinite(meaning: Meaning) -> Bools:
    """Whether a sample has an infinity without any overflow: a masked class, or the log of a
    probability of 0. Flat."""
    if meaning.activation != "none" or meaning.is_log:
        return np.asarray(~np.isfinite(meaning.scores).all(axis=1))
    zero = meaning.scores == 0
    return np.asarray((zero | (meaning.scores == 1) if meaning.binary else zero).any(axis=1))


def reason(found: list[Overflow], samples: Bools, infinite: Bools) -> str | None:
    """The first overflow of all these samples, in words; several where none is of all. None where
    a sample has neither one nor an infinity of its own. All are flat."""
    over = [one for one in found if one.where[samples].any()]
    explained = infinite.copy()
    for one in over:
        explained |= one.where
    if not over or not explained[samples].all():
        return None
    needed = samples & ~infinite if (samples & ~infinite).any() else samples
    whole = [one.what for one in over if one.where[needed].all()]
    return whole[0] if whole else " or ".join(dict.fromkeys(one.what for one in over))


def sentence(what: str, meaning: Meaning) -> str:
    """The overflow in words."""
    most = largest(meaning.dtype)
    return f"{what} is beyond {meaning.dtype}, whose largest number is {most:.6g}"


def _beyond(meaning: Meaning, steps: Iterator[tuple[str, Float64s]]) -> Iterator[Overflow]:
    """Those of the steps that are beyond the dtype in some sample that counts."""
    most = largest(meaning.dtype) * (1 - _SLACK * unit_roundoff(meaning.dtype))
    for what, numbers in steps:
        where = np.asarray(~(np.abs(numbers) <= most))
        if where.any():
            yield Overflow(what, where)


def _on_the_way(m: Meaning) -> Iterator[tuple[str, Float64s]]:
    """Each number that a loss is made of, in words, and the largest size of it in each sample, of
    what is finite by its meaning: not the logits of masked classes, nor the log of 0."""
    logits = m.activation != "none"
    given = np.isfinite(m.scores)
    if logits:
        scaled = m.scores * m.logit_scale
        if np.any(m.logit_scale != 1):
            yield "the logit scale", _of_each(m, m.logit_scale)
            yield "the scaled logit", _most(scaled, given)
            lost = unit_roundoff(m.dtype) * _most(scaled, given)
            yield "exp of what rounding leaves of the largest scaled logit", np.exp(lost)
        if m.softcap is not None:
            yield "the cap", _of_each(m, m.softcap)
            yield "the logit over the cap", _most(scaled / m.softcap, given)
        x, real = scores_of(m), given if m.softcap is None else np.ones_like(given)
        if not m.binary:
            top = np.where(real, x, -np.inf).max(axis=1, keepdims=True)
            yield "the gap between two logits", _most(top - x, real)
    logs, real = _logs(m, given)
    factors = _factors(m)
    met = real & (factors != 0)
    yield "-log p times its weight", _most(logs * factors, met)
    if m.class_weight is not None:
        weights = np.broadcast_to(m.class_weight, logs.shape)
        yield "-log p times its class weight", _most(logs * weights, met)
    if m.pos_weight is not None:
        yield "-log p times pos_weight", _most(logs[:, :1] * m.pos_weight, met[:, :1])
    if m.smoothing:
        yield "the sum of -log p over the classes", np.where(real, logs, 0.0).sum(axis=1)
    if m.z_loss:
        yield "the square of the log-sum-exp", log_sum_exp(m) ** 2
    if m.sample_weight is not None:
        yield "the loss before its sample weight", _held(m, sample_losses(_unweighted(m)))
    yield "the loss", _held(m, sample_losses(m))


def _of_each(m: Meaning, number: float | Float64s) -> Float64s:
    """A number of all samples, or one of each, for every sample."""
    return np.broadcast_to(np.ravel(number), len(m.scores))


def _on_the_way_back(m: Meaning, cotangent: Float64s | None) -> Iterator[tuple[str, Float64s]]:
    weight = np.ones(len(m.scores)) if m.sample_weight is None else m.sample_weight
    weight = weight if cotangent is None else weight * cotangent
    factors = _factors(m)
    if m.activation == "none" and not m.is_log:
        p = np.concatenate([m.scores, 1 - m.scores], axis=1) if m.binary else m.scores
        yield "1 / p", _most(1 / p, p > 0)  # also of a class whose 0 it is multiplied by
        yield "the weight over p", _most(factors * weight[:, None] / p, p > 0)
        return
    slope = np.abs(factors).sum(axis=1)
    if m.z_loss:
        z = log_sum_exp(m)
        yield "the derivative of the z-loss", np.abs(z * 2 * m.z_loss * weight)
        slope = slope + np.abs(z * 2 * m.z_loss)
    slope = slope * np.abs(weight)
    yield "the derivative by the logits", slope
    if m.softcap is not None:
        yield "the derivative times the cap", slope * np.ravel(m.softcap)
    yield "the derivative times the scale", slope * np.ravel(m.logit_scale)


def _logs(m: Meaning, given: Bools) -> tuple[Float64s, Bools]:
    """-log p of every class, for binary of p and of 1 - p; and whether each is finite by its
    meaning: it is no log of 0. given: whether each score is finite."""
    probabilities = m.activation == "none" and not m.is_log
    if not m.binary:
        return minus_log_classes(m), m.scores > 0 if probabilities else given
    both = np.concatenate(minus_log_binary(m), axis=1)
    if probabilities:
        return both, np.concatenate([m.scores > 0, m.scores < 1], axis=1)
    return both, np.concatenate([given, given & ((m.scores < 0) | (not m.is_log))], axis=1)


def _factors(m: Meaning) -> Float64s:
    """What each -log p is multiplied by inside the loss."""
    if not m.binary:
        return targets_of(m)
    t = targets_of(m)
    positive = t if m.pos_weight is None else t * m.pos_weight
    return np.concatenate([positive, 1 - t], axis=1)


def _unweighted(m: Meaning) -> Meaning:
    return replace(m, sample_weight=None)


def _most(numbers: Float64s, real: Bools) -> Float64s:
    """The largest size of those that are real in each sample; 0 where none is. An overflow of
    float64 is none that is left out."""
    return np.asarray(np.where(real, np.abs(numbers), 0.0).max(axis=1, initial=0.0))


def _held(m: Meaning, losses: Float64s) -> Float64s:
    """The losses, 0 for nan and for those that are infinite by their meaning: not what is beyond
    float64."""
    beyond = np.isinf(losses) & ~infinite(m)
    return np.where(np.isfinite(losses) | beyond, losses, 0.0)
