"""Choices: a cross-entropy as a record of everything it could have been otherwise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s
from xent_check.problem.vocabulary import DType

Activation = Literal["softmax", "sigmoid", "none"]
Divisor = Literal[
    "kept", "counted", "all", "weights", "one", "classes", "samples x classes", "mean of means"
]
Outside = Literal["nan", "wrap", "clamp", "zero"]
Formula = Literal["exact", "log of probability", "log-sum-exp minus logit", "unshifted"]
SmoothingOver = Literal["all", "others", "kept mass"]


@dataclass(frozen=True, eq=False)
class Meaning:
    """Every choice that a cross-entropy makes.

    scores: samples x classes (classes: 1 for binary). targets: the same shape for soft labels;
    labels: class indices, None for soft ones and binary. shape: the samples'.
    """

    scores: Float64s
    labels: npt.NDArray[np.int64] | None
    targets: Float64s | None
    shape: tuple[int, ...]
    binary: bool
    dtype: DType
    # what the scores are, and how probabilities come of them
    activation: Activation
    activated: int = 1  # how often the activation is applied
    class_axis: int = -1  # where the classes stood in the array that the scores come from
    is_log: bool = False  # scores are log-probabilities
    renormalise: bool = False
    clip: float = 0.0
    clip_after: bool = True  # after the renormalisation
    clip_low_only: bool = False
    clip_dtype: DType = "float32"
    log_epsilon: float = 0.0
    log_clamp: float = -math.inf
    take_log: bool = True
    formula: Formula = "exact"
    zero_times_inf: bool = False  # 0 times inf is nan: no term is dropped
    stored_in: DType | None = None  # the losses
    # the labels
    outside: Outside = "nan"
    ignore_index: int | None = None
    smoothing: float = 0.0
    smoothing_over: SmoothingOver = "all"
    # weights and the total
    class_weight: Float64s | None = None
    class_weight_inside: bool = True
    smoothing_weighted: bool = True
    pos_weight: Float64s | None = None
    sample_weight: Float64s | None = None
    scale: float = 1.0  # 1 / log 2 for bits, -1 for the other sign
    exponentiate: bool = False
    last_axis: Literal["mean", "sum"] | None = None  # the losses are reduced over it first
    divisor: Divisor = "kept"
    accumulated_in: DType | None = None

    @property
    def outside_labels(self) -> npt.NDArray[np.bool_]:
        """Which labels are no class, and not ignored either."""
        if self.labels is None:
            return np.zeros(len(self.scores), dtype=np.bool_)
        bad = (self.labels < 0) | (self.labels >= self.scores.shape[1])
        return np.asarray(bad & self.kept)

    @property
    def kept(self) -> npt.NDArray[np.bool_]:
        """Which samples count."""
        if self.labels is None or self.ignore_index is None:
            return np.ones(len(self.scores), dtype=np.bool_)
        return np.asarray(self.labels != self.ignore_index)

    @property
    def classes(self) -> int:
        """The classes; for binary, what stands on the last axis."""
        if self.binary and self.scores.shape[1] == 1:
            return self.shape[-1] if len(self.shape) > 1 else 1
        return int(self.scores.shape[1])

    @property
    def losses_shape(self) -> tuple[int, ...]:
        """The shape of the losses."""
        return self.shape if self.last_axis is None else self.shape[:-1]
