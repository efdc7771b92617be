"""Worked steps: one sample's cross-entropy, computed step by step as one would by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s, numpy_dtype

from .log_probabilities import clipped, log_sum_exp, minus_log_binary, minus_log_classes, scores_of
from .losses import binary_terms, sample_losses, terms_of
from .meaning import Meaning
from .targets import targets_of


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
                _step("terms", f"targets x -log p{_focal(meaning)}", terms_of(meaning)[sample]),
            ]
        if meaning.z_loss:
            square = log_sum_exp(meaning)[sample] ** 2
            formula = f"{meaning.z_loss:g} x log-sum-exp(x) ** 2"
            steps.append(_step("z-loss", formula, meaning.z_loss * square))
        if meaning.sample_weight is not None:
            steps.append(_step("sample weight", "", meaning.sample_weight[sample]))
        steps.append(_step("loss", "the sum of the terms", sample_losses(meaning)[sample]))
    return tuple(steps)


def _step(name: str, formula: str, values: npt.ArrayLike) -> WorkedStep:
    flat = np.asarray(values, dtype=np.float64).reshape(-1)
    return WorkedStep(name, formula, tuple(float(v) + 0.0 for v in flat))  # 0 for -0


def _probabilities(m: Meaning, sample: int) -> list[WorkedStep]:
    """The scores, the activation, and the changes to the probabilities."""
    dtype = np.dtype(np.float64) if m.formula == "exact" else numpy_dtype(m.dtype)
    x = scores_of(m)[sample].astype(dtype)
    if m.activation == "none":
        if m.is_log:
            return [_step("log p", "as given", x)]
        steps, p = [_step("p", "as given", x)], x
    else:
        steps, p = [_step("x", "the logits, as given", m.scores[sample])], x
        if m.logit_scale != 1 or m.softcap is not None:
            steps.append(_step("x rescaled", _rescaling(m), x))
        for time in range(m.activated):
            activation, p = _activation(m, p, " again" if time else "")
            steps += activation
    return [*steps, *_changed(m, p)]


def _rescaling(m: Meaning) -> str:
    """How the logits become the scores, such as `30 tanh(0.5 x / 30)`."""
    x = "x" if m.logit_scale == 1 else f"{m.logit_scale:.6g} x"
    return x if m.softcap is None else f"{m.softcap:.6g} tanh({x} / {m.softcap:.6g})"


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
    if not m.formula.startswith("unshifted"):
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
    if m.formula == "unshifted, divided twice":
        p = p / p.sum()
        steps.append(_step("p / sum p", "divided by their sum", p))
    return steps, p


def _binary_tail(m: Meaning, sample: int, target: Float64s) -> list[WorkedStep]:
    logs, terms = minus_log_binary(m), binary_terms(m)
    return [
        _step("-log p", "", logs[0][sample]),
        _step("-log(1 - p)", "", logs[1][sample]),
        _step("target", "t, smoothed where asked", target),
        _step("terms", f"t x -log p{_focal(m)}, and (1 - t) x -log(1 - p)",
              [*terms[0][sample], *terms[1][sample]]),
    ]  # fmt: skip


def _focal(m: Meaning) -> str:
    """The factor of a term in a focal loss."""
    return "" if m.focal_gamma is None else f" x (1 - p) ** {m.focal_gamma:g}"
