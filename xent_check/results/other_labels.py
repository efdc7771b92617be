"""How far each loss is from that of the nearest other label.

The other labels of classes: where one class i has more than half of the mass, as in a class index
or a one-hot label, its mass and that of another class j are swapped; else every mass moves to the
next class. Of binary: t becomes 1 - t. A z-loss is the same for all labels. With
v_c = w_c (-log p_c), s the sample's weight and e the smoothing, the loss changes by

    one class    s abs(1 - e) abs(t_i - t_j) abs(v_i - v_j)
    soft labels  s abs(1 - e) abs(sum_c (t_c - t_(c-1)) v_c)
    binary       s (1 - e) abs(1 - 2 t) abs(pos_weight (-log p) + log(1 - p))
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s
from xent_check.problem.kept import Kept
from xent_check.problem.last_layer import as_logits
from xent_check.problem.parts import VALUES, in_threads, parts
from xent_check.problem.problem import Problem
from xent_check.problem.scores import scores

_CHUNK = 2**17
_NOISE = 2.0**-50  # rounding in the difference of equal numbers, relative to their size
_EXACT = ("float16", "bfloat16", "float32")  # dtypes whose numbers are those of float32
_KEPT: Kept[Float64s] = Kept()


def other_label_distances(problem: Problem) -> Float64s:
    """The distance of each loss to that of its nearest other label; the samples' shape.

    inf where no other label has a different finite loss, as at equal logits. Computed once for a
    problem, whoever answers it.
    """
    return _KEPT.get(problem, (), lambda: _computed(problem))


def _computed(problem: Problem) -> Float64s:
    distances = np.empty(math.prod(problem.samples_shape))

    def work(samples: slice, part: Problem) -> None:
        distances[samples] = _distances(as_logits(part))

    if problem.num_scores > VALUES:
        in_threads(problem, work)
    else:
        for samples, part in parts(problem):
            work(samples, part)
    return distances.reshape(problem.samples_shape)


def _distances(problem: Problem) -> Float64s:
    with np.errstate(all="ignore"):
        distances = _binary(problem) if problem.loss == "binary" else _classes(problem)
        scale = np.asarray(abs(1 - float(problem.smoothing)))
        if problem.sample_weight is not None:
            scale = scale * np.abs(problem.sample_weight.astype(np.float64))
        scaled = distances * scale
    return np.where(np.isfinite(scaled) & (scaled > 0), scaled, np.inf)


def _apart(first: Float64s, second: Float64s, sizes: Float64s | None = None) -> Float64s:
    """abs(first - second); 0 where numbers of their size, or of `sizes`, may round to it."""
    distance = np.abs(first - second)
    largest = np.maximum(np.abs(first), np.abs(second)) if sizes is None else sizes
    return np.where(distance > _NOISE * largest, distance, 0.0)


def _binary(problem: Problem) -> Float64s:
    x, t = problem.values.astype(np.float64), problem.labels.astype(np.float64)
    weight = None if problem.pos_weight is None else problem.pos_weight.astype(np.float64)
    if problem.given == "logits" and weight is None:
        apart = np.abs(scores(problem, x))  # -log p and -log(1 - p) differ by the score
    else:
        on, off = _minus_logs(problem, x)
        apart = _apart(on if weight is None else weight * on, off)
    return apart * np.abs(1 - 2 * t)


def _minus_logs(problem: Problem, x: Float64s) -> tuple[Float64s, Float64s]:
    """-log p and -log(1 - p)."""
    if problem.given == "logits":
        z = scores(problem, x)
        return np.logaddexp(0, -z), np.logaddexp(0, z)
    if problem.given == "probs":
        return -np.log(x), -np.log1p(-x)
    return -x, -np.log(-np.expm1(x))


def _classes(problem: Problem) -> Float64s:
    n = problem.num_classes
    rows = np.moveaxis(problem.values, problem.class_axis, -1).reshape(-1, n)
    soft = None
    if problem.loss == "categorical":
        soft = np.moveaxis(problem.labels, problem.class_axis, -1).reshape(-1, n)
    weight = None if problem.class_weight is None else problem.class_weight.astype(np.float64)
    distances = np.full(len(rows), np.inf)
    step = max(1, _CHUNK // n)
    plain = (
        soft is None and weight is None and problem.given != "probs" and rows.dtype.name in _EXACT
    )
    if plain and problem.logit_scale == 1 and problem.softcap is None:
        for start in range(0, len(rows), step):
            chunk = slice(start, start + step)
            top = np.clip(problem.labels.reshape(-1)[chunk], 0, n - 1)
            distances[chunk] = _nearest_value(rows[chunk].astype(np.float32, copy=False), top)
        return distances.reshape(problem.samples_shape)
    for start in range(0, len(rows), step):
        chunk = slice(start, start + step)
        x = rows[chunk].astype(np.float64)
        x = np.log(x) if problem.given == "probs" else x
        x = scores(problem, x) if problem.given == "logits" else x
        if weight is not None:
            x = weight * (x - _log_total(problem, x))
        if soft is None:
            top = np.clip(problem.labels.reshape(-1)[chunk], 0, n - 1)[:, None]
            distances[chunk] = _nearest(_apart(x, np.take_along_axis(x, top, axis=1)))
        else:
            distances[chunk] = _of_masses(soft[chunk].astype(np.float64), x)
    return distances.reshape(problem.samples_shape)


def _nearest_value(x: npt.NDArray[np.float32], top: npt.NDArray[np.int64]) -> Float64s:
    """The distance of each row's number at `top` to the nearest other number; inf where there is
    none, or it is not finite. The numbers are compared as they are, without a rounding."""
    at = np.arange(len(x))
    own = x[at, top]
    apart = np.abs(x - own[:, None])
    apart[at, top] = np.inf
    rounded = apart.min(axis=1)
    places = np.flatnonzero(apart == rounded[:, None])  # of distances that round to the same
    rows = places // x.shape[1]
    exact = np.abs(x.reshape(-1)[places].astype(np.float64) - own[rows])
    distances = np.full(len(x), np.inf)
    np.fmin.at(distances, rows, exact)
    odd = ~((rounded > 0) & (rounded < np.inf))
    distances[odd] = _nearest_on_a_side(x[odd], own[odd])
    return distances


def _nearest_on_a_side(x: npt.NDArray[np.float32], own: npt.NDArray[np.float32]) -> Float64s:
    """The same of rows that have numbers equal to their own, or such that are not finite."""
    above = np.where(x > own[:, None], x, np.float32(np.inf)).min(axis=1, initial=np.inf)
    below = np.where(x < own[:, None], x, np.float32(-np.inf)).max(axis=1, initial=-np.inf)
    at = own.astype(np.float64)
    nearest: Float64s = np.fmin(above.astype(np.float64) - at, at - below.astype(np.float64))
    return np.where(np.isfinite(nearest), nearest, np.inf)


def _of_masses(masses: Float64s, x: Float64s) -> Float64s:
    """The distances for rows of masses and of x = -v: with two masses swapped, or all moved on."""
    top = masses.argmax(axis=1)[:, None]
    largest = np.take_along_axis(masses, top, axis=1)
    apart = _apart(x, np.take_along_axis(x, top, axis=1))
    swapped = _nearest(np.abs(masses - largest) * apart)
    change = masses - np.roll(masses, 1, axis=1)
    terms = np.where(change == 0, 0.0, change * x)
    shifted = _apart(terms.sum(axis=1), np.zeros(()), np.abs(terms).sum(axis=1))
    return np.where(largest[:, 0] > np.abs(masses).sum(axis=1) / 2, swapped, shifted)


def _nearest(distances: Float64s) -> Float64s:
    """The smallest distance of each row that is finite and not 0; inf where there is none."""
    positive = np.where((distances > 0) & np.isfinite(distances), distances, np.inf)
    return np.asarray(positive.min(axis=1))


def _log_total(problem: Problem, x: Float64s) -> Float64s:
    """The log of the sum, subtracted from every class by log-softmax or normalize; else 0."""
    if problem.given != "logits" and not problem.normalize:
        return np.zeros(())
    top = x.max(axis=1, keepdims=True)
    return np.asarray(top + np.log(np.exp(x - top).sum(axis=1, keepdims=True)))
