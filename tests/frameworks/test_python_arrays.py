"""Arrays of every framework are taken by the Python API as they are, in a process of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.console import ROOT

pytestmark = pytest.mark.long

COMMON = """
import xent_check
from xent_check.casefile.in_memory import case_in_memory
problem = case_in_memory({"logits": x, "labels": y}).problem
print(problem.loss, problem.dtype, problem.values.astype(float).tolist(), problem.labels.tolist())
named = case_in_memory({"logits": [[0.5]], "labels": [0], "dtype": x.dtype}).problem.dtype
said = xent_check.explain(total, logits=x, labels=y, dtype="float64")
print(named, [e.id for e in said.explanations])
"""
TORCH = """
import torch
x = torch.tensor([[0.5, 0.25], [1.0, -2.0]], dtype=torch.bfloat16, requires_grad=True)
y = torch.tensor([0, 1])
total = torch.nn.functional.cross_entropy(x.double(), y, reduction="sum")
"""
TENSORFLOW = """
import tensorflow as tf
x = tf.Variable([[0.5, 0.25], [1.0, -2.0]], dtype=tf.bfloat16)
y = tf.constant([0, 1])
scores = tf.cast(x, tf.float64)
total = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(y, scores))
"""
JAX = """
import jax
jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
x = jnp.array([[0.5, 0.25], [1.0, -2.0]], dtype=jnp.bfloat16)
y = jnp.array([0, 1])
logs = jax.nn.log_softmax(x.astype(jnp.float64))
total = -(logs[0, 0] + logs[1, 1])
"""


@pytest.mark.parametrize("code", [TORCH, TENSORFLOW, JAX], ids=["torch", "tensorflow", "jax"])
def test_a_tensor_is_its_numbers(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code + COMMON], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == [
        "sparse_categorical bfloat16 [[0.5, 0.25], [1.0, -2.0]] [0, 1]",
        "bfloat16 ['sum']",
    ], done.stderr
