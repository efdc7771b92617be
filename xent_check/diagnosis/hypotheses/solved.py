"""Solved hypotheses: an option that the case does not have, or has with another value, which is
found from the numbers.

Each is a family of meanings, one for every value. Of a total alone only the values that people
write are tried, as any other hypothesis is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from xent_check.problem.dtypes import Float64s

from ..meaning import Meaning
from .memory import OF_MEMORY
from .rarer import RARER
from .scores import Parameters, Variation, Variations
from .table import HYPOTHESES, Hypothesis

Changed = Callable[[Meaning, Float64s], Meaning | None]


@dataclass(frozen=True)
class Family:
    """The meanings that one option makes of another meaning, by its value."""

    hypothesis: Hypothesis
    """its id and sentence; its changes are those by the values that people write"""
    parameter: str
    """the name of the value in the hypothesis's parameters"""
    least: float
    """the least value; where the losses are not linear in it, the search starts here"""
    most: float
    """the largest value"""
    linear: bool
    """whether every loss is linear in the value"""
    changed: Changed
    """(meaning, the value: 0 axes, or [samples, 1] where it is not linear) -> the meaning with
    it; None where the option has no meaning there"""
    also: Parameters
    """further parameters of the hypothesis, which are not solved"""


def _written(
    changed: Changed, parameter: str, values: tuple[float, ...], also: Parameters
) -> Variations:
    def changes(m: Meaning) -> Iterator[Variation]:
        for value in values:
            if (meaning := changed(m, np.asarray(value))) is not None:
                yield meaning, {parameter: value, **also}

    return changes


def _from_logits(m: Meaning) -> bool:
    """Whether probabilities come of the scores by one activation."""
    return m.activation != "none" and m.activated == 1 and m.formula == "exact"


def _smoothing(m: Meaning, epsilon: Float64s) -> Meaning | None:
    if m.targets is None and m.scores.shape[1] < 2:
        return None
    return replace(m, smoothing=float(epsilon))


def _pos_weight(m: Meaning, weight: Float64s) -> Meaning | None:
    if not m.binary:
        return None
    return replace(m, pos_weight=np.full(m.scores.shape, float(weight)))


def _temperature(m: Meaning, temperature: Float64s) -> Meaning | None:
    return replace(m, logit_scale=_number(1 / temperature)) if _from_logits(m) else None


def _softcap(m: Meaning, cap: Float64s) -> Meaning | None:
    return replace(m, softcap=_number(cap)) if _from_logits(m) else None


def _number(value: Float64s) -> float | Float64s:
    return float(value) if value.ndim == 0 else value


def _z_loss(m: Meaning, factor: Float64s) -> Meaning | None:
    if m.binary or m.activation != "softmax" or not _from_logits(m):
        return None
    return replace(m, z_loss=float(factor))


def _focal(alpha: float | None) -> Changed:
    """alpha: a factor of every loss; for binary, of the terms of t, and 1 - alpha of the others."""

    def changed(m: Meaning, gamma: Float64s) -> Meaning | None:
        if not m.take_log or m.focal_gamma is not None:
            return None
        if alpha is not None and m.binary:
            return replace(m, focal_gamma=gamma, focal_alpha=alpha)
        return replace(m, focal_gamma=gamma, scale=m.scale * (1.0 if alpha is None else alpha))

    return changed


def _scaled(m: Meaning, factor: Float64s) -> Meaning | None:
    return replace(m, scale=m.scale * float(factor)) if not m.exponentiate else None


def _family(
    name: str,
    sentence: str,
    parameter: str,
    changed: Changed,
    between: tuple[float, float],
    written: tuple[float, ...],
    linear: bool = False,
    also: Mapping[str, float] | None = None,
) -> Family:
    fixed = dict(also or {})
    by_hand = Hypothesis(name, "losses", sentence, _written(changed, parameter, written, fixed))
    return Family(by_hand, parameter, *between, linear, changed, fixed)


_GAMMAS = (2.0, 1.0, 0.5, 3.0, 5.0, 1.5)
_POWERS_OF_2 = tuple(2.0**k for k in (-1, 1, -2, 2, -3, 3, -4, 4, -5, 5, -6, 6, -7, 7, -8, 8))
_FOCAL = "a focal loss: each term times (1 - p) ** {gamma:.6g}"
FAMILIES: tuple[Family, ...] = (
    _family("scaled", "every loss is multiplied by {factor:.6g}", "factor", _scaled,
            (1e-9, 1e9), (*_POWERS_OF_2, 10.0, 0.1, 100.0, 0.01, 1000.0, 0.001), linear=True),
    _family("smoothing-added", "label smoothing of {epsilon:.6g} is used", "epsilon", _smoothing,
            (1e-9, 1 - 1e-9), (0.1, 0.2, 0.05, 0.01, 0.3, 0.15, 0.25, 0.5, 0.02), linear=True),
    _family("pos-weight-added", "a pos_weight of {pos_weight:.6g} is used", "pos_weight",
            _pos_weight, (0.0, 1e9), (2.0, 3.0, 5.0, 10.0, 0.5, 4.0, 1.5, 100.0), linear=True),
    _family("temperature", "the logits are divided by {temperature:.6g}", "temperature",
            _temperature, (1e-4, 1e4),
            (2.0, 0.5, 0.1, 0.07, 0.7, 0.8, 1.5, 5.0, 10.0, 4.0, 3.0, 0.05, 0.01)),
    _family("softcap-added", "the logits are capped: {softcap:.6g} tanh(logits / {softcap:.6g})",
            "softcap", _softcap, (1e-2, 1e5),
            (30.0, 50.0, 20.0, 15.0, 10.0, 5.0, 2.0, 1.0, 100.0, 3.0, 8.0, 25.0, 40.0)),
    _family("z-loss-added", "{z_loss:.6g} times the square of the log-sum-exp is added", "z_loss",
            _z_loss, (1e-12, 1e3), (1e-4, 1e-3, 1e-5, 1e-2, 2e-4), linear=True),
    _family("focal", _FOCAL, "gamma", _focal(None), (1e-2, 30.0), _GAMMAS),
    *(_family("focal", _FOCAL + ", with alpha {alpha:.6g}", "gamma", _focal(alpha), (1e-2, 30.0),
              _GAMMAS, also={"alpha": alpha}) for alpha in (0.25, 0.75, 0.5)),
)  # fmt: skip
CLASS_WEIGHT = Hypothesis(
    "class-weight-added", "losses", "class weights are used: {weights}", lambda m: iter(())
)
NUM_ITEMS = Hypothesis(
    "num-items",
    "total",
    "the sum is divided by {count:,}, not by the {declared}",
    lambda m: iter(()),
)
# Every hypothesis that a report or a `because` may name.
EVERY: tuple[Hypothesis, ...] = (
    *HYPOTHESES, *OF_MEMORY, *RARER, *(family.hypothesis for family in FAMILIES), CLASS_WEIGHT,
    NUM_ITEMS,
)  # fmt: skip
