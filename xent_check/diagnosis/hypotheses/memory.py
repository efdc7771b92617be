"""Memory: arrays that are read in the order of their memory, as if they were contiguous."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from xent_check.problem.dtypes import Float64s
from xent_check.problem.laid_out import in_memory_order, laid_out

from ..meaning import Meaning
from .scores import Variation
from .table import Hypothesis


def _strides_ignored(m: Meaning) -> Iterator[Variation]:
    if m.layout is None or m.last_axis is not None:
        return
    scores, labels = replace(m, scores=_read(m, m.scores)), _labels_read(m)
    yield scores, {"what": "the scores"}
    yield labels, {"what": "the labels"}
    yield replace(labels, scores=scores.scores), {"what": "the scores and the labels"}


def _labels_read(m: Meaning) -> Meaning:
    if m.labels is not None:
        given = laid_out(m.labels.reshape(m.shape), m.layout)
        return replace(m, labels=in_memory_order(given).reshape(-1))
    return replace(m, targets=None if m.targets is None else _read(m, m.targets))


def _read(m: Meaning, rows: Float64s) -> Float64s:
    """Scores or targets, [samples, classes], as they are read."""
    if m.binary:
        return in_memory_order(laid_out(rows.reshape(m.shape), m.layout)).reshape(rows.shape)
    given = np.moveaxis(rows.reshape(*m.shape, rows.shape[1]), -1, m.class_axis)
    read = in_memory_order(laid_out(np.ascontiguousarray(given), m.layout))
    return np.moveaxis(read, m.class_axis, -1).reshape(rows.shape)


OF_MEMORY: tuple[Hypothesis, ...] = (
    Hypothesis("strides-ignored", "losses",
               "{what} are read in the order of their memory: strides are not looked at",
               _strides_ignored),
)  # fmt: skip
"""What arrays that are not contiguous say first."""
