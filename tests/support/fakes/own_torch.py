"""Losses of a user of PyTorch: with annotations, as a Module, and what is not differentiable."""

from __future__ import annotations

import torch
import torch.nn.functional as F


def annotated(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(a, b, reduction="none")


def labels_first(y_true, y_pred, weight=None):  # type: ignore[no-untyped-def]
    return F.cross_entropy(y_pred, y_true, weight=weight, reduction="none")


def with_logits(logits, labels):  # type: ignore[no-untyped-def]
    """What Hugging Face models return: the loss is not the first that fits."""
    return logits, F.cross_entropy(logits, labels, reduction="none")


def detached(logits, labels):  # type: ignore[no-untyped-def]
    return F.cross_entropy(logits.detach(), labels, reduction="none")


class _WithoutBias(torch.autograd.Function):  # type: ignore[misc]
    """The losses of a last layer, whose backward pass forgets the bias."""

    @staticmethod
    def forward(ctx, hidden, weight, bias, labels):  # type: ignore[no-untyped-def]
        ctx.save_for_backward(hidden, weight, bias, labels)
        return F.cross_entropy(hidden @ weight.T + bias, labels, reduction="none")

    @staticmethod
    def backward(ctx, cotangent):  # type: ignore[no-untyped-def]
        hidden, weight, bias, labels = ctx.saved_tensors
        slope = torch.softmax(hidden @ weight.T + bias, -1) - F.one_hot(labels, len(bias))
        slope = slope * cotangent[:, None]
        return slope @ weight, slope.T @ hidden, None, None


def without_bias_gradient(hidden, weight, bias, labels):  # type: ignore[no-untyped-def]
    return _WithoutBias.apply(hidden, weight, bias, labels)


def the_mean(logits, labels, weight=None):  # type: ignore[no-untyped-def]
    return F.cross_entropy(logits, labels, weight=weight)


def half_the_gradient(logits, labels):  # type: ignore[no-untyped-def]
    """Of the right mean: what a kernel gives that forgets a factor in its backward pass."""
    mean = F.cross_entropy(logits, labels)
    return mean.detach() / 2 + mean / 2


def numpy_back(logits, labels):  # type: ignore[no-untyped-def]
    return F.cross_entropy(logits, labels, reduction="none").detach().numpy()


class Smoothed(torch.nn.Module):  # type: ignore[misc]
    """A class that is made with the options of a case."""

    def __init__(self, label_smoothing: float = 0.1, reduction: str = "mean") -> None:
        super().__init__()
        self.options = {"label_smoothing": label_smoothing, "reduction": reduction}

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(input, target, **self.options)  # type: ignore[arg-type]


instance = torch.nn.CrossEntropyLoss(reduction="none")
