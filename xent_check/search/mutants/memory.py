"""Mutants of memory: an array is read as if it were contiguous."""

from __future__ import annotations

from typing import Any

import numpy as np

from xent_check.problem.laid_out import in_memory_order

from .kernel import Array
from .softmax import Softmax


class ScoresReadInOrder(Softmax):
    """Scores are read in the order of their memory: their strides are not looked at."""

    source = "unslothai/unsloth/pull/10713"
    reasons = ("strides-ignored",)
    needs = ("scores and labels that are not contiguous",)

    def scores(self, x: Array) -> Array:
        return self.rows(in_memory_order(self.problem.values)).astype(self.work)


class SequencesReadInOrder(Softmax):
    """Scores are made contiguous only where classes are apart in memory; rows are read in its
    order."""

    source = "NVIDIA/TransformerEngine/issues/2734"
    reasons = ("strides-ignored",)
    needs = ("transposed sequences",)

    def scores(self, x: Array) -> Array:
        values = self.problem.values
        if values.strides[-1] != values.itemsize:
            return x
        return self.rows(in_memory_order(values)).astype(self.work)


class LabelsReadInOrder(Softmax):
    """Labels are read in the order of their memory: their strides are not looked at."""

    source = "pytorch/pytorch/issues/72120"
    reasons = ("strides-ignored",)
    needs = ("scores and labels that are not contiguous",)

    def labels(self) -> Array:
        return np.where(self.kept, in_memory_order(self.problem.labels).reshape(-1), 0)

    def targets(self) -> Array:
        if self.problem.loss == "categorical":
            return self.rows(in_memory_order(self.problem.labels)).astype(self.work)
        return super().targets()


class CotangentReadInOrder(Softmax):
    """Backward reads the cotangent in the order of its memory: of an expanded one the first and
    what lies behind."""

    source = "ROCm/TransformerEngine/pull/623"
    reasons = ("strides-ignored",)
    needs = ("a cotangent that is not contiguous",)

    def per_sample(self, array: Array | None) -> Any:
        if array is not None and array is self.problem.cotangent:
            array = in_memory_order(array)
        return super().per_sample(array)
