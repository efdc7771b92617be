"""Changes of weights, smoothing, precision and reduction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from xent_check.problem.dtypes import rounded
from xent_check.problem.vocabulary import DTYPES

from ..meaning import Divisor, Meaning, SmoothingOver
from .scores import Parameters, Variation, Variations


def class_weight_ignored(m: Meaning) -> Iterator[Variation]:
    """The class weights left out."""
    if m.class_weight is not None:
        yield replace(m, class_weight=None), {}


def pos_weight_ignored(m: Meaning) -> Iterator[Variation]:
    """pos_weight left out."""
    if m.pos_weight is not None:
        yield replace(m, pos_weight=None), {}


def sample_weight_ignored(m: Meaning) -> Iterator[Variation]:
    """The sample weights left out."""
    if m.sample_weight is not None:
        yield replace(m, sample_weight=None), {}


def class_weight_outside(m: Meaning) -> Iterator[Variation]:
    """The label's class weight multiplies the whole loss."""
    if m.class_weight is not None and m.class_weight_inside and m.smoothing_weighted:
        outside = replace(m, class_weight_inside=False)
        yield outside, {"of": "the label"}
        if m.targets is not None and not m.binary:
            largest = {"of": "the class with the largest target"}
            yield replace(outside, class_weight_of_largest=True), largest


def ignored_counts(m: Meaning) -> Iterator[Variation]:
    """Ignored samples counted like any other."""
    if m.ignore_index is not None and not m.kept.all():
        yield replace(m, ignore_index=None), {}


def smoothing_missing(m: Meaning) -> Iterator[Variation]:
    """The label smoothing left out."""
    if m.smoothing:
        yield replace(m, smoothing=0.0), {}


def scale_missing(m: Meaning) -> Iterator[Variation]:
    """The logits not scaled."""
    if m.logit_scale != 1:
        yield replace(m, logit_scale=1.0), {}


def softcap_missing(m: Meaning) -> Iterator[Variation]:
    """The logits not capped."""
    if m.softcap is not None:
        yield replace(m, softcap=None), {}


def bias_missing(m: Meaning) -> Iterator[Variation]:
    """The bias of the last layer not added; of a bias that masks classes nothing is known."""
    if m.bias is not None and np.isfinite(m.bias).all():
        yield replace(m, scores=m.scores - m.bias, bias=None), {}


def z_loss_missing(m: Meaning) -> Iterator[Variation]:
    """The z-loss left out."""
    if m.z_loss:
        yield replace(m, z_loss=0.0), {}


def smoothing_formula(m: Meaning) -> Iterator[Variation]:
    """Label smoothing with other shares for the classes."""
    rules: dict[SmoothingOver, str] = {
        "all": "e / n to every class",
        "others": "e / (n - 1) to each other class, as Megatron does",
        "kept mass": "(1 - e) / n to every class",
    }
    for over, rule in rules.items() if m.smoothing and m.smoothing_over != "kept mass" else ():
        if over != m.smoothing_over:
            yield replace(m, smoothing_over=over), {"rule": rule}


def smoothing_not_weighted(m: Meaning) -> Iterator[Variation]:
    """Class weights that multiply the unsmoothed part of the targets alone."""
    weighted = m.class_weight is not None and m.class_weight_inside
    if m.smoothing and weighted and m.smoothing_weighted:
        yield replace(m, smoothing_weighted=False), {}


def precision(m: Meaning) -> Iterator[Variation]:
    """The scores or losses rounded to another dtype, or the losses added up in it."""
    for dtype in DTYPES:
        if dtype != m.dtype:
            scores = rounded(m.scores, dtype).astype(np.float64)
            if not np.array_equal(scores, m.scores, equal_nan=True):
                yield replace(m, scores=scores), {"which": dtype, "where": "input"}
                if np.isinf(scores).sum() > np.isinf(m.scores).sum():
                    overflowed = replace(m, scores=scores, zero_times_inf=True)
                    yield overflowed, {"which": dtype, "where": "input, where it overflows,"}
    for dtype in DTYPES:
        if dtype != m.dtype and m.stored_in is None:
            yield replace(m, stored_in=dtype), {"which": dtype, "where": "output"}
    if m.accumulated_in is None and m.divisor not in ("mean of means", "sum of means"):
        for dtype in DTYPES:
            yield replace(m, accumulated_in=dtype), {"which": dtype, "where": "accumulation"}


def divisor(name: Divisor) -> Variations:
    """The losses' sum divided by something else."""

    def changes(m: Meaning) -> Iterator[Variation]:
        if name != m.divisor and m.last_axis is None and _means_something(m, name):
            yield replace(m, divisor=name), {}

    return changes


_MOST_BATCHES = 64
_CHUNKS = tuple(2**k for k in range(1, 13))  # samples


