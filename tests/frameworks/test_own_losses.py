"""A user's own loss of each framework: the arrays it gets, its gradient, what the report says."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import xent_check
from tests.support.command import Command
from tests.support.fake import LOSSES, PROBLEM, fake
from tests.support.fakes import own_torch
from xent_check.implementations.adapters.user_function import evaluate
from xent_check.problem.evaluation import Computed, Unsupported, UnsupportedError
from xent_check.problem.problem import Problem

CASES = """\
defaults:
  loss: sparse_categorical
  logits: [[2.0, 1.0, 0.1], [0.5, 2.5, 0.3], [-1.0, 0.0, 4.0]]
  labels: [0, 1, 1]
  check: [value, gradient]
  tolerance: auto
cases:
  - {name: plain}
  - {name: smoothed, label_smoothing: 0.25}
"""
TORCH, JAX = fake("own_torch", "Smoothed"), fake("own_jax", "compiled")
KERAS = fake("own_tensorflow", "instance")
# softmax(logits) - one_hot(labels) of PROBLEM; mpmath, 30 digits.
GRADIENT = [
    [-0.340998861, 0.242432971, 0.0985658905],
    [0.10860373, -0.197520945, 0.0889172149],
    [0.00657326319, -0.982132018, 0.975558755],
]


def of_torch(name: str, problem: Problem = PROBLEM) -> Computed:
    return evaluate(replace(problem, gradient=True), fake("own_torch", name), "cpu")


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("annotated", "(logits, labels)"),
        ("labels_first", "(labels, logits)"),
        ("with_logits", "(logits, labels)"),
        ("instance", "(logits, labels)"),
        ("Smoothed", "(label_smoothing=0.0, reduction='none')(logits, labels)"),
    ],
)
def test_a_torch_loss_is_called_as_it_is_written(name: str, call: str) -> None:
    answer = of_torch(name)
    np.testing.assert_allclose(answer.losses, LOSSES, atol=1e-6)
    assert isinstance(answer.gradient, np.ndarray)
    np.testing.assert_allclose(answer.gradient, GRADIENT, atol=1e-6)
    assert answer.call.endswith(f"own_torch.py:{name}{call}")


def test_the_part_that_fits_is_taken_and_noted() -> None:
    assert of_torch("with_logits").notes == (
        "it returned a tuple; its part 1 was taken for the losses",
    )
    assert of_torch("annotated").notes == ()


def test_the_gradient_of_what_is_detached_is_unsupported() -> None:
    answer = of_torch("detached")
    np.testing.assert_allclose(answer.losses, LOSSES, atol=1e-6)
    assert isinstance(answer.gradient, Unsupported)
    assert "detached" in answer.gradient.reason


def test_the_gradient_by_what_a_backward_pass_leaves_out_is_0() -> None:
    """As what is trained with it has it: nothing, and not what nobody knows. Two scores that are
    equal: by the bias, the gradient is 1/2 less the label's 1."""
    report = xent_check.check(
        own_torch.without_bias_gradient,
        hidden=[[1.0, 2.0]],
        weight=[[0.0, 0.0], [0.0, 0.0]],
        bias=[0.0, 0.0],
        labels=[0],
        loss="sparse_categorical",
        check=["value", "gradient"],
    )
    (result,) = report.to_dict()["results"]
    gradient = result["gradient"]
    assert result["status"] == gradient["bias"]["status"] == "diverges"
    assert gradient["hidden"]["status"] == gradient["weight"]["status"] == "agrees"
    assert gradient["bias"]["actual"] == [0.0, 0.0]
    assert gradient["bias"]["reference"] == [-0.5, 0.5]


def test_the_gradient_of_what_comes_back_as_numpy_s_is_unsupported() -> None:
    answer = of_torch("numpy_back")
    np.testing.assert_allclose(answer.losses, LOSSES, atol=1e-6)
    assert isinstance(answer.gradient, Unsupported)
    assert answer.notes == ("it got torch arrays and returned one of NumPy",)


def test_the_gradient_of_a_mean_alone_is_compared_with_that_of_the_mean() -> None:
    import torch

    logits, labels = torch.tensor(PROBLEM.values), torch.tensor(PROBLEM.labels)
    for loss, status in (
        (own_torch.the_mean, "agrees"),
        (own_torch.half_the_gradient, "diverges"),
    ):
        report = xent_check.check(
            loss, logits=logits, labels=labels, check=["value", "gradient"], tolerance="auto"
        )
        (result,) = report.to_dict()["results"]
        assert result["status"] == status
        assert result["totals"]["mean"]["status"] == "agrees"
        gradient = result["gradient"]
        assert gradient["status"] == status
        np.testing.assert_allclose(gradient["reference"], np.array(GRADIENT) / 3, atol=1e-6)


def test_a_class_is_made_with_the_options_that_its_constructor_names() -> None:
    smoothed = replace(PROBLEM, label_smoothing=0.25)
    answer = of_torch("Smoothed", smoothed)
    assert "label_smoothing=0.25" in answer.call
    # 0.75 of the loss and 0.25 of the mean of -log p: mpmath, 30 digits.
    expected = [0.658696683, 0.570049523, 3.77474489]
    np.testing.assert_allclose(answer.losses, expected, atol=1e-6)
    with pytest.raises(UnsupportedError, match="takes no label_smoothing"):
        of_torch("annotated", smoothed)


def test_bfloat16_arrives_as_bfloat16() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    values = PROBLEM.values.astype(ml_dtypes.bfloat16)
    answer = of_torch("annotated", replace(PROBLEM, values=values, dtype="bfloat16"))
    assert answer.dtype == ml_dtypes.bfloat16


@pytest.mark.long
def test_each_framework_s_loss_runs_from_the_command_line(tmp_path: Path) -> None:
    """Within what rounding explains; the versions are those of the frameworks."""
    command = Command(tmp_path)
    command.cases.write_text(CASES)
    report = command.report("-i", TORCH, "-i", JAX, "-i", KERAS)
    found = {(r["implementation"], r["case"].rpartition("::")[2]): r for r in report["results"]}
    for name in (TORCH, JAX, KERAS):
        assert found[name, "plain"]["status"] == "agrees", found[name, "plain"]
        assert found[name, "plain"]["gradient"]["status"] == "agrees"
        expected = "agrees" if name == TORCH else "unsupported"
        assert found[name, "smoothed"]["status"] == expected
    table = command.run("-i", TORCH, "-i", JAX, "-i", KERAS).stdout
    assert "torch 2." in table
    assert "tensorflow 2." in table
    assert "numpy" not in table


@pytest.mark.long
def test_what_jax_compiles_for_a_loss_of_the_users_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So is what it compiles for `jax` and `optax`."""
    monkeypatch.setenv("XENT_CHECK_CACHE", str(tmp_path / "cache"))
    loss = "optax:softmax_cross_entropy_with_integer_labels"
    case = "corpus:forum/sparse.yaml"
    command = [sys.executable, "-m", "xent_check", "run", case, "-i", loss]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert any((tmp_path / "cache" / "jax").iterdir())
