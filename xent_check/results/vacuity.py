"""Vacuity: what a tolerance would accept beside the right answer. There it says nothing.

    losses     0, and with it twice the size, where abs(loss) is allowed; another label's loss
    totals     0 and twice the size likewise; the total of other labels, were all its losses off
               in one direction to those of their nearest other label
    gradient   for a sample: zeros, and twice the size, where all its entries are allowed; zeros
               but at the label, the class of the largest mass, where all the others are

A gradient that is near 0 itself, as p - t is where the answer is near the label, is told by its
loss, or by nothing: entries that come to less than an eighth of the sample's weight count for
nothing. Another label's gradient is no case of its own: it changes the label's entry by more than
that is, so a tolerance that accepts it accepts 0 there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s
from xent_check.problem.options import refuse_unknown
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import REDUCTIONS
from xent_check.reference.reference import Reference

from .difference import Difference
from .other_labels import other_label_distances

Bools = npt.NDArray[np.bool_]
LOSS, OTHER_LOSS = "a loss of 0 or of twice its size", "the loss of another label"
GRADIENT, ELSEWHERE = "a gradient of 0 or of twice its size", "a gradient of 0 but at the label"
_SHARE = 1 / 8
# The options that it gives a meaning to; another one is refused.
KNOWN = frozenset({
    "class_axis", "normalize", "ignore_index", "label_smoothing", "class_weight", "pos_weight",
    "sample_weight", "reduction", "check", "cotangent",
})  # fmt: skip


@dataclass(frozen=True, eq=False)
class Vacuity:
    """By what would be accepted, for which samples; of a total, whether (shape ())."""

    accepted: Mapping[str, Bools]

    def words(self) -> str | None:
        """What the tolerance would accept, in one sentence; None where it is sharp."""
        parts = [f"{what}{_where(mask)}" for what, mask in self.accepted.items() if mask.any()]
        return f"the tolerance would accept {', and '.join(parts)}" if parts else None


def _where(mask: Bools) -> str:
    if not mask.ndim:
        return ""
    first = [int(i) for i in np.unravel_index(int(mask.argmax()), mask.shape)]
    return f" for {int(mask.sum())} of {mask.size} (first: {first})"


def vacuity(problem: Problem, reference: Reference, parts: Mapping[str, Difference]) -> Vacuity:
    """What is allowed of the losses, of the totals and of the gradient, held against their targets.

    Losses of ignored samples, and targets that are 0 or not finite, count for nothing.
    """
    refuse_unknown(problem, KNOWN, "the note on what a tolerance accepts")
    losses = parts["losses"]
    distances = other_label_distances(problem)
    judged = _counts(losses) & problem.kept
    accepted: dict[str, Bools] = {
        LOSS: judged & _near_zero(losses),
        OTHER_LOSS: judged & (distances <= losses.allowed),
    }
    with np.errstate(over="ignore"):  # what is beyond float64 is beyond any tolerance
        apart = float(distances[judged & np.isfinite(distances)].sum())
    present = [r for r in REDUCTIONS if r in parts]
    zero = [r for r in present if _counts(parts[r]) & _near_zero(parts[r])]
    other = [r for r in present if _other_total(parts[r], apart, reference.divisors[r])]
    for names, what in ((zero, "of 0 or of twice its size"), (other, "of other labels")):
        if names:
            told = ", ".join(names).replace("_", " ")
            accepted[f"a total {what} ({told})"] = np.asarray(True)
    if "gradient" in parts:
        accepted |= _of_gradient(problem, parts["gradient"])
    return Vacuity(accepted)


def _counts(d: Difference) -> Bools:
    return np.asarray(np.isfinite(d.target) & (d.target != 0))


def _near_zero(d: Difference) -> Bools:
    return np.asarray(np.abs(d.target) <= d.allowed)


def _other_total(total: Difference, apart: float, divisor: float) -> bool:
    """Whether the total's losses may be `apart` altogether."""
    if apart == 0 or divisor == 0 or not _counts(total):
        return False
    return bool(apart / abs(divisor) <= total.allowed)


def _of_gradient(problem: Problem, gradient: Difference) -> dict[str, Bools]:
    near, sizes = _near_zero(gradient), np.abs(gradient.target)
    least = _SHARE * _weights(problem)
    if problem.loss == "binary":
        return {GRADIENT: near & np.isfinite(sizes) & (sizes > 0) & (sizes >= least)}
    near, sizes = (np.moveaxis(a, problem.class_axis, -1) for a in (near, sizes))
    judged = problem.kept & np.isfinite(sizes).all(axis=-1)
    others = np.arange(problem.num_classes) != _label(problem)[..., None]

    def zeros(where: Bools) -> Bools:
        with np.errstate(over="ignore"):  # an infinite sum is large as well
            size = np.where(where, sizes, 0.0).sum(axis=-1)
        return np.asarray(judged & (near | ~where).all(axis=-1) & (size > 0) & (size >= least))

    zero = zeros(np.ones_like(others))
    return {GRADIENT: zero, ELSEWHERE: zeros(others) & ~zero}


def _weights(problem: Problem) -> Float64s:
    """What multiplies each sample's derivatives: its cotangent and weights, without signs."""
    e = problem.label_smoothing
    labels = problem.labels.astype(np.float64)
    if problem.loss == "binary":
        t = labels * (1 - e) + e / 2
        weights = np.abs(t * _or_1(problem.pos_weight)) + np.abs(1 - t)
    elif problem.loss == "categorical":
        rows = np.moveaxis(labels, problem.class_axis, -1) * (1 - e) + e / problem.num_classes
        weights = np.abs(rows * _or_1(problem.class_weight)).sum(axis=-1)
    elif problem.class_weight is None:
        weights = np.ones(problem.samples_shape)
    else:
        by_class = np.abs(problem.class_weight.astype(np.float64))
        inside = np.clip(problem.labels, 0, problem.num_classes - 1)
        weights = by_class[inside] * (1 - e) + e * by_class.mean()
    with np.errstate(over="ignore", invalid="ignore"):
        made = weights * np.abs(_or_1(problem.sample_weight)) * np.abs(_or_1(problem.cotangent))
    return np.where(np.isnan(made), 0.0, made)  # a weight of 0 beside infinite ones


def _or_1(weight: npt.NDArray[np.generic] | None) -> Float64s:
    return np.ones(()) if weight is None else weight.astype(np.float64)


def _label(problem: Problem) -> npt.NDArray[np.int64]:
    """The class of each label's largest mass."""
    labels = problem.labels
    if problem.loss == "categorical":
        labels = np.moveaxis(labels, problem.class_axis, -1).astype(np.float64).argmax(axis=-1)
    return np.asarray(labels, dtype=np.int64)