def means(m: Meaning) -> Iterator[Variation]:
    """The mean of the means of the rows, or the mean or sum of those of micro-batches: equal parts
    along the first axis. Where as many samples count in each, it is no other mean."""
    if m.last_axis is not None or m.divisor != "kept" or not m.shape:
        return
    several = len(m.shape) > 1
    if several and not m.kept.all():
        yield replace(m, divisor="mean of means"), {"how": "mean", "what": "the rows"}
    ignoring = m.labels is not None and not m.kept.all()
    if not ((several and m.labels is not None) or (ignoring and not m.shift)):
        return
    for batches in range(2, min(m.shape[0], _MOST_BATCHES) + 1):
        if m.shape[0] % batches == 0 and (several or batches < m.shape[0]):
            words = {"what": f"{batches} micro-batches", "batches": batches}
            yield from _of_chunks(m, len(m.scores) // batches, words)


def means_of_chunks(m: Meaning) -> Iterator[Variation]:
    """The mean or sum of the means of so many samples each, whatever the batch: a power of two."""
    if m.divisor == "kept" and m.last_axis is None:
        for chunk in chunks_of(m):
            yield from _of_chunks(m, chunk, {"chunk": chunk})


def _of_chunks(m: Meaning, chunk: int, words: Parameters) -> Iterator[Variation]:
    """The mean, then the sum, of the means of each `chunk` samples."""
    hows: dict[Divisor, str] = {"mean of means": "mean", "sum of means": "sum"}
    for divisor, how in hows.items():
        yield replace(m, divisor=divisor, chunk=chunk), {"how": how, **words}


def chunks_of(m: Meaning) -> list[int]:
    """The powers of two that are smaller than the number of samples."""
    return [chunk for chunk in _CHUNKS if chunk < len(m.scores)]


def labels_before_the_shift(m: Meaning) -> Iterator[Variation]:
    """The labels are counted where they stood, with those that nobody meets."""
    if m.stated is not None and m.divisor == "kept":
        stated = m.stated if m.ignore_index is None else m.stated[m.stated != m.ignore_index]
        counts = {"count": stated.size, "declared": int(m.kept.sum())}
        yield replace(m, divisor="items", items=float(stated.size)), counts


def _means_something(m: Meaning, name: Divisor) -> bool:
    """Whether the divisor can differ from the number of kept samples."""
    match name:
        case "one":
            return bool(m.kept.any())
        case "all":
            return bool(m.kept.any()) and not m.kept.all()
        case "weights":
            return m.class_weight is not None or m.sample_weight is not None
        case "counted":
            return _counts_for_nothing(m)
        case _:
            return True


def _counts_for_nothing(m: Meaning) -> bool:
    """Whether some sample has weight 0, no target, or a label outside the classes with loss 0."""
    weights = (m.sample_weight, m.class_weight)
    if any(weight is not None and (weight == 0).any() for weight in weights):
        return True
    if m.outside == "zero":
        return True
    empty = m.targets is not None and not m.binary and not m.targets.any(axis=1).all()
    return empty and not m.smoothing


def mean_over_classes(m: Meaning) -> Iterator[Variation]:
    """The mean over the classes in place of their sum, in every sample's loss."""
    n = m.scores.shape[1]
    if n > 1 and not m.binary and not m.z_loss and not m.exponentiate and m.scale == 1.0:
        yield replace(m, scale=1 / n), {"beside": "in each sample's loss"}


def entropy_subtracted(m: Meaning) -> Iterator[Variation]:
    """The entropy of soft or smoothed labels subtracted."""
    soft = bool(m.smoothing) or (m.targets is not None and bool(((m.targets % 1) != 0).any()))
    weighted = m.class_weight is not None or m.pos_weight is not None
    if soft and not weighted and m.take_log and m.focal_gamma is None:
        yield replace(m, entropy_subtracted=True), {}


def divided_by_classes(m: Meaning) -> Iterator[Variation]:
    """The number of classes in the divisor."""
    if m.classes > 1 and m.kept.any() and m.last_axis is None and m.divisor in ("kept", "one"):
        both: Divisor = "samples x classes" if m.divisor == "kept" else "classes"
        yield replace(m, divisor=both), {"beside": "as well"}
        other: Divisor = "classes" if m.divisor == "kept" else "samples x classes"
        alone = "in place of the samples" if m.divisor == "kept" else "and of samples"
        yield replace(m, divisor=other), {"beside": alone}


def last_axis(m: Meaning) -> Iterator[Variation]:
    """The losses reduced over the last axis first, as Keras's binary loss does."""
    if (
        m.last_axis is None
        and len(m.shape) > 1
        and m.shape[-1] > 1
        and m.divisor in ("kept", "one")
    ):
        yield replace(m, last_axis="mean"), {"how": "mean"}
        yield replace(m, last_axis="sum"), {"how": "sum"}
