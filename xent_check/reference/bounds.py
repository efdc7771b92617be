"""Bounds: how wrong a correct implementation may be. What exceeds them is a defect.

A priori, first order, in units of u (half the spacing of the dtype at 1). With a = max x,
g = a - x_t, L = log(sum exp(x - a)), p = softmax(x), H = sum p (a - x), l = g + L, the
log-softmax form log(sum exp(x - a)) - (x_t - a) is within

    u [ g + H + ke + h(n) + kl L + 2 l ]

of the exact loss. The terms are, in this order: the rounding of the gap g; the effect on the exps
of rounding the shifts x - a; the exps; their summation; the log; storing the log-softmax and the
loss. An implementation that subtracts the label's logit from the log-sum-exp errs by u abs(a + L)
instead, which grows with an offset common to all logits: it is meant to exceed the bound. So is a
clip that changes anything. The log of a rounded softmax is within the bound: like this form, it
loses a few u absolutely, a third of the bound on ordinary logits. It exceeds the bound where an
exp overflows or a probability becomes 0 or subnormal; the log of 1 - p, p a rounded sigmoid,
exceeds it from a logit of about 2 on.

Source of the terms: Blanchard, Higham and Higham, IMA J. Numer. Anal. 41(4), 2021, theorems 3.2 to
4.4. Their sum and the gradient's bound were derived for this tool and validated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from xent_check.problem.dtypes import Float64s, unit_roundoff
from xent_check.problem.options import refuse_unknown
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import PARAMETER_PARTS, DType, Parameter, Reduction

from .bounds_binary import binary_parts
from .bounds_classes import class_parts
from .bounds_layer import through_layer
from .bounds_totals import total_bound
from .reference import Reference
from .rounding import FLUSHED, Parts, capped

# The options that the bound gives a meaning to; `bounds` refuses any other.
KNOWN = frozenset({
    "class_axis", "normalize", "ignore_index", "label_smoothing", "class_weight", "pos_weight",
    "sample_weight", "reduction", "check", "cotangent", "logit_scale", "softcap", "z_loss",
    "num_items", "shift", "smoothing_formula", "layout", "weight", "bias",
})  # fmt: skip


@dataclass(frozen=True, eq=False)
class Bounds:
    """The largest differences from the exact values that rounding explains, as absolute errors."""

    losses: Float64s  # the samples' shape
    totals: dict[Reduction, float]  # by reduction
    gradient: Float64s | None  # the values' shape; None: not asked for
    terms: dict[str, Float64s]  # the terms of the losses' bound in units of u, by name
    u: float  # the unit roundoff of the problem's dtype
    in_float32: bool = False  # they are for 16-bit numbers computed in float32
    promise: DType | None = None  # the dtype in which a function promises to compute 16-bit numbers
    # By each parameter of the last layer, of its shape; empty where there is none, or not asked for
    by_parameters: Mapping[Parameter, Float64s] = field(default_factory=dict)

    @property
    def parts(self) -> dict[str, Float64s | float | None]:
        """The bound of each part of an answer, by its name."""
        parts: dict[str, Float64s | float | None] = {str(r): b for r, b in self.totals.items()}
        parts |= {"losses": self.losses, "gradient": self.gradient}
        return parts | {PARAMETER_PARTS[name]: b for name, b in self.by_parameters.items()}


def bounds(problem: Problem, reference: Reference, samples: int | None = None) -> Bounds:
    """The bounds of every loss, total and gradient entry of a problem: finite, and 0 or more.

    samples: how many there are in the whole problem, of which this is a part, without the terms of
    its bounds; None: these are all.
    NotImplementedError where the problem has an option that is not KNOWN.
    """
    problem = problem.aligned
    return bounds_of_parts(problem, reference, rounding_parts(problem), samples)


def rounding_parts(problem: Problem) -> Parts:
    """The parts of the bounds of a problem whose samples are aligned with its labels.
    NotImplementedError: as of `bounds`."""
    refuse_unknown(problem, KNOWN, "the bound")
    parts_of = binary_parts if problem.loss == "binary" else class_parts
    return parts_of(problem, unit_roundoff(problem.dtype), FLUSHED[problem.dtype])


def bounds_of_parts(
    problem: Problem, reference: Reference, parts: Parts, samples: int | None
) -> Bounds:
    """`bounds` from its `rounding_parts`."""
    u, floor = unit_roundoff(problem.dtype), FLUSHED[problem.dtype]
    exact = reference.losses.high
    finite = np.isfinite(exact)
    size = np.abs(exact if finite.all() else np.where(finite, exact, 0.0))
    errors = parts.terms | {"store": 2 * (u * size)}
    kept, flushed = problem.kept, parts.flushed
    if not kept.all():
        errors = {name: np.where(kept, error, 0.0) for name, error in errors.items()}
        flushed = np.where(kept, flushed, 0.0)
    gradient, by_parameters = None, dict[Parameter, Float64s]()
    with np.errstate(over="ignore"):  # where weights overflow, the largest float64 is the bound
        shape, parted = problem.samples_shape, samples is not None
        losses = np.zeros(shape)
        for error in errors.values():
            np.add(losses, error, out=losses)
        losses = capped(losses + floor + flushed)
        terms = {n: capped(np.broadcast_to(e / u, shape)) for n, e in errors.items() if not parted}
        if parts.gradient is not None and parts.gradient_flushed is not None:
            gradient = capped(parts.gradient + floor + parts.gradient_flushed)
        if gradient is not None and parts.sizes is not None:
            gradient, by_parameters = through_layer(problem, gradient, parts.sizes, samples)
    totals = {r: total_bound(problem, reference, losses, r) for r in reference.totals}
    return Bounds(losses, totals, gradient, terms, u, by_parameters=by_parameters)
