"""A distinguishing input: two candidates that gave the same numbers give different ones on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from xent_check.problem.distance import distance
from xent_check.problem.dtypes import Float64s

from .candidates import Candidate, again
from .meaning import Meaning

TRIES = 8
SHOWN = 24  # scores at most: a larger input is not written out
DIFFERENT = 1e-3  # relative to the larger number


def distinguishing_input(candidates: Sequence[Candidate], truth: Candidate, total: bool) -> str:
    """The first two candidates' numbers on an input of the same kind, as text; "" where there are
    not two candidates, or no input was found. total: their numbers are totals."""
    if len(candidates) < 2 or truth.meaning.scores.size > SHOWN:
        return ""
    first, second = candidates[:2]
    for start in _inputs(truth.meaning):
        pair = again(first, start, total), again(second, start, total)
        if pair[0] is not None and pair[1] is not None and _differ(pair[0], pair[1]):
            answers = (f"{'+'.join(c.ids)} gives {_text(c.numbers)}" for c in pair if c)
            return f"{_input_text(start)}: {', '.join(answers)}"
    if total:
        return "one loss per sample: no input that was tried makes these totals differ"
    return ""


def _inputs(m: Meaning) -> Iterator[Meaning]:
    """Inputs of the same kind: first with the same labels and other scores, ordinary and extreme;
    then with every sample twice."""
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
        return powers if binary or scores.shape[1] < 2 else _sum_to_one(powers)
    p = np.round(1 / (1 + np.exp(-scores / 2)), 2)
    return p if binary else np.maximum(np.round(p / p.sum(axis=1, keepdims=True), 2), 0.01)


def _sum_to_one(p: Float64s) -> Float64s:
    """Rows with the last number set so that they sum to 1; every second row is reversed, so that
    labels meet small numbers and large ones."""
    rows = p.copy()
    rows[:, -1] = np.round(1 - p[:, :-1].sum(axis=1), 9)
    rows[1::2] = rows[1::2, ::-1]
    return rows


def _twice(m: Meaning) -> Meaning:
    """Every sample twice, along the first axis."""
    if not m.shape or (m.shift and len(m.shape) == 1):  # one sequence, which does not go on
        return m

    def twice(array: Any) -> Any:
        return None if array is None else np.concatenate([array, array])

    return replace(
        m,
        scores=twice(m.scores),
        labels=twice(m.labels),
        targets=twice(m.targets),
        pos_weight=twice(m.pos_weight),
        sample_weight=twice(m.sample_weight),
        stated=twice(m.stated),
        unmet=twice(m.unmet),
        shape=(2 * m.shape[0], *m.shape[1:]),
    )


def _differ(first: Candidate, second: Candidate) -> bool:
    """Whether two candidates give numbers that differ by more than DIFFERENT of their size."""
    if first.shape != second.shape:
        return True
    a, b = first.numbers, second.numbers
    off, size = distance(a, b), np.maximum(np.abs(a), np.abs(b))
    return bool((np.isinf(off) | (off > DIFFERENT * size)).any())


def _input_text(m: Meaning) -> str:
    shape = m.shape if m.binary else (*m.shape, m.scores.shape[1])
    given = "log_probs" if m.is_log else "probs" if m.activation == "none" else "logits"
    scores = m.scores.reshape(shape)
    if not m.binary:
        scores = np.moveaxis(scores, -1, m.class_axis)
    if m.labels is not None:
        stated = m.labels if m.stated is None else m.stated
        labels = str(stated.reshape(m.shape).tolist())
    else:
        assert m.targets is not None
        labels = str(m.targets.reshape(shape).tolist())
    return f"{given} {scores.tolist()}, labels {labels}"


def _text(numbers: Float64s) -> str:
    words = [f"{number:.6g}" for number in numbers]
    return words[0] if len(words) == 1 else f"[{', '.join(words)}]"
