"""Losses of every framework, held against the exact value in the caller's process."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.console import ROOT

pytestmark = pytest.mark.long

TORCH = """
import numpy as np, torch, xent_check
from torch.nn.functional import cross_entropy
torch.manual_seed(0)
x, y = torch.randn(4, 5, requires_grad=True), torch.tensor([0, 1, 2, 3])
both = {"check": ["value", "gradient"], "tolerance": "auto"}
xent_check.assert_agrees(cross_entropy, logits=x, labels=y, dtypes=["float32", "bfloat16"], **both)
xent_check.assert_agrees(torch.nn.CrossEntropyLoss, logits=x.detach().numpy(), labels=y, **both)
for loss in ("sparse_categorical", "categorical"):
    xent_check.assert_agrees(cross_entropy, loss=loss)
    xent_check.assert_agrees(lambda a, b: cross_entropy(a, b), loss=loss)  # the mean alone
mean = {"logits": x, "labels": y, "reduction": "mean"}
xent_check.assert_agrees(lambda a, b: cross_entropy(a, b), **mean)
weighed = {**mean, "check": ["value", "gradient"], "cotangent": [1.0, 2.0, 3.0, 4.0]}
assert xent_check.check(lambda a, b: cross_entropy(a, b), **weighed).verdict == "agrees"
def of_numpy(logits, labels):  # its module imports torch, and it is given what was passed
    assert type(logits) is np.ndarray, type(logits)
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    return -np.log(p[np.arange(len(labels)), labels])
xent_check.assert_agrees(of_numpy, logits=x.detach().numpy(), labels=y)
def of_torch(a, b):
    assert type(a) is torch.Tensor, type(a)
    return cross_entropy(a, b, reduction="none")
xent_check.assert_agrees(of_torch, logits=x, labels=y.numpy())
report = xent_check.check(of_numpy, logits=x.detach().numpy(), labels=y, framework="torch")
print(report.verdict, report.results[0].reason[:60])
assert x.grad is None and x.requires_grad
def zero(a, b):
    return cross_entropy(a, b, reduction="none") * 0
try:
    xent_check.assert_agrees(zero, logits=x, labels=y)
except AssertionError as error:
    print(str(error).splitlines()[0][:60])
"""
JAX = """
import jax, jax.numpy as jnp, optax, xent_check
loss = optax.softmax_cross_entropy_with_integer_labels
x, y = jnp.arange(12.0).reshape(3, 4) / 7, jnp.array([0, 1, 2])
both = {"check": ["value", "gradient"], "tolerance": "auto"}
xent_check.assert_agrees(loss, logits=x, labels=y, dtypes=["float32", "float64"], **both)
jitted = jax.jit(loss, static_argnames="axis")  # a third of what each operation alone takes
xent_check.assert_agrees(jitted, logits=x, labels=y, **both)
xent_check.assert_agrees(jitted, loss="sparse_categorical")
try:
    xent_check.assert_agrees(jax.jit(loss), logits=x.T, labels=y, class_axis=0)
except AssertionError as error:
    print("static_argnames leaves out options" in str(error))
print(jax.config.jax_enable_x64, loss(x, y).dtype)
"""
TENSORFLOW = """
import tensorflow as tf, xent_check
x, y = tf.constant([[1.0, 2.0, 3.0], [0.5, 0.25, 0.0]]), tf.constant([0, 2])
def loss(y_true, y_pred):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(y_true, y_pred)
both = {"check": ["value", "gradient"], "tolerance": "auto"}
xent_check.assert_agrees(loss, logits=x, labels=y, dtypes=["float32", "bfloat16"], **both)
xent_check.assert_agrees(loss, loss="sparse_categorical")
print(xent_check.check(loss, logits=x, labels=y).verdict)
"""


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        pytest.param(
            TORCH,
            [
                "failed AssertionError: <class 'torch.Tensor'>",
                "zero diverges on arrays::sparse_categorical, 4 of 4 samples",
            ],
            id="torch",
        ),
        pytest.param(JAX, ["True", "False float32"], id="jax"),
        pytest.param(TENSORFLOW, ["agrees"], id="tensorflow"),
    ],
)
def test_a_loss_of_a_framework_is_asked_here(code: str, printed: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    lines = done.stdout.splitlines()
    assert [line[: len(start)] for line, start in zip(lines, printed, strict=True)] == printed, (
        done.stdout + done.stderr
    )
