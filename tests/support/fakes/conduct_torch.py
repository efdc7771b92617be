"""Losses of PyTorch that are right, and do what no loss should: in place, in the backward alone."""

from __future__ import annotations

from typing import Any

import torch


class _Fused(torch.autograd.Function):  # type: ignore[misc]
    """The gradient is computed in the forward, into the scores, as Liger and others do."""

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        losses = torch.nn.functional.cross_entropy(logits, labels, reduction="none")
        logits.copy_(logits.softmax(-1))
        logits[torch.arange(len(labels)), labels] -= 1
        ctx.save_for_backward(logits)
        return losses

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:
        (slope,) = ctx.saved_tensors
        return slope * grads[0][:, None], None


class _InBackward(torch.autograd.Function):  # type: ignore[misc]
    """The forward leaves all as it is; the backward writes the gradient into the scores."""

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        ctx.scores, ctx.labels = logits.detach(), labels
        return torch.nn.functional.cross_entropy(logits, labels, reduction="none")

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:
        slope = ctx.scores.softmax(-1)
        slope[torch.arange(len(ctx.labels)), ctx.labels] -= 1
        ctx.scores.copy_(slope * grads[0][:, None])
        return ctx.scores.clone(), None


class _Cotangent(torch.autograd.Function):  # type: ignore[misc]
    """The backward scales the cotangent in place."""

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(logits.softmax(-1), labels)
        return torch.nn.functional.cross_entropy(logits, labels, reduction="none")

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:
        slope, labels = ctx.saved_tensors
        slope = slope.clone()
        slope[torch.arange(len(labels)), labels] -= 1
        slope *= grads[0][:, None]
        grads[0].mul_(0)
        return slope, None


def fused(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """It overwrites the scores in the forward."""
    losses: torch.Tensor = _Fused.apply(logits, labels)
    return losses


def in_backward(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """It overwrites the scores in the backward."""
    losses: torch.Tensor = _InBackward.apply(logits, labels)
    return losses


def cotangent(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """It overwrites what the caller passes to the backward."""
    losses: torch.Tensor = _Cotangent.apply(logits, labels)
    return losses


class _Noisy(torch.autograd.Function):  # type: ignore[misc]
    """The losses repeat; the gradient is one ulp off in every second call."""

    calls = 0

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(logits.softmax(-1), labels)
        return torch.nn.functional.cross_entropy(logits, labels, reduction="none")

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:
        slope, labels = ctx.saved_tensors
        slope = slope.clone()
        slope[torch.arange(len(labels)), labels] -= 1
        slope *= grads[0][:, None]
        _Noisy.calls += 1
        if _Noisy.calls % 2:
            slope[0, 0] = torch.nextafter(slope[0, 0], slope.new_tensor(1.0))
        return slope, None


def noisy_backward(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Its gradient adds in another order each time."""
    losses: torch.Tensor = _Noisy.apply(logits, labels)
    return losses
