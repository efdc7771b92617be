"""Prints the numbers of language_models.yaml and of cases/language_models/published.yaml.

Run by hand, where torch 2.13.0 and transformers 5.24.0 are. With a folder as its argument it writes
the logits of the second file there: of a transformer of two layers whose weights are random.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from transformers import GPT2Config, GPT2LMHeadModel
from transformers.loss.loss_utils import ForCausalLMLoss

KEPT = (12, 5, 9, 3)  # the labels of each sequence that are no padding
PADDING = -100


def small() -> None:
    """language_models.yaml: two sequences of five positions and six classes."""
    torch.manual_seed(3)
    logits = (torch.randn(2, 5, 6) * 2).mul(100).round().div(100)
    labels = torch.tensor([[3, 1, 4, 0, 5], [2, 5, 1, PADDING, PADDING]])
    _print("logits", logits)
    _print("own", _none(logits, labels))
    _print("sliced", _none(logits[:, :-1], labels[:, 1:]))
    shifted = F.pad(labels, (0, 1), value=PADDING)[..., 1:]
    _print("padded", _none(logits, shifted))
    _print("back", _none(logits[:, 1:], labels[:, :-1]))
    _print("rolled", _none(logits, torch.roll(labels, -1, 1)))
    _print("run on", F.cross_entropy(_flat(logits)[:-1], labels.view(-1)[1:], reduction="none"))
    _print("twice", _none(logits, F.pad(shifted, (0, 1), value=PADDING)[..., 1:]))
    kept = shifted != PADDING
    for scale in (1e-4, 2e-3):
        squares = scale * logits.logsumexp(-1) ** 2 * kept
        _print(f"z-loss {scale}", _none(logits, shifted).view(2, 5) + squares)
    share = 0.1 * 6 / 5
    log_p, own = F.log_softmax(logits, -1), labels.clamp(min=0)[..., None]
    megatron = (1 - share) * -log_p.gather(-1, own)[..., 0] - share * log_p.mean(-1)
    _print("megatron", megatron * (labels != PADDING))
    smoothed: dict[str, Any] = {"label_smoothing": 0.1, "reduction": "none"}
    _print("standard", F.cross_entropy(_flat(logits), labels.view(-1), **smoothed))
    _totals(logits, labels, batches=2)


def transformer(folder: Path | None) -> None:
    """published.yaml: four sequences of a model, padded to twelve positions."""
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=32, n_positions=12, n_embd=16, n_layer=2, n_head=2, bos_token_id=0,
        eos_token_id=0, attn_pdrop=0.0, embd_pdrop=0.0, resid_pdrop=0.0, initializer_range=0.3,
    )  # fmt: skip
    model = GPT2LMHeadModel(config).eval()
    tokens = torch.randint(1, 32, (len(KEPT), 12))
    labels = tokens.clone()
    for row, kept in enumerate(KEPT):
        labels[row, kept:] = PADDING
    with torch.no_grad():
        logits = model(input_ids=tokens).logits.float()
        print("of the model itself", model(input_ids=tokens, labels=labels).loss.item())
    if folder is not None:
        np.save(folder / "transformer_logits.npy", logits.numpy())
    _print("labels", labels)
    _totals(logits, labels, batches=2)
    _totals(logits, labels, batches=4)


def _totals(logits: torch.Tensor, labels: torch.Tensor, batches: int) -> None:
    classes = logits.shape[-1]
    print("mean", ForCausalLMLoss(logits, labels, classes).item())
    print("not shifted", F.cross_entropy(_flat(logits), labels.view(-1)).item())
    shifted = F.pad(labels, (0, 1), value=PADDING)[..., 1:]
    print("twice", ForCausalLMLoss(logits, shifted, classes).item())
    rows = _flat(logits[:, :-1]), labels[:, 1:].reshape(-1)
    print("twice, as GitForCausalLM", ForCausalLMLoss(*rows, classes).item())
    print("back", F.cross_entropy(_flat(logits[:, 1:]), labels[:, :-1].reshape(-1)).item())
    print("rolled", F.cross_entropy(_flat(logits), torch.roll(labels, -1, 1).view(-1)).item())
    print("run on", F.cross_entropy(_flat(logits)[:-1], labels.view(-1)[1:]).item())
    items = (labels != PADDING).sum()
    counted = ForCausalLMLoss(logits, labels, classes, num_items_in_batch=items)
    print("over", int(items), "items", counted.item())
    size = len(labels) // batches
    parts = [slice(start, start + size) for start in range(0, len(labels), size)]
    means = [ForCausalLMLoss(logits[part], labels[part], classes) for part in parts]
    print(
        batches, "batches: mean of means", (sum(means) / batches).item(), "sum", sum(means).item()
    )


def _none(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(_flat(logits), labels.reshape(-1), reduction="none")


def _flat(logits: torch.Tensor) -> torch.Tensor:
    return logits.reshape(-1, logits.shape[-1])


def _print(name: str, tensor: torch.Tensor) -> None:
    print(name, tensor.tolist() if tensor.ndim > 1 else tensor)


if __name__ == "__main__":
    torch.set_printoptions(precision=7, sci_mode=False, linewidth=200)
    small()
    transformer(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
