"""Targets: the factor of each class's -log p, from labels, smoothing and weights."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s

from .meaning import Meaning


def weights_of(meaning: Meaning) -> Float64s:
    """Each sample's weight in the divisor of weighted_mean: sample_weight times class_weight[y], or
    times sum_c w_c t_c of soft labels. Flat."""
    weights = np.ones(len(meaning.scores))
    if meaning.sample_weight is not None:
        weights = weights * meaning.sample_weight
    targets, of_classes = None if meaning.binary else meaning.targets, meaning.class_weight
    if targets is not None:
        soft = targets.sum(axis=1) if of_classes is None else targets @ of_classes
        return np.asarray(weights * soft)
    if meaning.labels is None or of_classes is None:
        return weights
    inside = np.clip(meaning.labels, 0, len(of_classes) - 1)
    return np.asarray(weights * of_classes[inside])


def weighted_targets(meaning: Meaning) -> tuple[Float64s, npt.NDArray[np.bool_]]:
    """Smoothed targets times class weights, of the scores' shape; and whether each sample's loss is
    nan because its label is outside the classes."""
    n = meaning.scores.shape[1]
    bad: npt.NDArray[np.bool_] = meaning.outside_labels
    if meaning.labels is None:
        assert meaning.targets is not None
        hard = meaning.targets
    else:
        labels = meaning.labels
        if meaning.outside == "wrap":
            labels = np.where(labels < 0, labels + n, labels)
        elif meaning.outside == "clamp":
            labels = np.clip(labels, 0, n - 1)
        hard = np.equal(labels[:, None], np.arange(n)).astype(np.float64)
        if meaning.outside in ("zero", "empty"):
            bad = np.zeros_like(bad)
        bad = np.asarray(bad & ((labels < 0) | (labels >= n)))
    targets, e = smoothed(meaning, hard), meaning.smoothing
    if meaning.labels is not None and meaning.outside == "zero":
        targets = np.where(meaning.outside_labels[:, None], 0.0, targets)
    if meaning.class_weight is not None:
        if meaning.class_weight_inside and meaning.smoothing_weighted:
            targets = targets * meaning.class_weight
        elif meaning.class_weight_inside:
            e = e * n / max(n - 1, 1) if meaning.smoothing_over == "others" else e
            targets = hard * (1 - e) * meaning.class_weight + (targets - hard * (1 - e))
        elif meaning.class_weight_of_largest:
            targets = targets * meaning.class_weight[hard.argmax(axis=1)][:, None]
        else:
            targets = targets * (hard @ meaning.class_weight)[:, None]
    return targets, bad


def targets_of(meaning: Meaning) -> Float64s:
    """The factor of each -log p: smoothed targets times class weights; smoothed t for binary."""
    if not meaning.binary:
        return weighted_targets(meaning)[0]
    assert meaning.targets is not None
    return smoothed(meaning, meaning.targets)


def smoothed(meaning: Meaning, targets: Float64s) -> Float64s:
    """The targets with label smoothing e: t (1 - e) + e / n, or another share by the meaning."""
    e, n = meaning.smoothing, 2 if meaning.binary else meaning.scores.shape[1]
    if not e:
        return targets
    if meaning.smoothing_over == "others":
        return targets * (1 - e) + (1 - targets) * e / max(n - 1, 1)
    if meaning.shares is not None:
        return targets * (1 - e) + meaning.shares
    share = e / n if meaning.smoothing_over == "all" else (1 - e) / n
    return targets * (1 - e) + share
