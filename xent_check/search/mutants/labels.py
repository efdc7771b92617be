"""Mutants of labels: which logit is taken for the label's."""

from __future__ import annotations

import numpy as np

from xent_check.problem.dtypes import rounded

from .kernel import Array
from .softmax import Softmax


class LabelsInLogitsDtype(Softmax):
    """Labels are cast to the logits' dtype: bfloat16 has no 257, float16 no 2,049."""

    source = "tensorflow/tensorflow/issues/50964"
    reasons = ("label-rounded",)
    needs = ("numbers of 16 bits", "labels above 256")

    def labels(self) -> Array:
        narrow = rounded(super().labels().astype(np.float64), self.problem.dtype)
        return np.minimum(narrow.astype(np.float64).astype(np.int64), self.n - 1)


class LabelsInInt8(Softmax):
    """Labels are read as 8 bits: 256 is class 0."""

    source = "tensorflow/models/pull/6641"
    reasons = ("label-wraps",)
    needs = ("labels above 255",)

    def labels(self) -> Array:
        return super().labels() % 256


class LabelsInInt16(Softmax):
    """Labels are read as 16 bits with a sign: those from 32,768 meet no class."""

    source = "urvashik/knnlm/issues/6"
    reasons = ("label-wraps", "label-gives-zero")
    needs = ("labels above 32,767",)

    def labels(self) -> Array:
        return super().labels().astype(np.int16).astype(np.int64)


class ClassesUpTo65536(Softmax):
    """One block reads a row, of 65,536 classes at most: the rest is not there."""

    source = "unslothai/unsloth/issues/19"
    reasons = ("tail-dropped",)
    needs = ("more than 65,536 classes",)

    def starts(self) -> range:
        return range(0, min(self.n, 65_536), self.tile)


class AxisIgnored(Softmax):
    """Memory is read as if the classes were last: samples and classes are mixed."""

    source = "NVIDIA/TransformerEngine/issues/2734"
    reasons = ("class-axis",)
    needs = ("classes not on the last axis",)

    def rows(self, array: Array) -> Array:
        return np.ascontiguousarray(array).reshape(self.kept.size, self.n)


class SmoothingCountsAxis1(Softmax):
    """Smoothing divides by the size of axis 1, wherever the classes are."""

    source = "tensorflow/tensorflow/issues/32231"
    reasons = ("smoothing-formula",)
    needs = ("label_smoothing", "classes not on axis 1")

    def smoothed(self, targets: Array) -> Array:
        e, shape = self.problem.label_smoothing, self.problem.values.shape
        size = shape[1] if len(shape) > 1 else self.n
        return targets * self.work(1 - e) + self.work(e / size) if e else targets


class GradientOfLabelsThatSumTo1(Softmax):
    """The gradient is p - t, as if soft labels summed to 1."""

    source = "NVIDIA-NeMo/Automodel/pull/2428"
    reasons = ("labels-taken-to-sum-to-1",)
    needs = ("soft labels", "a gradient to check")

    def slope(self) -> Array:
        if self.problem.loss != "categorical":
            return super().slope()
        return self.probabilities() - self.a
