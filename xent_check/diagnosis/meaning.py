"""Meaning: a cross-entropy as the record of its choices, each of which could be different."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s
from xent_check.problem.vocabulary import AnyLayout, DType

from .normalisers import Normaliser
from .sigmoids import SigmoidLogs

Activation = Literal["softmax", "sigmoid", "none"]
Divisor = Literal[
    "kept", "counted", "all", "weights", "one", "classes", "samples x classes", "mean of means",
    "items", "all weights", "inverse weights", "sum of means", "nothing is 0", "zero",
    "nothing is inf", "nothing is -inf",
]  # fmt: skip
Outside = Literal["nan", "wrap", "clamp", "zero", "empty"]
Formula = Literal[
    "exact", "log of probability", "log-sum-exp minus logit", "unshifted",
    "unshifted, divided twice",
]  # fmt: skip
SmoothingOver = Literal["all", "others", "kept mass"]


@dataclass(frozen=True, eq=False)
class Meaning:
    """Every choice that a cross-entropy makes, and its inputs."""

    scores: Float64s  # [samples, classes]; one class for binary
    # Class indices, flat, each where the scores are that it meets; None for soft labels and binary.
    labels: npt.NDArray[np.int64] | None
    targets: Float64s | None  # soft and binary labels, of the scores' shape
    shape: tuple[int, ...]  # the samples'
    binary: bool  # whether the loss is binary
    dtype: DType  # of the problem
    # what the scores are, and how they become probabilities
    activation: Activation
    # Logits are multiplied by logit_scale, and capped to softcap tanh(x / softcap): numbers, or one
    # per sample of shape [samples, 1].
    logit_scale: float | Float64s = 1.0
    softcap: float | Float64s | None = None
    activated: int = 1  # how often the activation is applied
    bias: Float64s | None = None  # [classes] what was added to the scores; None: nothing
    class_axis: int = -1  # where the classes stood in the array that the scores come from
    layout: AnyLayout | None = None  # the memory of the scores and labels that were given
    is_log: bool = False  # scores are log-probabilities
    renormalise: bool = False  # probabilities are divided by their sum
    clip: float = 0.0  # probabilities are clipped to [clip, 1 - clip]; 0: not at all
    clip_after: bool = True  # after the renormalisation
    clip_low_only: bool = False  # to at least `clip`
    clip_dtype: DType = "float32"  # that of the ends of the range
    log_epsilon: float = 0.0  # log(p + log_epsilon)
    log_clamp: float = -math.inf  # the least value of a log
    take_log: bool = True  # False: p stands for log p
    formula: Formula = "exact"  # how -log p is computed
    # how the maximum and the sum of exps are computed where a kernel has a bug; None: rightly
    normaliser: Normaliser | None = None
    # how -log p and -log(1 - p) of a binary loss are, where a kernel has a bug; None: rightly
    sigmoid_logs: SigmoidLogs | None = None
    zero_times_inf: bool = False  # 0 times inf is nan: no term is dropped
    weight_times_inf: bool = False  # so is a label's weight of 0 times inf
    zero_times_nan: bool = True  # 0 times nan is nan; False: a target of 0 leaves its term out
    stored_in: DType | None = None  # the losses' dtype, where they are rounded
    # the labels
    outside: Outside = "nan"  # of a label outside the classes; empty: smoothing goes on top of it
    ignore_index: int | None = None  # the label whose samples do not count; None: all count
    shift: int = 0  # each label stood so many places further on along the last axis
    stated: npt.NDArray[np.int64] | None = None  # the labels where they stood; None: in `labels`
    unmet: npt.NDArray[np.bool_] | None = None  # flat: the scores meet no label, and never count
    smoothing: float = 0.0  # the share of every target that the classes share
    smoothing_over: SmoothingOver = "all"  # the classes that share the smoothing
    shares: Float64s | None = None  # [classes] what smoothing adds to each; None: by the above
    of_ignored: Float64s | None = None  # flat: the losses of samples that are ignored; None: 0
    lost: npt.NDArray[np.bool_] | None = None  # flat: the label meets no class, and the loss is inf
    # weights and the total
    class_weight: Float64s | None = None  # [classes]
    class_weight_inside: bool = True  # inside the sum over classes; False: the label's, outside
    class_weight_of_largest: bool = False  # outside, of a soft label that of its largest class
    smoothing_weighted: bool = True  # class weights multiply the smoothed part of targets too
    pos_weight: Float64s | None = None  # of the scores' shape
    sample_weight: Float64s | None = None  # flat
    # each term is multiplied by (1 - p) ** this, as in a focal loss: a number, or one per sample of
    # shape [samples, 1]; None: it is not
    focal_gamma: float | Float64s | None = None
    focal_alpha: float | None = None  # binary focal loss: terms of t times it, others times 1 - it
    entropy_subtracted: bool = False  # t log t is added to every term: the KL divergence
    z_loss: float = 0.0  # this times the square of the log-sum-exp of the scores is added
    scale: float = 1.0  # 1 / log 2 for bits, -1 for the other sign
    exponentiate: bool = False  # perplexity
    chunks_added: int | None = None  # losses so far apart are added up; None: they are not
    chunk: int | None = None  # the samples of a mean among "means"; None: the last axis
    last_axis: Literal["mean", "sum"] | None = None  # the losses are reduced over it first
    divisor: Divisor = "kept"  # of the total
    items: float = 0.0  # the divisor where it is "items"
    accumulated_in: DType | None = None  # the dtype in which the total is added up

    @property
    def outside_labels(self) -> npt.NDArray[np.bool_]:
        """Whether each label is no class and not ignored. Flat."""
        if self.labels is None:
            return np.zeros(len(self.scores), dtype=np.bool_)
        bad = (self.labels < 0) | (self.labels >= self.scores.shape[1])
        return np.asarray(bad & self.kept)

    @property
    def kept(self) -> npt.NDArray[np.bool_]:
        """Whether each sample counts: it meets a label that is not ignored. Flat."""
        met = np.ones(len(self.scores), dtype=np.bool_) if self.unmet is None else ~self.unmet
        if self.labels is None or self.ignore_index is None:
            return met
        return np.asarray((self.labels != self.ignore_index) & met)

    @property
    def classes(self) -> int:
        """The number of classes; for binary, the size of the last axis (1 where there is one)."""
        if self.binary and self.scores.shape[1] == 1:
            return self.shape[-1] if len(self.shape) > 1 else 1
        return int(self.scores.shape[1])

    @property
    def losses_shape(self) -> tuple[int, ...]:
        """The shape of the losses."""
        return self.shape if self.last_axis is None else self.shape[:-1]
