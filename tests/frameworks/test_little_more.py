"""What an answer takes beside the framework's own call: no further program, no further package, and
no mode of the caller's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from xent_check import assert_agrees
from xent_check.implementations.adapters import jax as adapter
from xent_check.problem.problem import Problem

COMPILED = "/jax/core/compile/backend_compile_duration"  # recorded where XLA compiles
GRADIENT = """
import sys
import numpy as np
from xent_check.implementations.adapters.torch import evaluate
from xent_check.problem.problem import Problem
scores, labels = np.array([1.0, -2.0], np.float32), np.array([1.0, 0.0], np.float32)
answer = evaluate(Problem("binary", "logits", scores, labels, "float32", gradient=True), "", "cpu")
assert answer.gradient is not None
print("sympy" in sys.modules)
"""


@pytest.fixture
def compilations() -> Iterator[list[str]]:
    """The programs that JAX compiles meanwhile, by an event of each."""
    seen: list[str] = []
    jax.monitoring.register_event_duration_secs_listener(lambda event, *_, **__: seen.append(event))
    yield seen
    jax.monitoring.clear_event_listeners()


def problem(samples: int) -> Problem:
    scores, labels = np.linspace(-3, 3, samples), np.arange(samples) % 2
    return Problem(
        "binary", "logits", scores.astype(np.float32), labels.astype(np.float32), "float32"
    )


def test_jax_compiles_one_program_for_a_problem(compilations: list[str]) -> None:
    adapter.evaluate(problem(1234), "", "cpu")  # a length that no other test has
    assert compilations.count(COMPILED) == 1
    adapter.evaluate(problem(1234), "", "cpu")
    assert compilations.count(COMPILED) == 1


@pytest.mark.parametrize("x64", [True, False])
@pytest.mark.parametrize(
    "array",
    [
        np.linspace(-3, 3, 7, dtype=np.float32), np.linspace(-3, 3, 7),
        np.array([1, 2], np.float16)[::-1], np.arange(6).reshape(2, 3), np.array(2.5, np.float32),
        np.zeros((0, 4), np.float32), np.array([True, False]), np.arange(3, dtype=jnp.bfloat16),
    ],
    ids=lambda array: f"{array.dtype}{list(array.shape)}",
)  # fmt: skip
def test_an_array_is_what_jnp_asarray_makes_of_it(array: np.ndarray[Any, Any], x64: bool) -> None:
    with jax.enable_x64(x64):
        ours, theirs = adapter.FRAMEWORK.to_native(array, "cpu"), jnp.asarray(array)
        assert (ours.aval, ours.committed) == (theirs.aval, theirs.committed)
        assert np.asarray(ours).tobytes() == np.asarray(theirs).tobytes()


def test_a_gradient_of_pytorch_imports_no_sympy() -> None:
    told = subprocess.run(
        [sys.executable, "-c", GRADIENT], capture_output=True, text=True, check=True
    )
    assert told.stdout == "False\n"


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_a_gradient_is_taken_whatever_mode_the_caller_is_in(mode: Any) -> None:
    logits, labels = torch.tensor([[1.0, 2.0, 3.0], [0.5, 0.0, 0.5]]), torch.tensor([0, 1])

    def right(logits: Any, labels: Any) -> Any:
        return torch.nn.functional.cross_entropy(logits, labels, reduction="none")

    def detached_in_part(logits: Any, labels: Any) -> Any:
        return right(2 * logits - logits.detach(), labels)  # the right losses, twice the gradient

    asked: Any = {"logits": logits, "labels": labels, "check": ["value", "gradient"]}
    with mode():
        before = torch.is_grad_enabled(), torch.is_inference_mode_enabled()
        assert_agrees(right, **asked)
        with pytest.raises(AssertionError, match="gradient"):
            assert_agrees(detached_in_part, **asked)
        assert (torch.is_grad_enabled(), torch.is_inference_mode_enabled()) == before
