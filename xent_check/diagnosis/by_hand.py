"""Steps: one sample's cross-entropy worked out by hand, number by number."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s, numpy_dtype

from .log_probabilities import minus_log_binary, minus_log_classes
from .losses import sample_losses, targets_of
from .meaning import Meaning


@dataclass(frozen=True)
class WorkedStep:
    """A named intermediate: its formula in plain text and its numbers, one per class or one."""

    name: str
    formula: str
    values: tuple[float, ...]

    def same_as(self, other: WorkedStep) -> bool:
        """Whether two workings agree here, to float64's own rounding."""
        if len(self.values) != len(other.values):
            return False
        pairs = zip(self.values, other.values, strict=True)
        return all(a == b or _both_nan(a, b) or math.isclose(a, b, rel_tol=1e-9) for a, b in pairs)


def _both_nan(a: float, b: float) -> bool:
    return math.isnan(a) and math.isnan(b)


def steps(meaning: Meaning, sample: int) -> tuple[WorkedStep, ...]:
    """From the scores to the loss of one sample (its flat index)."""
    with np.errstate(all="ignore"):
        worked = _probabilities(meaning, sample)
        targets = targets_of(meaning)[sample]
        if meaning.binary:
            worked += _binary_tail(meaning, sample, targets)
        else:
            minus_log = minus_log_classes(meaning)[sample]
            minus_log = minus_log if meaning.take_log else -np.exp(-minus_log)
            terms = _terms(meaning, targets, minus_log)
            worked += [
                _step("-log p" if meaning.take_log else "-p", "", minus_log),
                _step("targets", "one-hot labels, smoothed and weighted where asked", targets),
                _step("terms", "targets x -log p", terms),
            ]
        if meaning.sample_weight is not None:
            worked.append(_step("sample weight", "", meaning.sample_weight[sample]))
        worked.append(_step("loss", "the sum of the terms", sample_losses(meaning)[sample]))
    return tuple(worked)


def _step(name: str, formula: str, values: npt.ArrayLike) -> WorkedStep:
    flat = np.asarray(values, dtype=np.float64).reshape(-1)
    return WorkedStep(name, formula, tuple(float(v) for v in flat))


def _terms(meaning: Meaning, targets: Float64s, logs: Float64s) -> Float64s:
    dropped = (targets == 0) & np.isinf(logs) & (not meaning.zero_times_inf)
    return np.where(dropped, 0.0, targets * logs)


def _probabilities(m: Meaning, sample: int) -> list[WorkedStep]:
    """Scores, the activation, and whatever is done to the probabilities."""
    dtype = np.dtype(np.float64) if m.formula == "exact" else numpy_dtype(m.dtype)
    x = m.scores[sample].astype(dtype)
    if m.activation == "none":
        if m.is_log:
            return [_step("log p", "as given", x)]
        worked, p = [_step("p", "as given", x)], x
    else:
        worked, p = [_step("x", "the logits, as given", x)], x
        for time in range(m.activated):
            more, p = _activated(m, p, " again" if time else "")
            worked += more
    if m.renormalise and not m.binary:
        plain = replace(m, clip=0.0, log_epsilon=0.0, log_clamp=-math.inf, take_log=True)
        shares = np.exp(-minus_log_classes(plain)[sample])
        worked.append(_step("p / sum p", "divided by their sum", shares))
    if m.clip:
        after = _clipped_shares(m, sample)
        high = "1" if m.clip_low_only else f"1 - {m.clip:g}"
        worked.append(_step("p clipped", f"to [{m.clip:g}, {high}]", after))
    return worked


def _clipped_shares(m: Meaning, sample: int) -> Float64s:
    """The probabilities whose log is taken."""
    bare = replace(m, log_epsilon=0.0, log_clamp=-math.inf, take_log=True)
    logs = minus_log_binary(bare)[0] if m.binary else minus_log_classes(bare)
    return np.asarray(np.exp(-logs[sample]))


def _activated(m: Meaning, x: Float64s, again: str) -> tuple[list[WorkedStep], Float64s]:
    if m.activation == "sigmoid":
        p = x.dtype.type(1) / (x.dtype.type(1) + np.exp(-x))
        return [_step(f"p{again}", "1 / (1 + exp(-x))", p)], p
    worked = []
    if m.formula != "unshifted":
        x = x - x.max()
        worked.append(_step(f"x - max{again}", "x - max(x)", x))
    exps = np.exp(x)
    total = exps.sum()
    p = exps / total
    worked += [
        _step(f"exp{again}", "exp(x - max(x))" if worked else "exp(x)", exps),
        _step(f"sum{again}", "the sum of the exps", total),
        _step(f"p{again}", "exp / sum: the softmax", p),
    ]
    return worked, p


def _binary_tail(m: Meaning, sample: int, target: Float64s) -> list[WorkedStep]:
    logs = minus_log_binary(m)
    first, second = logs[0][sample], logs[1][sample]
    positive = target if m.pos_weight is None else target * m.pos_weight[sample]
    terms = [*_terms(m, positive, first), *_terms(m, 1 - target, second)]
    return [
        _step("-log p", "", first),
        _step("-log(1 - p)", "", second),
        _step("target", "t, smoothed where asked", target),
        _step("terms", "t x -log p, and (1 - t) x -log(1 - p)", terms),
    ]
