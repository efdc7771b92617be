"""Label changes: which class each sample's label is, and which scores it meets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s, numpy_dtype

from ..log_probabilities import neg_log_softmax, scores_of
from ..meaning import Meaning
from .scores import Variation, Variations

PAIRED_AT_MOST = 100_000  # scores, where every label is paired with every sample


def outside(rule: Literal["wrap", "zero"]) -> Variations:
    """A label outside the classes wraps or is clamped, or has an empty one-hot row."""

    def changes(m: Meaning) -> Iterator[Variation]:
        if m.labels is None or m.outside != "nan" or not m.outside_labels.any():
            return
        if rule == "zero":
            yield replace(m, outside="zero"), {"then": "0"}
            if m.smoothing:
                yield replace(m, outside="empty"), {"then": "that smoothing gives it"}
            return
        if (m.labels[m.outside_labels] < 0).any():
            yield replace(m, outside="wrap"), {"how": "a negative label counts from the last class"}
        how = "a label outside the classes becomes the nearest class"
        yield replace(m, outside="clamp"), {"how": how}

    return changes


def gives_nan(m: Meaning) -> Iterator[Variation]:
    """nan for a label outside the classes: what the reference says too."""
    if m.outside != "nan" and m.outside_labels.any():
        yield replace(m, outside="nan"), {}


def label_rounded(m: Meaning) -> Iterator[Variation]:
    """Label indices rounded to a low precision."""
    if m.labels is None:
        return
    for dtype in ("bfloat16", "float16"):
        with np.errstate(over="ignore", invalid="ignore"):  # no float16 is above 65,504
            rounded = m.labels.astype(numpy_dtype(dtype)).astype(np.int64)
        if (rounded != m.labels).any():
            yield replace(m, labels=rounded), {"dtype": dtype}
            if (m.kept & (rounded >= m.scores.shape[1])).any():
                yield replace(m, labels=rounded, outside="clamp"), {"dtype": dtype}


def label_offset(m: Meaning) -> Iterator[Variation]:
    """Labels that count from 1 where classes count from 0, or the other way round."""
    if m.labels is not None:
        for offset in (-1, 1):
            moved = np.where(m.kept, m.labels + offset, m.labels)
            if not (m.kept & (moved >= 0) & (moved < m.scores.shape[1])).any():
                continue  # all are outside the classes, and nan tells nothing of them
            yield replace(m, labels=moved), {"offset": offset}


def argmax_label(m: Meaning) -> Iterator[Variation]:
    """The class with the largest score in place of the label, or of a soft label its largest."""
    if not m.binary and m.scores.shape[1] > 1 and len(m.scores):
        if m.targets is not None:
            largest = np.argmax(m.targets, axis=1).astype(np.int64)
            which = {"which": "labels", "what": "the class with the largest target"}
            yield replace(m, labels=largest, targets=None), which
        best = np.argmax(np.nan_to_num(m.scores, nan=-np.inf), axis=1)
        labels = best if m.labels is None else np.where(m.kept, best, m.labels)
        which = {"which": "scores", "what": "the class with the largest score"}
        yield replace(m, labels=labels.astype(np.int64), targets=None), which


def labels_transposed(m: Meaning) -> Iterator[Variation]:
    """The labels' two axes swapped, or flattened the other way round than the samples'."""
    if m.last_axis or m.unmet is not None or (m.labels is None and m.targets is None):
        return
    if len(m.shape) == 2 and min(m.shape) > 1:
        places = np.arange(len(m.scores)).reshape(m.shape)
        order = places.T.reshape(-1)
        yield _with_labels_of(m, order), {"how": "the labels' axes are swapped"}
        how = "the scores' axes are swapped, the labels' are not"
        yield replace(m, scores=m.scores[order]), {"how": how}
    elif len(m.shape) == 1 and m.targets is not None and m.targets.shape[0] == m.targets.shape[1]:
        yield replace(m, targets=m.targets.T), {"how": "the labels' axes are swapped"}


def _with_labels_of(m: Meaning, order: npt.NDArray[np.int64]) -> Meaning:
    """Each sample with the label of another, given by its flat place."""
    return replace(
        m,
        labels=None if m.labels is None else m.labels[order],
        targets=None if m.targets is None else m.targets[order],
    )


def labels_broadcast(m: Meaning) -> Iterator[Variation]:
    """Every label is paired with every sample: N x N losses in place of N."""
    count = len(m.scores)
    weighted = m.sample_weight is not None or m.pos_weight is not None or m.unmet is not None
    if count < 2 or count * m.scores.size > PAIRED_AT_MOST or weighted or m.last_axis:
        return
    here = np.repeat(np.arange(count), count)
    there = np.tile(np.arange(count), count)
    for scores, labels, how in ((there, here, "column"), (here, there, "row")):
        yield (
            replace(
                m,
                scores=m.scores[scores],
                labels=None if m.labels is None else m.labels[labels],
                targets=None if m.targets is None else m.targets[labels],
                shape=(count, count),
            ),
            {"a sample is a": how},
        )


def class_axis(m: Meaning) -> Iterator[Variation]:
    """The classes on another axis: of the labels, of the softmax, or of a reshaped array."""
    if m.binary or not m.shape or m.scores.shape[1] < 2 or len(m.scores) < 2:
        return
    m = replace(m, scores=scores_of(m), logit_scale=1.0, softcap=None)
    n, axes = m.scores.shape[1], len(m.shape)
    full = m.scores.reshape(*m.shape, n)
    given = np.moveaxis(full, -1, m.class_axis)
    if m.class_axis % (axes + 1) != axes:
        yield replace(m, scores=given.reshape(-1, n)), {"how": "the array is reshaped, not moved"}
    else:
        wrong = given.reshape(m.shape[0], n, *m.shape[1:])
        how = "the array is reshaped, not moved"
        yield replace(m, scores=np.moveaxis(wrong, 1, -1).reshape(-1, n)), {"how": how}
    for axis in range(axes):
        if m.shape[axis] == n and m.labels is not None:
            scores = np.swapaxes(full, axis, -1).reshape(-1, n)
            yield replace(m, scores=scores), {"how": f"axis {axis} is taken for the classes"}
        elif m.targets is not None and m.class_weight is None and m.sample_weight is None:
            yield _other_axis(m, full, axis), {"how": f"the sum goes over axis {axis}"}
        if m.shape[axis] > 1 and (m.activation == "softmax" or m.renormalise):
            over = _normalised_over(m, full, axis)
            yield over, {"how": f"the probabilities are normalised over axis {axis}"}


def _other_axis(m: Meaning, full: Float64s, axis: int) -> Meaning:
    assert m.targets is not None
    count = m.shape[axis]
    scores = np.moveaxis(full, axis, -1)
    targets = np.moveaxis(m.targets.reshape(full.shape), axis, -1).reshape(-1, count)
    flat = scores.reshape(-1, count)
    return replace(m, scores=flat, targets=targets, shape=scores.shape[:-1])


def _normalised_over(m: Meaning, full: Float64s, axis: int) -> Meaning:
    with np.errstate(all="ignore"):
        x = full if m.activation == "softmax" else np.log(full)
        logs = -np.moveaxis(neg_log_softmax_last(np.moveaxis(x, axis, -1)), -1, axis)
    scores = logs.reshape(m.scores.shape)
    return replace(m, scores=scores, activation="none", is_log=True, renormalise=False)


def neg_log_softmax_last(x: Float64s) -> Float64s:
    """-log softmax over the last axis of an array of any number of axes."""
    return neg_log_softmax(x.reshape(-1, x.shape[-1])).reshape(x.shape)
