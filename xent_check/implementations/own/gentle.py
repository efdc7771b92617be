"""Gentle problems: one of each loss, input and count of axes, with its answers in float64.

They ask a user's loss what it computes, not how well. No number of one kind is near that of
another: the log-probabilities of a row do not sum to 1, so that they are no logits either.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.problem.options import ARRAYS, OPTIONS, misfit
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import GIVEN, LOSSES, Given, Loss, Reduction

Array = npt.NDArray[Any]
# The axes of the samples: one, several, none. Their sizes differ from the number of classes.
_SAMPLES: tuple[tuple[int, ...], ...] = ((4,), (2, 3), ())
_CLASSES, _FEATURES = 5, 3
# The options that a gentle problem may have.
_KNOWN = frozenset({
    "class_axis", "normalize", "ignore_index", "label_smoothing", "class_weight", "pos_weight",
    "sample_weight", "logit_scale", "softcap", "z_loss", "num_items", "shift", "smoothing_formula",
    "bias",
})  # fmt: skip


@dataclass(frozen=True, eq=False)
class Gentle:
    """A problem and what it comes to."""

    problem: Problem
    """what is asked, in float32"""
    losses: Array
    """float64, of the samples' shape"""
    gradient: Array
    """of the sum of the losses, by the values; float64, of their shape"""
    weights: Array
    """of the samples, which a weighted mean divides by; float64, of the samples' shape"""

    @property
    def axes(self) -> int:
        """How many axes the samples have."""
        return self.losses.ndim

    @property
    def totals(self) -> dict[Reduction, float]:
        """Every total that differs from the others; without weights a weighted mean is a mean."""
        count = self.problem.num_items or int(self.problem.kept.sum())
        totals: dict[Reduction, float] = {
            "mean": self.losses.sum() / count if count else math.nan,
            "sum": self.losses.sum(),
        }
        if self.problem.class_weight is not None or self.problem.sample_weight is not None:
            totals["weighted_mean"] = self.losses.sum() / self.weights.sum()
        return totals


def gentle_problems() -> Iterator[Gentle]:
    """Each loss and input with one axis of samples, then with several, then without."""
    for loss, given in itertools.product(LOSSES, GIVEN):
        if (loss, given) != ("binary", "hidden"):
            for samples in _SAMPLES:
                one = gentle(loss, given, samples)
                assert one is not None  # any axes will do where there are no options
                yield one


def gentle(
    loss: Loss,
    given: Given,
    samples: tuple[int, ...] = _SAMPLES[0],
    options: Mapping[str, Any] | None = None,
) -> Gentle | None:
    """The problem of one kind, with these options by their keys, of which it has those that apply
    to it; None where they do not fit, or it gives them no meaning."""
    set_options = {**(options or {})}
    if not set_options.keys() <= _KNOWN or (loss, given) == ("binary", "hidden"):
        return None
    shift = set_options.get("shift", 0) if loss == "sparse_categorical" else 0
    if shift:
        if not samples:
            return None
        samples = (*samples[:-1], samples[-1] + shift)
    classes = np.size(set_options.get("class_weight", range(_CLASSES)))
    shape = samples if loss == "binary" else (*samples, classes)
    axis = -1 if loss == "binary" else set_options.pop("class_axis", -1)
    of = {option.key: option for option in OPTIONS}
    applying = {k: v for k, v in set_options.items() if of[k].applies(loss, given)}
    arrays = {k: np.asarray(v, np.float32) for k, v in applying.items() if k in ARRAYS}
    last = None if loss == "binary" else len(shape) - 1
    fits = last is None or -len(shape) <= axis < len(shape)
    fits = fits and (given != "hidden" or axis % len(shape) == last)
    if not fits or any(misfit(a.shape, ARRAYS[key], shape, last) for key, a in arrays.items()):
        return None
    if given == "hidden":
        return _of_layer(loss, samples, classes, applying | arrays, axis)
    makes = _binary if loss == "binary" else _of_classes
    return makes(loss, given, 1.3 * _wave(shape), applying | arrays, axis)


def _wave(shape: tuple[int, ...]) -> Array:
    return np.sin(1.7 * np.arange(np.prod(shape, dtype=int)) + 0.4).reshape(shape)


