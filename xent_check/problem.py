"""Problem: a case made exact. Arrays rounded to the dtype, no framework in it.

It travels to the workers, so it needs numpy alone; posing.py makes it from a case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .words import DType, Given, Loss, Reduction

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be computed.

    values: the logits, probs or log_probs (`given` says which), in `dtype`. Shape: the samples'
    with the class axis put in at `class_axis`; for binary, the samples' own.
    labels: int64 class indices of the samples' shape (sparse_categorical); in `dtype` and of
    the values' shape (categorical, binary).
    cotangent: the samples' shape; the gradient is that of sum(cotangent * losses).
    An option that the case does not set is None (0 for label_smoothing).
    """

    loss: Loss
    given: Given
    values: Array
    labels: Array
    dtype: DType
    class_axis: int = -1
    normalize: bool | None = None
    ignore_index: int | None = None
    label_smoothing: float = 0.0
    class_weight: Array | None = None
    pos_weight: Array | None = None
    sample_weight: Array | None = None
    reductions: tuple[Reduction, ...] = ()
    gradient: bool = False
    cotangent: Array | None = None

    @property
    def num_classes(self) -> int:
        """The size of the class axis (not for binary)."""
        return int(self.values.shape[self.class_axis])

    @property
    def samples_shape(self) -> tuple[int, ...]:
        """The shape of the losses."""
        if self.loss == "binary":
            return self.values.shape
        axis = self.class_axis % self.values.ndim
        return self.values.shape[:axis] + self.values.shape[axis + 1 :]

    @property
    def kept(self) -> npt.NDArray[np.bool_]:
        """Which samples count: all but those whose label is the ignore_index."""
        if self.ignore_index is None:
            return np.ones(self.samples_shape, dtype=np.bool_)
        kept: npt.NDArray[np.bool_] = self.labels != self.ignore_index
        return kept

    @property
    def options(self) -> frozenset[str]:
        """The names of the options that are set and change what is computed."""
        names = {name for name in _OPTIONS if getattr(self, name) is not None}
        if not self.label_smoothing:
            names.discard("label_smoothing")
        if self.loss != "binary" and self.class_axis % self.values.ndim != self.values.ndim - 1:
            names.add("class_axis")
        return frozenset(names)


_OPTIONS = (
    "ignore_index",
    "label_smoothing",
    "class_weight",
    "pos_weight",
    "sample_weight",
)
