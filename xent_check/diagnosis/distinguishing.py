"""Telling apart: an input on which two readings that coincide give different numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from xent_check.problem.dtypes import Float64s

from .candidates import Candidate, again
from .meaning import Meaning

TRIES = 8
SHOWN = 24  # numbers at most of an input that is written out
DIFFERENT = 1e-3  # of the larger


def distinguishing_input(candidates: Sequence[Candidate], truth: Candidate, total: bool) -> str:
    """An input of the same kind with both numbers; "" where there are not two readings."""
    if len(candidates) < 2 or truth.meaning.scores.size > SHOWN:
        return ""
    first, second = candidates[:2]
    for start in _inputs(truth.meaning):
        one, other = again(first, start, total), again(second, start, total)
        if one is not None and other is not None and _differ(one, other):
            told = (f"{'+'.join(r.ids)} gives {_text(r.numbers)}" for r in (one, other))
            return f"{_written(start)}: {', '.join(told)}"
    if total:
        return "one loss per sample: this total alone cannot, whatever the input"
    return ""


def _inputs(m: Meaning) -> Iterator[Meaning]:
    """Inputs of the same kind: other scores, ordinary and extreme, the labels kept; then more
    samples, the labels repeated."""
    random = np.random.RandomState(0)
    for meaning in (m, _twice(m)):
        for attempt in range(TRIES):
            scores = np.round(random.standard_normal(meaning.scores.shape) * 2, 1)
            if m.activation == "none":
                scores = _probabilities(random, scores, small=attempt % 2 == 1, binary=m.binary)
            elif attempt % 2:
                scores = scores * 8
            if m.is_log:
                scores = np.asarray(np.round(np.log(scores), 2), dtype=np.float64)
            yield replace(meaning, scores=np.asarray(scores, dtype=np.float64))


def _probabilities(
    random: np.random.RandomState, scores: Float64s, small: bool, binary: bool
) -> Float64s:
    if small:
        powers = 10.0 ** -random.randint(1, 9, scores.shape).astype(np.float64)
        return powers if binary or scores.shape[1] < 2 else _completed(powers)
    p = np.round(1 / (1 + np.exp(-scores / 2)), 2)
    return p if binary else np.maximum(np.round(p / p.sum(axis=1, keepdims=True), 2), 0.01)


def _completed(p: Float64s) -> Float64s:
    """Rows of small numbers whose last one makes them 1; turned round, for labels elsewhere."""
    whole = p.copy()
    whole[:, -1] = np.round(1 - p[:, :-1].sum(axis=1), 9)
    whole[1::2] = whole[1::2, ::-1]
    return whole


def _twice(m: Meaning) -> Meaning:
    """Every sample twice, along the first axis."""
    if not m.shape:
        return m

    def doubled(array: Any) -> Any:
        return None if array is None else np.concatenate([array, array])

    return replace(
        m,
        scores=doubled(m.scores),
        labels=doubled(m.labels),
        targets=doubled(m.targets),
        pos_weight=doubled(m.pos_weight),
        sample_weight=doubled(m.sample_weight),
        shape=(2 * m.shape[0], *m.shape[1:]),
    )


def _differ(one: Candidate, other: Candidate) -> bool:
    if one.shape != other.shape:
        return True
    a, b = one.numbers, other.numbers
    finite = np.isfinite(a) & np.isfinite(b)
    if (finite != (np.isfinite(a) | np.isfinite(b))).any():
        return True
    size = np.maximum(np.abs(a), np.abs(b))
    return bool((np.abs(a - b)[finite] > DIFFERENT * size[finite]).any())


def _written(m: Meaning) -> str:
    shape = m.shape if m.binary else (*m.shape, m.scores.shape[1])
    given = "log_probs" if m.is_log else "probs" if m.activation == "none" else "logits"
    moved = m.scores.reshape(shape)
    if not m.binary:
        moved = np.moveaxis(moved, -1, m.class_axis)
    if m.labels is not None:
        labels = str(m.labels.reshape(m.shape).tolist())
    else:
        assert m.targets is not None
        labels = str(m.targets.reshape(shape).tolist())
    return f"{given} {moved.tolist()}, labels {labels}"


def _text(numbers: Float64s) -> str:
    words = [f"{number:.6g}" for number in numbers]
    return words[0] if len(words) == 1 else f"[{', '.join(words)}]"
