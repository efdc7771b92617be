"""Worked steps: one sample's cross-entropy, computed step by step as one would by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s, numpy_dtype

from .log_probabilities import clipped, minus_log_binary, minus_log_classes
from .losses import sample_losses, targets_of, terms_of
from .meaning import Meaning


@dataclass(frozen=True)
class WorkedStep:
    """An intermediate result of one sample's cross-entropy."""

    name: str  # what it is, such as "-log p"
    formula: str  # in plain text; "" where the name says it
    values: tuple[float, ...]  # one per class, or one

    def same_as(self, step: WorkedStep) -> bool:
        """Whether the values agree up to float64's rounding."""
        if len(self.values) != len(step.values):
            return False
        near = np.isclose(self.values, step.values, rtol=1e-9, atol=0.0, equal_nan=True)
        return bool(near.all())


def steps(meaning: Meaning, sample: int) -> tuple[WorkedStep, ...]:
    """The steps from the scores to the loss of one sample, given by its flat index."""
    with np.errstate(all="ignore"):
        steps = _probabilities(meaning, sample)
        targets = targets_of(meaning)[sample]
        if meaning.binary:
            steps += _binary_tail(meaning, sample, targets)
        else:
            minus_log = minus_log_classes(meaning)[sample]
            minus_log = minus_log if meaning.take_log else -np.exp(-minus_log)
            steps += [
                _step("-log p" if meaning.take_log else "-p", "", minus_log),
                _step("targets", "one-hot labels, smoothed and weighted where asked", targets),
                _step("terms", "targets x -log p", terms_of(meaning)[sample]),
            ]
        if meaning.sample_weight is not None:
            steps.append(_step("sample weight", "", meaning.sample_weight[sample]))
        steps.append(_step("loss", "the sum of the terms", sample_losses(meaning)[sample]))
    return tuple(steps)


def _step(name: str, formula: str, values: npt.ArrayLike) -> WorkedStep:
    flat = np.asarray(values, dtype=np.float64).reshape(-1)
    return WorkedStep(name, formula, tuple(float(v) + 0.0 for v in flat))  # 0 for -0


def _terms(meaning: Meaning, targets: Float64s, logs: Float64s) -> Float64s:
    dropped = (targets == 0) & np.isinf(logs) & (not meaning.zero_times_inf)
    return np.where(dropped, 0.0, targets * logs)


def _probabilities(m: Meaning, sample: int) -> list[WorkedStep]:
    """The scores, the activation, and the changes to the probabilities."""
    dtype = np.dtype(np.float64) if m.formula == "exact" else numpy_dtype(m.dtype)
    x = m.scores[sample].astype(dtype)
    if m.activation == "none":
        if m.is_log:
            return [_step("log p", "as given", x)]
        steps, p = [_step("p", "as given", x)], x
    else:
        steps, p = [_step("x", "the logits, as given", x)], x
        for time in range(m.activated):
            activation, p = _activation(m, p, " again" if time else "")
            steps += activation
    return [*steps, *_changed(m, p)]


def _changed(m: Meaning, p: Float64s) -> Iterator[WorkedStep]:
    """The changes to the probabilities before their log, in the meaning's order."""
    first = m.clip and not m.clip_after
    for change in ("clip", "divide") if first else ("divide", "clip"):
        if change == "clip" and m.clip:
            p = clipped(m, p)
            high = "1" if m.clip_low_only else f"1 - {m.clip:g}"
            yield _step("p clipped", f"to [{m.clip:g}, {high}]", p)
        elif change == "divide" and m.renormalise and not m.binary:
            p = p / p.sum()
            yield _step("p / sum p", "divided by their sum", p)


def _activation(m: Meaning, x: Float64s, again: str) -> tuple[list[WorkedStep], Float64s]:
    """The steps from the scores x to probabilities, and those. again: ends the steps' names."""
    if m.activation == "sigmoid":
        p = x.dtype.type(1) / (x.dtype.type(1) + np.exp(-x))
        return [_step(f"p{again}", "1 / (1 + exp(-x))", p)], p
    steps = []
    if m.formula != "unshifted":
        x = x - x.max()
        steps.append(_step(f"x - max{again}", "x - max(x)", x))
    exps = np.exp(x)
    total = exps.sum()
    p = exps / total
    steps += [
        _step(f"exp{again}", "exp(x - max(x))" if steps else "exp(x)", exps),
        _step(f"sum{again}", "the sum of the exps", total),
        _step(f"p{again}", "exp / sum: the softmax", p),
    ]
    return steps, p


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
