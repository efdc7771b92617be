"""Mutants of samples that are ignored."""

from __future__ import annotations

from typing import Any

import numpy as np

from .kernel import Array
from .softmax import Softmax


class IgnoredNotIgnored(Softmax):
    """ignore_index is not used; a label outside the classes reads the first."""

    source = "pytorch/pytorch/issues/108148"
    reasons = ("ignored-not-ignored",)
    needs = ("ignored samples",)

    def is_kept(self) -> Array:
        return np.ones_like(super().is_kept())

    def labels(self) -> Array:
        return np.clip(self.problem.labels.reshape(-1), 0, self.n - 1)


class IgnoredOnlyIfNegative(Softmax):
    """Labels below 0 are ignored, whatever ignore_index says."""

    source = "sony/nnabla/pull/945"
    reasons = ("ignored-not-ignored",)
    needs = ("an ignored class",)

    def is_kept(self) -> Array:
        if self.problem.ignore_index is None:
            return super().is_kept()
        labels = self.problem.labels.reshape(-1)
        return super().is_kept() | ((labels >= 0) & (labels < self.problem.num_classes))


class IgnoredOnlyIfNotMinus100(Softmax):
    """ignore_index is used where it is not -100, its default."""

    source = "flagos-ai/FlagGems/pull/73"
    reasons = ("ignored-not-ignored",)
    needs = ("ignored samples of -100",)

    def is_kept(self) -> Array:
        kept = super().is_kept()
        return np.ones_like(kept) if self.problem.ignore_index == -100 else kept

    def labels(self) -> Array:
        return np.clip(self.problem.labels.reshape(-1), 0, self.n - 1)


class IgnoredLossIsNotWritten(Softmax):
    """The label's logit of an ignored sample is not written: its loss is log-sum-exp."""

    source = "PrimeIntellect-ai/prime-rl/pull/1525"
    reasons = ("ignored-not-ignored",)
    needs = ("ignored samples",)

    def losses(self) -> Array:
        m, s = self.normaliser
        return np.where(self.kept, super().losses(), m + np.log(s)).astype(self.work)


class IgnoredByProduct(Softmax):
    """Losses are multiplied by a mask: 0 times an infinite loss is nan."""

    source = "allenai/allennlp/issues/890"
    reasons = ("inf-minus-inf",)
    needs = ("infinities in ignored samples",)

    def losses(self) -> Array:
        self.kept, mask = np.ones_like(self.kept), self.kept
        losses = super().losses()
        self.kept = mask
        return losses * mask.astype(self.work)

    def labels(self) -> Array:
        return np.clip(self.problem.labels.reshape(-1), 0, self.n - 1)


class MaskTurnedRound(Softmax):
    """Smoothed targets are kept where the sample is ignored, and zeroed elsewhere."""

    source = "awslabs/sockeye/issues/200"
    reasons = ("loss-zero",)
    needs = ("ignored samples", "label_smoothing")

    def smoothed(self, targets: Array) -> Array:
        if not self.problem.label_smoothing or self.kept.all():
            return super().smoothed(targets)
        return np.where(self.kept[:, None], 0, super().smoothed(targets)).astype(self.work)


class SmoothingCountsIgnored(Softmax):
    """The smoothed part of the loss counts ignored samples."""

    source = "pytorch/pytorch/issues/73205"
    reasons = ("ignored-not-ignored",)
    needs = ("ignored samples", "label_smoothing")

    def losses(self) -> Array:
        e, losses = self.problem.label_smoothing, super().losses()
        if not e:
            return losses
        share = self.work(e / self.n) * self.class_weight() * np.ones(self.n, self.work)
        smooth = self.added(self.product(share, self.minus_log_p()))
        return np.where(self.kept, losses, smooth * self.sample_weight()).astype(self.work)


class MeanOverAll(Softmax):
    """The mean divides by all samples, the ignored ones too."""

    source = "tracel-ai/burn/issues/5568"
    reasons = ("mean-over-all",)
    needs = ("ignored samples", "a mean")

    def count(self) -> Any:
        return self.work(self.kept.size)


class MeanOverAllIfNegative(Softmax):
    """The mean leaves ignored samples out of its divisor only where ignore_index is a class."""

    source = "PaddlePaddle/Paddle/pull/76033"
    reasons = ("mean-over-all",)
    needs = ("ignored samples below 0", "a mean")

    def count(self) -> Any:
        ignored = self.problem.ignore_index
        return self.work(self.kept.size) if (ignored or 0) < 0 else super().count()


class MeanOfNothingIsZero(Softmax):
    """Where all samples are ignored the mean is 0; 0 / 0 is nan."""

    source = "pytorch/pytorch/pull/135434"
    reasons = ("mean-of-nothing",)
    needs = ("all samples ignored", "a mean")

    def count(self) -> Any:
        return max(super().count(), self.work(1))


class GradientOfNothingIsNan(Softmax):
    """Where all samples are ignored the gradient is 0 over a count of 0, nan."""

    source = "ROCm/aiter/pull/5165"
    reasons = ("inf-minus-inf",)
    needs = ("all samples ignored", "a gradient to check")

    def gradient(self) -> Array:
        kept = self.work(np.count_nonzero(self.kept))
        return super().gradient() * (kept / kept)


class WeightsOfIgnoredCount(Softmax):
    """The divisor of the weighted mean has the weights of ignored samples too."""

    source = "pytorch/pytorch/pull/69511"
    reasons = ("mean-over-all",)
    needs = ("ignored samples", "a weighted_mean")

    def total(self, reduction: Any, losses: Array) -> Any:
        self.kept, mask = np.ones_like(self.kept), self.kept
        total = super().total(reduction, losses) if reduction == "weighted_mean" else None
        self.kept = mask
        return super().total(reduction, losses) if total is None else total


class GradientZeroIfAnyIgnored(Softmax):
    """One ignored sample in the batch, and the gradient of all is 0."""

    source = "linkedin/Liger-Kernel/issues/968"
    reasons = ("gradient-zero",)
    needs = ("ignored samples", "a gradient to check")

    def gradient(self) -> Array:
        return super().gradient() * self.work(self.kept.all())


class GradientOfIgnored(Softmax):
    """Ignored samples have no loss, but a gradient: their labels are clipped to a class."""

    source = "open-lm-engine/lm-engine/pull/505"
    reasons = ("ignored-not-ignored",)
    needs = ("ignored samples", "a gradient to check")

    def gradient(self) -> Array:
        rows = self.slope() * self.column(self.sample_weight() * self.cotangent())
        return self.in_place(rows.astype(self.work))
