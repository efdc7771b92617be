"""Common offset: losses that are a rounded log-sum-exp less the label's logit.

The rounding is that of the log-sum-exp, which is as large as the logits are: the loss keeps the
digits above its spacing alone. Which of the nearest few numbers it is depends on how a framework
adds up; that it is one of them does not.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s, rounded, spacing

from .evidence import Evidence
from .log_probabilities import log_sum_exp, scores_of

_NEAR = 3.0  # spacings of the log-sum-exp by which it may be off


def keeps_its_spacing(evidence: Evidence, lost: npt.NDArray[np.bool_]) -> float | None:
    """The probability by chance that every loss which differs from the truth, with the label's
    logit added, is a number of the log-sum-exp's spacing, next to the exact one; None where one is
    not, or where there is no such formula. lost: losses that have their reason already. Flat."""
    m, values = evidence.truth.meaning, evidence.observed.values
    usual = m.activation == "softmax" and m.labels is not None and not m.smoothing
    if evidence.observed.reduction is not None or not usual or not evidence.fits(evidence.truth):
        return None
    assert m.labels is not None
    at = np.clip(m.labels, 0, m.scores.shape[1] - 1)
    x = rounded(scores_of(m), m.dtype).astype(np.float64)[np.arange(len(at)), at]
    outer = np.ones(len(at)) if m.sample_weight is None else m.sample_weight
    inner = np.ones(len(at)) if m.class_weight is None else m.class_weight[at]
    with np.errstate(all="ignore"):
        sums = log_sum_exp(m)
        more = m.z_loss * sums**2

        def alone(losses: Float64s) -> Float64s:
            return np.asarray((losses / outer - more) / inner)

        plain, exact = alone(values), alone(evidence.truth.numbers)
        grid, own = spacing(sums, m.dtype), spacing(values, m.dtype) / np.abs(outer * inner)
        slack = np.where((outer == 1) & (inner == 1) & (more == 0), 0.0, 2 * own)
        slack = slack + evidence.observed.units / np.abs(outer * inner)
        off = np.abs(plain + x - np.round((plain + x) / grid) * grid)
        holds = (off <= slack) & (np.abs(plain - exact) <= _NEAR * grid)
        on_grid = np.minimum(2 * (own + slack) / grid, 1.0)
        close = np.minimum(_NEAR * grid / np.abs(exact), 1.0)
    differing = evidence.differing & ~lost
    if not differing.any() or not holds[differing].all():
        return None
    return float(np.prod((on_grid * close)[differing]))
