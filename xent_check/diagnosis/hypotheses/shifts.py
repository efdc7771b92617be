"""Shifts: how far from its scores each label stood, and what becomes of those left over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np

from ..meaning import Meaning
from .scores import Variation, Variations

_FARTHEST = 3  # places by which labels are tried to be off
_DROPPED = "the position left over is dropped"
_OF_LOSS_0 = "the position left over has loss 0"
_IN_A_CIRCLE = "the one left over comes in at the other end"
_RUNS_ON = "the last one of a row meets the first label of the next, {}"


def labels_moved(way: Literal[1, -1]) -> Variations:
    """The label at each position stood further on than the case says (way 1), or less far on: by
    the shift itself, or by some places. Positions without a label are dropped, have loss 0, or get
    one from the other end."""

    def changes(m: Meaning) -> Iterator[Variation]:
        if m.labels is None or not m.shape or m.last_axis:
            return
        for by in dict.fromkeys((max(m.shift, 1), *range(1, _FARTHEST + 1))):
            yield from _moved(m, m.shift + way * by)
        if way == 1 and m.shift:
            yield from _moved(m, m.shift)
        if way == 1 and len(m.shape) > 1:
            yield from _run_on(m)

    return changes


def _moved(m: Meaning, shift: int) -> Iterator[Variation]:
    """Every position has the label that stood `shift` places further on."""
    assert m.labels is not None
    stated, length = m.labels if m.stated is None else m.stated, m.shape[-1]
    labels, words = stated.reshape(m.shape), {"shift": shift, **_in_words(m.shift, shift)}
    if shift == 0:
        plain = replace(m, labels=stated, stated=None, shift=0, unmet=None)
        yield plain, {**words, "rest": "every position counts"}
        return
    if abs(shift) >= length:
        return
    here = slice(None, -shift) if shift > 0 else slice(-shift, None)
    there = slice(shift, None) if shift > 0 else slice(None, shift)
    rows = np.arange(labels.size).reshape(m.shape)[..., here].reshape(-1)
    moved = np.roll(labels, -shift, axis=-1)
    plain = replace(m, labels=moved.reshape(-1), stated=None, shift=0, unmet=None)
    if shift != m.shift:
        dropped = replace(
            plain,
            scores=m.scores[rows],
            labels=labels[..., there].reshape(-1),
            shape=(*m.shape[:-1], length - abs(shift)),
            sample_weight=None if m.sample_weight is None else m.sample_weight[rows],
        )
        yield dropped, {**words, "rest": _DROPPED}
        left_over = np.ones(labels.size, dtype=np.bool_)
        left_over[rows] = False
        yield replace(plain, unmet=left_over), {**words, "rest": _OF_LOSS_0}
    yield plain, {**words, "rest": _IN_A_CIRCLE}


def _run_on(m: Meaning) -> Iterator[Variation]:
    """The rows are one sequence, shifted once more: of all positions the last one is left over."""
    assert m.labels is not None
    met = np.arange(m.labels.size) if m.unmet is None else np.flatnonzero(~m.unmet)
    if not met.size:
        return
    labels, unmet = m.labels.copy(), np.ones(m.labels.size, dtype=np.bool_)
    labels[met[:-1]], unmet[met[:-1]] = m.labels[met[1:]], False
    words = {"shift": m.shift + 1, **_in_words(m.shift, m.shift + 1)}
    rest = _RUNS_ON.format("that of all is dropped")
    dropped = met[:-1]
    weight = None if m.sample_weight is None else m.sample_weight[dropped]
    flat = replace(
        m, scores=m.scores[dropped], labels=labels[dropped], shape=(len(dropped),),
        sample_weight=weight, unmet=None, stated=None, shift=0,
    )  # fmt: skip
    yield flat, {**words, "rest": rest}
    rest = _RUNS_ON.format("that of all has loss 0")
    yield replace(m, labels=labels, unmet=unmet, stated=None, shift=0), {**words, "rest": rest}


def _in_words(declared: int, shift: int) -> dict[str, str]:
    """Which label a position meets, and what that is beside the declared shift."""
    near = {0: "its own label", 1: "the next one's label", -1: "the previous one's label"}
    far = f"the label {abs(shift)} places {'on' if shift > 0 else 'back'}"
    if shift == declared:
        how = "shifted in a circle"
    elif shift > declared:
        how = "shifted twice" if declared and shift == 2 * declared else "shifted once too often"
        how = how if shift in (2 * declared, declared + 1) else "shifted too far"
    else:
        how = "not shifted" if shift <= 0 else "not shifted far enough"
    return {"met": near.get(shift, far), "how": how}
