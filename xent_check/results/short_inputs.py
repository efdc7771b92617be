"""Short inputs: logits that were pasted with fewer digits than the numbers were computed from."""

from __future__ import annotations

import numpy as np

from xent_check.casefile.case import Case
from xent_check.casefile.expectations import printed_numbers
from xent_check.diagnosis.diagnosis import Observed
from xent_check.problem.distance import distance
from xent_check.problem.dtypes import Float64s
from xent_check.problem.problem import Problem

_MOST = 1e-3  # a logit of 0.1 is one that somebody wrote, and not one that was printed
# Those beside which a loss moves by a unit at most where every logit moves by half of one: the
# derivatives by the logits, p - t, add up to 2 at most.
_PLAIN = frozenset({"ignore_index", "class_axis", "label_smoothing", "reduction", "check"})


def moved_by_short_logits(
    case: Case, problem: Problem, observed: Observed, target: Float64s
) -> float | None:
    """The unit of the last digit to which the logits are printed, where all observed numbers are as
    near to the exact ones of these as longer logits may lie; None where they are not, or where the
    logits are none of a print."""
    stated = case.source.get("logits")
    whole = observed.reduction in (None, "mean") and observed.values.shape == target.shape
    if problem.options - _PLAIN or not isinstance(stated, list) or not whole:
        return None
    units = printed_numbers(stated).units
    if not units.size or not 0 < units.min() <= units.max() <= _MOST:
        return None
    off, unit = distance(observed.values, target), float(units.max())
    near = bool((off <= unit + observed.units + 1e-6 * np.abs(target)).all())
    return unit if near else None
