"""The scripts of users' losses of each framework, run: the same call, and the same gradient."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import xent_check
from tests.support.fake import fake

CASES = """\
defaults: {loss: sparse_categorical, tolerance: auto, check: [value, gradient]}
cases:
  - name: deep
    class_axis: 1
    logits: {shape: [2, 3, 4], random: normal}
    labels: {shape: [2, 4], random: integers, low: 0, high: 3}
    cotangent: {shape: [2, 4], random: normal, seed: 1}
  - {name: flat, logits: [[1.0, 2.0, 3.0], [0.5, 2.5, 0.1]], labels: [0, 1]}
  - {name: weighted, logits: [[1.0, 2.0], [0.5, 2.5]], labels: [0, 1], class_weight: [1, 3]}
  - {name: smoothed, logits: [[1.0, 2.0, 3.0]], labels: [0], label_smoothing: 0.25}
  - {name: bfloat16, dtype: bfloat16, logits: [[1.0, 2.0, 3.0]], labels: [0]}
  - {name: float64, dtype: float64, logits: [[1.0, 2.0, 3.0]], labels: [0]}
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("case", "name", "line"),
    [
        ("weighted", fake("own_torch", "labels_first"),
         "loss(labels, logits, weight=class_weight)"),
        ("flat", fake("own_torch", "with_logits"), "losses = loss(logits, labels)[1]"),
        ("smoothed", fake("own_torch", "Smoothed"),
         "loss(label_smoothing=0.25, reduction='none')(logits, labels)"),
        ("bfloat16", fake("own_torch", "annotated"), "losses = loss(logits, labels)"),
        ("flat", fake("own_torch", "detached"), "losses = loss(logits, labels)"),
        ("deep", "torch.nn.functional:cross_entropy",
         "from torch.nn.functional import cross_entropy as loss"),
        ("float64", "jax=optax:softmax_cross_entropy_with_integer_labels", "jax.vjp("),
        ("deep", "optax:softmax_cross_entropy_with_integer_labels", "pull_back(cotangent)"),
        ("flat", "tensorflow.nn:sparse_softmax_cross_entropy_with_logits",
         "tape.gradient(losses, logits"),
        ("flat", "keras.losses:SparseCategoricalCrossentropy", "from_logits=True"),
    ],
)  # fmt: skip
def test_the_script_gives_what_was_given(case: str, name: str, line: str, tmp_path: Path) -> None:
    (tmp_path / "cases.yaml").write_text(CASES)
    done = xent_check(tmp_path, "repro", f"cases.yaml::{case}", "-i", name, "-o", "s.py")
    assert done.code == 0, done.err
    assert line in (tmp_path / "s.py").read_text()
    run = [sys.executable, "s.py"]
    script = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert script.returncode == 0, script.stderr
    assert script.stdout.splitlines()[-1] == "agrees"


@pytest.mark.long
def test_the_script_of_a_gradient_that_is_left_out_has_it_as_0(tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text(
        "{loss: sparse_categorical, hidden: [[1.0, 2.0]], weight: [[0.0, 0.0], [0.0, 0.0]],\n"
        "bias: [0.0, 0.0], labels: [0], check: [value, gradient]}\n"
    )
    name = fake("own_torch", "without_bias_gradient")
    done = xent_check(tmp_path, "repro", "case.yaml", "-i", name, "-o", "s.py")
    assert done.code == 0, done.err
    run = [sys.executable, "s.py"]
    script = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "AssertionError: bias_gradient[0] is 0.0, exactly -0.5: off by 0.5" in script.stderr
