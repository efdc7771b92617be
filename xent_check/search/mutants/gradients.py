"""Mutants of the backward pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from .kernel import Array
from .softmax import Softmax


class CotangentIgnored(Softmax):
    """Backward does not read the cotangent: the gradient of the plain sum."""

    source = "linkedin/Liger-Kernel/issues/678"
    reasons = ("cotangent-ignored",)
    needs = ("a cotangent",)

    def cotangent(self) -> Any:
        return self.work(1)


class FirstCotangent(Softmax):
    """Backward reads one cotangent, the first, for all samples."""

    source = "NVIDIA/TransformerEngine/pull/2139"
    reasons = ("first-cotangent",)
    needs = ("a cotangent",)

    def cotangent(self) -> Any:
        cotangent = super().cotangent()
        return cotangent[:1].repeat(cotangent.size) if np.ndim(cotangent) else cotangent


class CotangentSkippedIfFirstIs1(Softmax):
    """Where the first cotangent is 1 the others are taken to be 1 as well."""

    source = "ROCm/aiter/pull/5165"
    reasons = ("cotangent-ignored",)
    needs = ("a cotangent that begins with 1",)

    def cotangent(self) -> Any:
        cotangent = super().cotangent()
        first = cotangent[:1] if np.ndim(cotangent) else np.ones(1)
        return self.work(1) if (first == 1).all() else cotangent


class GradientOfTheMean(Softmax):
    """Backward divides by the number of samples, though losses were not reduced."""

    source = "ROCm/TransformerEngine/pull/336"
    reasons = ("mean",)
    needs = ("a gradient to check", "more than 1 sample")

    def gradient(self) -> Array:
        return super().gradient() / self.work(max(self.kept.size, 1))


class GradientIsZero(Softmax):
    """Nothing flows back: the losses were computed on a copy."""

    source = "NVIDIA/Megatron-LM/issues/1750"
    reasons = ("gradient-zero",)
    needs = ("a gradient to check",)

    def gradient(self) -> Array:
        return np.zeros_like(super().gradient())


class LossZeroWithoutGradient(Softmax):
    """Where no gradient is asked for the loss is not computed either: 0."""

    source = "linkedin/Liger-Kernel/issues/507"
    reasons = ("loss-zero",)
    needs = ("no gradient to check",)

    def losses(self) -> Array:
        losses = super().losses()
        return losses if self.problem.gradient else np.zeros_like(losses)