def _of_layer(
    loss: Loss, samples: tuple[int, ...], classes: int, options: dict[str, Any], axis: int
) -> Gentle:
    """The problem of the logits that a last layer makes of what is hidden."""
    hidden, weight = _wave((*samples, _FEATURES)), 0.9 * _wave((classes, _FEATURES))[::-1]
    bias = options.pop("bias", None)
    logits = hidden @ weight.T + (0.0 if bias is None else bias)
    one = _of_classes(loss, "logits", logits, options, axis)
    layer = {"weight": weight.astype(np.float32), "bias": bias}
    values = hidden.astype(np.float32)
    problem = replace(one.problem, given="hidden", values=values, **layer)
    return replace(one, problem=problem, gradient=one.gradient @ weight)


def _of_classes(
    loss: Loss, given: Given, logits: Array, options: dict[str, Any], axis: int
) -> Gentle:
    samples, classes = logits.shape[:-1], logits.shape[-1]
    scores, inner = _scaled(logits, options)
    log_sum = np.log(np.exp(scores).sum(axis=-1))
    p = np.exp(scores - log_sum[..., None])
    log_p = np.log(p) - (0.4 if given == "log_probs" else 0.0)
    stated = np.resize([3, 0, 4, 1, 2, 2], samples) % classes
    met, shift = np.ones(samples, dtype=np.bool_), options.get("shift", 0)
    indices = np.roll(stated, -shift, axis=-1) if shift else stated
    if shift:
        met[..., -shift:] = False
    one_hot = np.eye(classes)[indices]
    t = one_hot if loss == "sparse_categorical" else 0.7 * one_hot + 0.3 * np.roll(one_hot, 1, -1)
    labels = stated if loss == "sparse_categorical" else t.astype(np.float32)
    kept = (indices != options.get("ignore_index", -1)) & met
    scale = options.get("sample_weight", np.ones(samples)) * kept
    weight = np.asarray(options.get("class_weight", np.ones(classes)), np.float64)
    weights = scale * (weight * t).sum(axis=-1)
    e = options.get("label_smoothing", 0.0)
    if options.get("smoothing_formula") == "megatron":
        e = e * classes / (classes - 1)
    t = scale[..., None] * weight * (t * (1 - e) + e / classes)
    z = scale * options.get("z_loss", 0.0)
    slope = p * t.sum(axis=-1, keepdims=True) - t + (2 * z * log_sum)[..., None] * p
    slopes = {"logits": inner * slope, "probs": -t / p, "log_probs": -t}
    values = {"logits": logits, "probs": p, "log_probs": log_p}[given].astype(np.float32)
    values, gradient = (np.moveaxis(array, -1, axis) for array in (values, slopes[given]))
    if loss == "categorical":
        labels = np.moveaxis(labels, -1, axis)
    problem = Problem(
        loss, given, values, labels, "float32", class_axis=axis, gradient=True, **options
    )
    return Gentle(problem, z * log_sum**2 - (t * log_p).sum(axis=-1), gradient, weights)


def _scaled(logits: Array, options: dict[str, Any]) -> tuple[Array, Array]:
    """The logits, scaled and capped as the options say, and the slope of that."""
    scale, cap = options.get("logit_scale", 1.0), options.get("softcap")
    if cap is None:
        return scale * logits, np.full(logits.shape, scale)
    bent = np.tanh(scale * logits / cap)
    return cap * bent, scale * (1 - bent**2)


def _binary(loss: Loss, given: Given, logits: Array, options: dict[str, Any], _: int) -> Gentle:
    scores, inner = _scaled(logits, options)
    p = 1 / (1 + np.exp(-scores))
    t = np.resize([1.0, 0.0, 0.0, 1.0, 0.0], logits.shape)
    labels, e = t.astype(np.float32), options.get("label_smoothing", 0.0)
    scale = np.asarray(options.get("sample_weight", np.ones(logits.shape)), np.float64)
    t = t * (1 - e) + e / 2
    yes, no = scale * options.get("pos_weight", 1.0) * t, scale * (1 - t)
    losses = np.asarray(-(yes * np.log(p) + no * np.log(1 - p)))
    slopes = {
        "logits": inner * (no * p - yes * (1 - p)),
        "probs": no / (1 - p) - yes / p,
        "log_probs": no * p / (1 - p) - yes,
    }
    values = {"logits": logits, "probs": p, "log_probs": np.log(p)}[given].astype(np.float32)
    problem = Problem("binary", given, values, labels, "float32", gradient=True, **options)
    return Gentle(problem, losses, np.asarray(slopes[given]), scale)
