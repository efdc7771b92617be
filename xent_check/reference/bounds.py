"""Bounds: how wrong a correct implementation may be. What exceeds them is a defect.

A priori, first order, in units of u (half the spacing of the dtype at 1). With a = max x,
g = a - x_t, L = log(sum exp(x - a)), p = softmax(x), H = sum p (a - x), l = g + L, the
log-softmax form log(sum exp(x - a)) - (x_t - a) is within

    u [ g + H + ke + h(n) + kl L + 2 l ]

of the exact loss: the gap's own rounding, what the shifts x - a lose inside the exps, the exps,
their summation, the log, and storing the log-softmax and the loss. An implementation that
subtracts the label's logit from the log-sum-exp errs by u abs(a + L) instead, which grows with an
offset common to all logits: it is meant to exceed the bound. So is a clip, where it changes
anything. The log of a softmax that was rounded is within it: that loses a few u absolutely, as
this form does, a third of the bound on ordinary logits. What exceeds it there is an exp that
overflowed, or a probability that became 0 or subnormal; and the log of 1 - p, p a rounded sigmoid,
from a logit of about 2 on.

Source: Blanchard, Higham and Higham, IMA J. Numer. Anal. 41(4), 2021, theorems 3.2 to 4.4, for
the parts; the sum of them, and the gradient's, were derived for this tool and validated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xent_check.problem.dtypes import Float64s, unit_roundoff
from xent_check.problem.options import refuse_unknown
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Reduction

from .bounds_binary import binary_parts
from .bounds_classes import class_parts
from .bounds_totals import total_bound
from .reference import Reference
from .rounding import FLUSHED, capped

# The options that it gives a meaning to; another one is refused.
KNOWN = frozenset({
    "class_axis", "normalize", "ignore_index", "label_smoothing", "class_weight", "pos_weight",
    "sample_weight", "reduction", "check", "cotangent",
})  # fmt: skip


@dataclass(frozen=True, eq=False)
class Bounds:
    """What rounding can explain. losses, gradient: elementwise; totals: one number each.

    terms: the parts of the losses' bound in units of `u`, by name. in_float32: of what computes
    numbers of 16 bits in float32.
    """

    losses: Float64s
    totals: dict[Reduction, float]
    gradient: Float64s | None
    terms: dict[str, Float64s]
    u: float
    in_float32: bool = False


def bounds(problem: Problem, reference: Reference) -> Bounds:
    """The bounds of every loss, total and gradient entry of a problem: finite, and 0 or more."""
    refuse_unknown(problem, KNOWN, "the bound")
    u, floor = unit_roundoff(problem.dtype), FLUSHED[problem.dtype]
    of = binary_parts if problem.loss == "binary" else class_parts
    made = of(problem, u, floor)
    stored = np.abs(np.where(np.isfinite(reference.losses.high), reference.losses.high, 0.0))
    parts = made.terms | {"store": 2 * (u * stored)}
    parts = {name: np.where(problem.kept, part, 0.0) for name, part in parts.items()}
    gradient = None
    with np.errstate(over="ignore"):  # where weights overflow, capped is what is left to say
        whole = sum(parts.values(), np.zeros(problem.samples_shape))
        losses = capped(whole + floor + np.where(problem.kept, made.flushed, 0.0))
        terms = {name: capped(part / u) for name, part in parts.items()}
        if made.gradient is not None and made.gradient_flushed is not None:
            gradient = capped(made.gradient + floor + made.gradient_flushed)
    totals = {r: total_bound(problem, reference, losses, r) for r in reference.totals}
    return Bounds(losses, totals, gradient, terms, u)
