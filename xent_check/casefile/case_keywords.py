"""Case keywords: the keys of a case as the keywords of a call from Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict


class CaseKeywords(TypedDict, total=False):
    """The keywords of a case: the keys of a case file, with arrays of any framework.

    One that is None is left out. `class_axis` to `cotangent` are the options, each under its key in
    OPTIONS: docs/options.md has their meaning, range and shape.
    """

    name: str | None  # as reports name the case
    description: str | None  # what it is about, in a sentence
    source: str | None  # where its numbers come from
    tags: str | Sequence[str] | None  # words that select it
    loss: str | None  # binary, categorical or sparse_categorical
    logits: Any  # an array with an axis of classes, but for binary; or probs, or log_probs
    probs: Any  # as the logits, numbers from 0 to 1
    log_probs: Any  # as the logits, natural logarithms
    hidden: Any  # an array with features along its last axis, whose logits `weight` and `bias` make
    # An array: a class index per sample (sparse_categorical), else targets of the values' shape.
    labels: Any
    dtype: Any  # of the computation, by name or as an array library has it
    class_axis: int | None
    normalize: bool | None
    ignore_index: int | None
    shift: int | None
    label_smoothing: float | None
    smoothing_formula: str | None
    class_weight: Any
    pos_weight: Any
    sample_weight: Any
    weight: Any
    bias: Any
    logit_scale: float | None
    softcap: float | None
    z_loss: float | None
    num_items: float | None
    layout: str | None
    reduction: str | Sequence[str] | None
    check: str | Sequence[str] | None
    cotangent: Any
    tolerance: Any  # how far off still agrees: a number, a mapping with atol, rtol, ulps, or auto
