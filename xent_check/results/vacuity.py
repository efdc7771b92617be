"""Vacuity: the wrong answers that a tolerance would accept.

    losses     0, and with it twice the size, where abs(loss) is allowed; another label's loss
    totals     0 and twice the size likewise; the total of other labels, were all its losses off
               in one direction to those of their nearest other label
    gradient   for a sample: zeros, and twice the size, where all its entries are allowed; zeros
               but at the label, the class of the largest mass, where all the others are

A gradient that is itself near 0, as p - t is where p is near the label, is not judged: entries
that sum to less than an eighth of the sample's weight are left out. Another label's gradient needs
no line of its own: it changes the label's entry by more than the entry's size, so a tolerance that
accepts it accepts 0 there. Gradients through a last layer are zeros for a sample's hidden, or for
all of the weight or of the bias, which are judged where they sum to an eighth of the samples'
weights times the size of the layer's other factor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xent_check.problem.chunks import NUMBERS
from xent_check.problem.dtypes import Float64s
from xent_check.problem.kept import Kept
from xent_check.problem.last_layer import layer_of
from xent_check.problem.options import refuse_unknown
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import REDUCTIONS, Reduction
from xent_check.reference.reference import Reference

from .difference import Difference
from .other_labels import other_label_distances

Bools = npt.NDArray[np.bool_]
LOSS, OTHER_LOSS = "a loss of 0 or of twice its size", "the loss of another label"
GRADIENT, ELSEWHERE = "a gradient of 0 or of twice its size", "a gradient of 0 but at the label"
_SHARE = 1 / 8  # of a sample's weight: a gradient that sums to less is not judged
# The options whose meaning is implemented here; others are refused.
KNOWN = frozenset({
    "class_axis", "normalize", "ignore_index", "label_smoothing", "class_weight", "pos_weight",
    "sample_weight", "reduction", "check", "cotangent", "logit_scale", "softcap", "z_loss",
    "num_items", "shift", "smoothing_formula", "layout", "weight", "bias",
})  # fmt: skip


@dataclass(frozen=True, eq=False)
class Vacuity:
    """The wrong answers that a tolerance would accept."""

    accepted: Mapping[str, Bools]
    """by wrong answer: for which samples; for a total, of shape ()"""

    def words(self) -> str | None:
        """What the tolerance would accept, in one sentence; None where that is nothing."""
        parts = [f"{answer}{_where(mask)}" for answer, mask in self.accepted.items() if mask.any()]
        return f"the tolerance would accept {', and '.join(parts)}" if parts else None


_KEPT: Kept[tuple[list[Float64s], Vacuity]] = Kept()


def _where(mask: Bools) -> str:
    if not mask.ndim:
        return ""
    first = [int(i) for i in np.unravel_index(int(mask.argmax()), mask.shape)]
    return f" for {int(mask.sum())} of {mask.size} (first: {first})"


def vacuity(
    problem: Problem,
    reference: Reference,
    parts: Mapping[str, Difference],
    gradient_of: Reduction | None = None,
) -> Vacuity:
    """The wrong losses, totals and gradients that the differences in `parts` allow.

    gradient_of: the total that the gradient is of; None for the sum of the losses.
    Losses of ignored samples, and targets that are 0 or not finite, are left out. Computed once for
    the implementations that are allowed the same.
    """
    arrays = [array for part in parts.values() for array in (part.target, part.allowed)]
    if sum(array.size for array in arrays) > NUMBERS:
        return _computed(problem, reference, parts, gradient_of)
    key = (gradient_of, *parts, *map(id, arrays))  # of arrays that are kept: no other has their id
    return _KEPT.get(
        problem, key, lambda: (arrays, _computed(problem, reference, parts, gradient_of))
    )[1]


def _computed(
    problem: Problem,
    reference: Reference,
    parts: Mapping[str, Difference],
    gradient_of: Reduction | None,
) -> Vacuity:
    problem = problem.aligned
    refuse_unknown(problem, KNOWN, "the note on what a tolerance accepts")
    losses, exact = parts.get("losses"), reference.losses.high
    distances = other_label_distances(problem)
    judged = np.asarray(np.isfinite(exact) & (exact != 0)) & problem.kept
    accepted: dict[str, Bools] = {}
    if losses is not None:
        judged = _is_judged(losses) & problem.kept
        accepted[LOSS] = judged & _near_zero(losses)
        accepted[OTHER_LOSS] = judged & (distances <= losses.allowed)
    with np.errstate(over="ignore"):  # what is beyond float64 is beyond any tolerance
        apart = float(distances[judged & np.isfinite(distances)].sum())
    present = [r for r in REDUCTIONS if r in parts]
    zero = [r for r in present if _is_judged(parts[r]) & _near_zero(parts[r])]
    other = [r for r in present if _other_total(parts[r], apart, reference.divisors[r])]
    for names, error in ((zero, "of 0 or of twice its size"), (other, "of other labels")):
        if names:
            totals = ", ".join(names).replace("_", " ")
            accepted[f"a total {error} ({totals})"] = np.asarray(True)
    divisor = 1.0 if gradient_of is None else abs(reference.divisors[gradient_of])
    if problem.given == "hidden":
        accepted |= _of_layer(problem, parts, divisor)
    elif "gradient" in parts:
        accepted |= _of_gradient(problem, parts["gradient"], divisor)
    return Vacuity(accepted)


def _is_judged(d: Difference) -> Bools:
    return np.asarray(np.isfinite(d.target) & (d.target != 0))


def _near_zero(d: Difference) -> Bools:
    return np.asarray(np.abs(d.target) <= d.allowed)


def _other_total(total: Difference, apart: float, divisor: float) -> bool:
    """Whether the total allows its losses to be off by `apart` in sum."""
    if apart == 0 or divisor == 0 or not _is_judged(total):
        return False
    return bool(apart / abs(divisor) <= total.allowed)


def _of_gradient(problem: Problem, gradient: Difference, divisor: float) -> dict[str, Bools]:
    near = _near_zero(gradient)
    sizes: Float64s = np.abs(gradient.target) * divisor
    least = _SHARE * _weights(problem)
    if problem.loss == "binary":
        return {GRADIENT: near & np.isfinite(sizes) & (sizes > 0) & (sizes >= least)}
    near = np.moveaxis(near, problem.class_axis, -1)
    sizes = np.moveaxis(sizes, problem.class_axis, -1)
    judged = problem.kept & np.isfinite(sizes).all(axis=-1)
    off_label = np.arange(problem.num_classes) != _label(problem)[..., None]

    def zeros(where: Bools) -> Bools:
        with np.errstate(over="ignore"):  # an infinite sum is large as well
            size = np.where(where, sizes, 0.0).sum(axis=-1)
        return np.asarray(judged & (near | ~where).all(axis=-1) & (size > 0) & (size >= least))

    zero = zeros(np.ones_like(off_label))
    return {GRADIENT: zero, ELSEWHERE: zeros(off_label) & ~zero}


def _of_layer(
    problem: Problem, parts: Mapping[str, Difference], divisor: float
) -> dict[str, Bools]:
    """The gradients through a last layer: zeros for what is hidden of a sample, or for all of a
    parameter. They are judged by what the sizes of the layer make of the samples' weights."""
    hidden, weight, _ = (np.abs(array) for array in layer_of(problem))
    of_samples = (_weights(problem) * problem.kept).reshape(-1)
    accepted: dict[str, Bools] = {}

    def zeros(of: Difference, least: Float64s, axis: int | None) -> Bools:
        sizes = np.abs(of.target) * divisor
        with np.errstate(over="ignore", invalid="ignore"):
            size = np.asarray(sizes.sum(axis=axis))
        near = np.asarray(_near_zero(of).all(axis=axis))
        return np.asarray(near & np.isfinite(size) & (size > 0) & (size >= least))

    with np.errstate(over="ignore"):
        least: dict[str, Float64s] = {
            "gradient": (of_samples * weight.sum(axis=1).mean()).reshape(problem.samples_shape),
            "weight_gradient": np.asarray((of_samples * hidden.sum(axis=1)).sum()),
            "bias_gradient": np.asarray(of_samples.sum()),
        }
    for name in least.keys() & parts.keys():
        words = GRADIENT.replace("gradient", name.replace("_", " "))
        axis = -1 if name == "gradient" else None
        accepted[words] = zeros(parts[name], _SHARE * least[name], axis)
    return dict(sorted(accepted.items()))


@np.errstate(over="ignore", invalid="ignore")
def _weights(problem: Problem) -> Float64s:
    """The factor of each sample's derivatives: the size of its cotangent, its weights and the scale
    of its logits."""
    e = float(problem.smoothing)
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
        weights = np.abs(by_class[inside] * (1 - e) + e * by_class.mean())
    product = weights * np.abs(_or_1(problem.sample_weight)) * np.abs(_or_1(problem.cotangent))
    product = product * problem.logit_scale
    return np.where(np.isnan(product), 0.0, product)  # 0 times an infinite weight


def _or_1(weight: npt.NDArray[np.generic] | None) -> Float64s:
    return np.ones(()) if weight is None else weight.astype(np.float64)


def _label(problem: Problem) -> npt.NDArray[np.int64]:
    """The class of each label's largest mass."""
    labels = problem.labels
    if problem.loss == "categorical":
        labels = np.moveaxis(labels, problem.class_axis, -1).astype(np.float64).argmax(axis=-1)
    return np.asarray(labels, dtype=np.int64)
