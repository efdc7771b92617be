"""The losses in PyTorch: right ones first, then those with a bug.

logits: (..., classes). labels: int64 of the samples' shape. Each returns one loss per sample.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint

Tensor = Any  # torch has no types for who checks them without it


def _kept(labels: Tensor, ignore_index: int | None) -> Tensor:
    """Whether each sample counts."""
    return (
        torch.ones_like(labels, dtype=torch.bool)
        if ignore_index is None
        else (labels != ignore_index)
    )


def _picked(terms: Tensor, labels: Tensor, ignore_index: int | None) -> Tensor:
    """The label's term of each sample, 0 where that is ignored."""
    kept = _kept(labels, ignore_index)
    own = terms.gather(-1, torch.where(kept, labels, 0)[..., None])[..., 0]
    return torch.where(kept, own, torch.zeros_like(own))


def _wide(logits: Tensor) -> Tensor:
    return logits if logits.dtype == torch.float64 else logits.float()


def log_softmax_and_gather(
    logits: Tensor, labels: Tensor, ignore_index: int | None = None
) -> Tensor:
    """Right: -log_softmax at the label, in float32 or float64. Rows that are ignored are 0 before
    it: what they hold has no gradient."""
    x = torch.where(_kept(labels, ignore_index)[..., None], _wide(logits), 0)
    return _picked(-torch.log_softmax(x, -1), labels, ignore_index).to(logits.dtype)


def checkpointed(logits: Tensor, labels: Tensor, ignore_index: int | None = None) -> Tensor:
    """Right: the rows in four chunks, computed again in the backward pass."""
    rows, flat = logits.reshape(-1, logits.shape[-1]), labels.reshape(-1)
    losses = [
        checkpoint(log_softmax_and_gather, x, y, ignore_index, use_reentrant=False)
        for x, y in zip(rows.tensor_split(4), flat.tensor_split(4), strict=True)
    ]
    return torch.cat(losses).reshape(labels.shape)


def compiled(logits: Tensor, labels: Tensor, ignore_index: int | None = None) -> Tensor:
    """Right: the same under torch.compile."""
    return _compile()(logits, labels, ignore_index)


@cache
def _compile() -> Any:
    return torch.compile(log_softmax_and_gather, dynamic=True)


def log_sum_exp_minus_logit(
    logits: Tensor, labels: Tensor, ignore_index: int | None = None
) -> Tensor:
    """Wrong: the log-sum-exp is rounded before the logit is taken off."""
    x = torch.where(_kept(labels, ignore_index)[..., None], _wide(logits), 0)
    return _picked(torch.logsumexp(x, -1, keepdim=True) - x, labels, ignore_index).to(logits.dtype)


def in_bfloat16(logits: Tensor, labels: Tensor, ignore_index: int | None = None) -> Tensor:
    """Wrong: float32 logits are computed in bfloat16."""
    x = logits.bfloat16() if logits.dtype == torch.float32 else logits
    return log_softmax_and_gather(x, labels, ignore_index).to(logits.dtype)


def where_after_log(logits: Tensor, labels: Tensor, ignore_index: int | None = None) -> Tensor:
    """Wrong: the gradient of a dropped row is 0 times nan."""
    return _picked(-torch.log_softmax(_wide(logits), -1), labels, ignore_index).to(logits.dtype)


class _KeepsGradient(torch.autograd.Function):  # type: ignore[misc]
    """Forward keeps the gradient of each loss, or of their mean; backward scales the first by one
    element of grad_output, the other not at all."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, labels: Tensor, ignore: int | None, mean: bool) -> Tensor:
        with torch.enable_grad():
            x = logits.detach().requires_grad_()
            losses = log_softmax_and_gather(x, labels, ignore)
            (slope,) = torch.autograd.grad(losses.sum(), x)
        ctx.save_for_backward(slope / max(losses.numel(), 1) if mean else slope)
        ctx.mean = mean
        return losses.detach()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        (slope,) = ctx.saved_tensors
        first = grad.reshape(-1)[:1].sum() if grad.numel() else grad.sum()
        return slope if ctx.mean else slope * first, None, None, None


def first_grad_output(logits: Tensor, labels: Tensor, ignore_index: int | None = None) -> Tensor:
    """Wrong: every row is scaled by the first grad_output."""
    return _KeepsGradient.apply(logits, labels, ignore_index, False)


class _ReadsInOrder(torch.autograd.Function):  # type: ignore[misc]
    """Backward scales each row by the next number of grad_output's memory."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, labels: Tensor, ignore: int | None) -> Tensor:
        with torch.enable_grad():
            x = logits.detach().requires_grad_()
            losses = log_softmax_and_gather(x, labels, ignore)
            (slope,) = torch.autograd.grad(losses.sum(), x)
        ctx.save_for_backward(slope)
        return losses.detach()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (slope,) = ctx.saved_tensors
        length = grad.untyped_storage().nbytes() // grad.element_size()
        memory = torch.as_strided(grad, (length,), (1,), 0)[: grad.numel()]
        read = torch.full((grad.numel(),), torch.nan, dtype=grad.dtype)  # beyond its end
        read[: len(memory)] = memory
        return slope * read.reshape(grad.shape)[..., None], None, None


def grad_output_in_order(logits: Tensor, labels: Tensor, ignore_index: int | None = None) -> Tensor:
    """Wrong: grad_output is taken to be contiguous."""
    return _ReadsInOrder.apply(logits, labels, ignore_index)


class _WritesGradient(torch.autograd.Function):  # type: ignore[misc]
    """Forward writes the gradient of each loss where the logits are; backward scales it there."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, labels: Tensor, ignore: int | None) -> Tensor:
        with torch.enable_grad():
            x = logits.detach().clone().requires_grad_()
            losses = log_softmax_and_gather(x, labels, ignore)
            (slope,) = torch.autograd.grad(losses.sum(), x)
        written = logits.detach()
        written.copy_(slope)
        ctx.written = written
        return losses.detach()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        return ctx.written * grad[..., None], None, None


def gradient_over_logits(logits: Tensor, labels: Tensor, ignore_index: int | None = None) -> Tensor:
    """Wrong: the caller's logits are the gradient afterwards."""
    return _WritesGradient.apply(logits, labels, ignore_index)


def gradient_kept_from_forward(
    logits: Tensor, labels: Tensor, ignore_index: int | None = None
) -> Tensor:
    """Wrong: the gradient is that of the mean, whatever the losses are used for."""
    return _KeepsGradient.apply(logits, labels, ignore_index, True)
