"""Problem: a case made exact. Arrays rounded to the dtype, no framework in it.

It travels to the workers, so it needs numpy alone; posing.py makes it from a case.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from .dtypes import rounded
from .options import CALLED, Options, samples_of
from .vocabulary import PARAMETERS, DType, Given, Loss, Parameter

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a loss is computed from."""

    loss: Loss  # which cross-entropy
    given: Given  # what the values are: logits, probs, log_probs or hidden
    # In `dtype`. Shape: the samples' with the class axis put in at `class_axis`; for binary, the
    # samples'; of hidden, the samples' with the features last.
    values: Array
    # sparse_categorical: int64 class indices of the samples' shape. Otherwise in `dtype` and of
    # the values' shape.
    labels: Array
    dtype: DType  # that the arrays were rounded to


@dataclass(frozen=True, eq=False)
class Problem(Options, Inputs):
    """What is to be computed: the inputs, then the options, in the order of their table.

    cotangent: the samples' shape; the gradient is that of sum(cotangent * losses).
    """

    def in_dtype(self, dtype: DType) -> Problem:
        """The same problem with its arrays rounded to another dtype; labels that are classes stay
        as they are."""
        sparse = self.loss == "sparse_categorical"
        narrower: dict[str, Any] = {
            f.name: rounded(array, dtype)
            for f in fields(self)
            if isinstance(array := getattr(self, f.name), np.ndarray)
            and not (sparse and f.name == "labels")
        }
        return replace(self, dtype=dtype, **narrower)

    @property
    def num_classes(self) -> int:
        """The size of the class axis (not for binary)."""
        if self.weight is not None:
            return int(self.weight.shape[0])
        return int(self.values.shape[self.class_axis])

    @property
    def samples_shape(self) -> tuple[int, ...]:
        """The shape of the losses."""
        return samples_of(self.values.shape, None if self.loss == "binary" else self.class_axis)

    @property
    def aligned(self) -> Problem:
        """The same problem without a `shift`: each label stands where the scores are that it meets,
        and an ignored one where they meet none. What the labels mean is asked of this one."""
        if self.shift is None:
            return self
        labels = np.full_like(self.labels, self.filler)
        if labels.ndim:
            labels[..., : -self.shift] = self.labels[..., self.shift :]
        return replace(self, labels=labels, ignore_index=self.filler, shift=None)

    @property
    def filler(self) -> int:
        """The ignored label of scores that meet none: the ignore_index, else one that no label
        is."""
        if self.ignore_index is not None:
            return self.ignore_index
        return next(index for index in count(-100, -1) if not (self.labels == index).any())

    @property
    def scores_shape(self) -> tuple[int, ...]:
        """The shape of the values; where they are hidden, of their logits."""
        if self.given != "hidden":
            return self.values.shape
        return (*self.values.shape[:-1], self.num_classes)

    @property
    def num_scores(self) -> int:
        """How many logits, probs or log_probs there are, given or of what is hidden."""
        return math.prod(self.scores_shape)

    @property
    def kept(self) -> npt.NDArray[np.bool_]:
        """Whether each sample counts: it meets a label, and not the ignore_index. Shape: the
        samples'."""
        if self.shift is not None:
            return self.aligned.kept
        if self.ignore_index is None:
            return np.ones(self.samples_shape, dtype=np.bool_)
        kept: npt.NDArray[np.bool_] = self.labels != self.ignore_index
        return kept

    @property
    def smoothing(self) -> Fraction:
        """The share of every target that all classes get evenly: label_smoothing, or what its
        formula makes of it, which may be above 1."""
        epsilon = Fraction(self.label_smoothing)
        if self.smoothing_formula == "standard":
            return epsilon
        return epsilon * Fraction(self.num_classes, self.num_classes - 1)

    @property
    def has_one_hot_labels(self) -> bool:
        """Whether the labels are distributions that have a single class each."""
        if self.loss != "categorical":
            return False
        rows = self.labels.astype(np.float64)
        return bool(np.isin(rows, (0.0, 1.0)).all() and (rows.sum(self.class_axis) == 1).all())

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters of the last layer that it has: by each there is a gradient too."""
        return tuple(p for p in PARAMETERS if getattr(self, p) is not None)

    @property
    def options(self) -> frozenset[str]:
        """The names of the options that are set and that an implementation must pass."""
        names = {option.name for option in CALLED if option.is_set(self)}
        if self.loss == "binary" or self.class_axis % self.values.ndim == self.values.ndim - 1:
            names.discard("class_axis")
        if not self.label_smoothing:
            names.discard("smoothing_formula")
        return frozenset(names)
