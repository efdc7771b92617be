"""Vacuity: where a tolerance would accept 0, or the loss of another label, it says nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .dtypes import Float64s
from .problem import Problem
from .reference import Reference

Bools = npt.NDArray[np.bool_]
_CHUNK = 2**20


@dataclass(frozen=True, eq=False)
class Vacuity:
    """Per sample: whether what is allowed reaches 0, and whether it reaches another label's loss.

    Samples whose loss is 0 or not finite, and labels of equal logits, count for neither.
    """

    zero: Bools
    other_label: Bools

    @property
    def samples(self) -> Bools:
        return np.asarray(self.zero | self.other_label)

    def words(self) -> str | None:
        """What the tolerance would accept, in one sentence; None where it is sharp."""
        if not self.samples.any():
            return None
        parts = []
        for name, mask in (("0", self.zero), ("the loss of another label", self.other_label)):
            if mask.any():
                first = [int(i) for i in np.argwhere(mask)[0]]
                parts.append(f"{name} for {int(mask.sum())} of {mask.size} (first: {first})")
        return f"the tolerance would accept {', and '.join(parts)}"


def vacuity(problem: Problem, reference: Reference, allowed: Float64s) -> Vacuity:
    """Where abs(reference) or the distance to another label's loss is within `allowed`."""
    losses = reference.losses.high
    size = np.abs(losses)
    judged = np.isfinite(losses) & (size > 0) & problem.kept
    zero = judged & (size <= allowed)
    with np.errstate(invalid="ignore"):
        other = judged & (_nearest_other(problem) <= allowed)
    return Vacuity(zero, other)


def _nearest_other(problem: Problem) -> Float64s:
    """The distance from each loss to that of the nearest other label; inf where not defined.

    With integer labels and no smoothing, the loss of label j differs by w abs(x_t - x_j), x the
    logits, log-probabilities or logs of probabilities; binary, by abs(z).
    """
    shape = problem.samples_shape
    weighted = problem.class_weight is not None or problem.pos_weight is not None
    if weighted or problem.label_smoothing or problem.loss == "categorical":
        return np.full(shape, np.inf)
    scale: Float64s = np.ones(())
    if problem.sample_weight is not None:
        scale = np.abs(problem.sample_weight.astype(np.float64))
    if problem.loss == "binary":
        z = problem.values.astype(np.float64)
        hard = np.isin(problem.labels.astype(np.float64), (0.0, 1.0))
        distance = np.where(hard & (problem.given == "logits") & (z != 0), np.abs(z), np.inf)
        return np.asarray(distance * scale)
    n = problem.num_classes
    rows = np.moveaxis(problem.values, problem.class_axis, -1).reshape(-1, n)
    labels = np.clip(problem.labels.reshape(-1), 0, n - 1)
    distances = np.full(len(labels), np.inf)
    step = max(1, _CHUNK // n)
    with np.errstate(all="ignore"):
        for start in range(0, len(labels), step):
            x = rows[start : start + step].astype(np.float64)
            x = np.log(x) if problem.given == "probs" else x
            at = np.arange(len(x))
            gaps = np.abs(x - x[at, labels[start : start + step]][:, None])
            gaps = np.where((gaps > 0) & np.isfinite(gaps), gaps, np.inf)
            distances[start : start + step] = gaps.min(axis=1)
    return np.asarray(distances.reshape(shape) * scale)
