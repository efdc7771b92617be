"""Mutants of class weights, sample weights and the totals that they are in."""

from __future__ import annotations

from typing import Any

import numpy as np

from xent_check.problem.vocabulary import Reduction

from .kernel import Array
from .softmax import Softmax


class ClassWeightMissing(Softmax):
    """Class weights are accepted and not used."""

    source = "PaddlePaddle/Paddle/pull/24352"
    reasons = ("class-weight-ignored",)
    needs = ("class_weight",)

    def class_weight(self) -> Any:
        return self.work(1)


class ClassWeightOnLogits(Softmax):
    """Class weights multiply the logits, before the softmax."""

    source = "jakeret/tf_unet/issues/8"
    reasons = ("class-weight-elsewhere",)
    needs = ("class_weight",)

    def scores(self, x: Array) -> Array:
        return np.asarray(x * super().class_weight(), self.work)

    def class_weight(self) -> Any:
        return self.work(1)


class ClassWeightByPlace(Softmax):
    """Sample i has the weight of class i, not that of its label."""

    source = "ROCm/AMDMIGraphX/pull/3008"
    reasons = ("class-weight-elsewhere",)
    needs = ("class_weight",)

    def coefficients(self) -> Array:
        if self.problem.class_weight is None:
            return super().coefficients()
        by_place = self.class_weight()[np.arange(self.kept.size) % self.n]
        return self.smoothed(self.targets()) * by_place[:, None]


class ClassWeightOfTheLabel(Softmax):
    """The label's class weight multiplies the whole smoothed loss, outside the sum over classes."""

    source = "Dao-AILab/quack/pull/126"
    reasons = ("class-weight-as-sample-weight",)
    needs = ("class_weight", "label_smoothing")

    def coefficients(self) -> Array:
        if self.problem.loss == "categorical":
            return super().coefficients()
        own = self.added(self.targets() * self.class_weight())
        return self.smoothed(self.targets()) * own[:, None]


class ClassWeightNotInGradient(Softmax):
    """Backward knows of no class weights."""

    source = "linkedin/Liger-Kernel/pull/420"
    reasons = ("option-not-in-gradient",)
    needs = ("class_weight", "a gradient to check")

    def gradient(self) -> Array:
        self.a = self.smoothed(self.targets())
        return super().gradient()


class SampleWeightNotInGradient(Softmax):
    """Backward knows of no sample weights."""

    source = "linkedin/Liger-Kernel/issues/968"
    reasons = ("option-not-in-gradient",)
    needs = ("sample_weight", "a gradient to check")

    def gradient(self) -> Array:
        rows = np.where(self.kept[:, None], self.slope() * self.column(self.cotangent()), 0)
        return self.in_place(rows.astype(self.work))


class WeightedMeanByCount(Softmax):
    """The weighted mean divides by the number of samples."""

    source = "pytorch/pytorch/issues/54843"
    reasons = ("mean",)
    needs = ("a weighted_mean",)

    def weights(self) -> Array:
        return np.ones(self.kept.size, self.work)


class WeightedMeanByInverse(Softmax):
    """The weighted mean divides by the sum of 1 / w."""

    source = "pytorch/pytorch/pull/33509"
    reasons = ("inverse-weights",)
    needs = ("a weighted_mean",)

    def weights(self) -> Array:
        return np.asarray(1 / super().weights(), self.work)


class MeanByWeights(Softmax):
    """The mean divides by the sum of the class weights, which is another total."""

    source = "pytorch/pytorch/issues/31295"
    reasons = ("weighted-mean",)
    needs = ("class_weight", "a mean")

    def count(self) -> Any:
        if self.problem.class_weight is None:
            return super().count()
        return self.added(np.where(self.kept, self.weights(), 0).astype(self.work))


class SumOfChunkMeans(Softmax):
    """The means of chunks of 4 samples are added up."""

    source = "NVIDIA-NeMo/Automodel/issues/3803"
    reasons = ("mean-of-means",)
    needs = ("a mean", "more than 4 samples")
    chunk = 4

    def total(self, reduction: Reduction, losses: Array) -> Any:
        if reduction != "mean" or not self.kept.any():
            return super().total(reduction, losses)
        return self.added(np.asarray(self.chunk_means(losses), self.work))

    def chunk_means(self, losses: Array) -> list[Any]:
        """Of each chunk that keeps a sample."""
        return [
            self.added(losses[start : start + self.chunk]) / kept
            for start in range(0, losses.size, self.chunk)
            if (kept := np.count_nonzero(self.kept[start : start + self.chunk]))
        ]


class MeanOfChunkMeans(SumOfChunkMeans):
    """The mean of the means of 4 samples each, though chunks keep different numbers of them."""

    source = "huggingface/transformers/issues/37766"
    reasons = ("mean-of-means",)

    def total(self, reduction: Reduction, losses: Array) -> Any:
        total = super().total(reduction, losses)
        return total / (len(self.chunk_means(losses)) or 1) if reduction == "mean" else total


class ChunksAddedUp(Softmax):
    """The losses of chunks of 4 samples are added elementwise: 4 numbers for all."""

    source = "NVIDIA-NeMo/Automodel/pull/3804"
    reasons = ("chunks-added",)
    needs = ("more than 4 samples",)
    chunk = 4

    def losses(self) -> Array:
        losses = super().losses()
        for start in range(self.chunk, losses.size, self.chunk):
            part = losses[start : start + self.chunk]
            losses[: part.size] += part
            part[:] = 0
        return losses
