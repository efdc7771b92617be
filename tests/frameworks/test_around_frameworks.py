"""What is written around a loss reaches every framework: an ignored sample has no z-loss."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.support.random_problems import f32
from xent_check.implementations.adapters import torch as torch_adapter
from xent_check.problem.problem import Problem

PROBLEM = Problem(
    "sparse_categorical", "logits", f32([[1, 2, 3], [0, 0, 1]]), np.array([2, 0]), "float32",
    ignore_index=0, z_loss=0.5, reductions=("mean", "sum"), num_items=4.0,
)  # fmt: skip
# log(e + e^2 + e^3), squared and halved, beside the loss log(1 + 1/e + 1/e^2); to 9 digits.
LSE, LOSS = 3.40760596, 0.407605964


def test_an_ignored_sample_has_no_z_loss_and_items_divide_the_mean() -> None:
    answer = torch_adapter.evaluate(PROBLEM, "", "cpu")
    total = LOSS + 0.5 * LSE**2
    assert answer.losses == pytest.approx([total, 0.0], rel=1e-6)
    assert float(np.asarray(answer.totals["mean"])) == pytest.approx(total / 4, rel=1e-6)
    scaled = torch_adapter.evaluate(replace(PROBLEM, z_loss=0.0, logit_scale=0.5), "", "cpu")
    assert scaled.call.count("torch.mul(logits, 0.5)") == 1


def test_shifted_labels_are_moved_and_padded_by_an_ignored_one() -> None:
    """As transformers' ForCausalLMLoss does it; nobody meets the first label."""
    problem = replace(
        PROBLEM, labels=np.array([99, 2]), ignore_index=None, z_loss=0.0, num_items=None, shift=1
    )
    answer = torch_adapter.evaluate(problem, "", "cpu")
    shifted = "torch.nn.functional.pad(labels[..., 1:], (0, 1), value=-100)"
    assert answer.call == (
        f"torch.nn.functional.cross_entropy(logits, {shifted}, ignore_index=-100, reduction='none')"
    )
    assert answer.losses == pytest.approx([LOSS, 0.0], rel=1e-6)
    assert float(np.asarray(answer.totals["mean"])) == pytest.approx(LOSS, rel=1e-6)
