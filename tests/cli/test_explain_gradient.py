"""`xent-check explain --observed-gradient`: the reason for a gradient."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from xent_check.cli import group

X = np.array([[1.5, -0.25, 0.5, 2.0], [-1.0, 0.75, 3.0, 0.0]])
LABELS = [0, 2]
CASE = f"loss: sparse_categorical\nlogits: {X.tolist()}\nlabels: {LABELS}\n"
P = np.exp(X) / np.exp(X).sum(axis=1, keepdims=True)
EXACT = P - np.eye(4)[LABELS]


@pytest.fixture(autouse=True)
def _case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("case.yaml").write_text(CASE)


def pasted(numbers: Any) -> str:
    return str([[round(float(number), 6) for number in row] for row in numbers])


def explain(*arguments: str) -> Result:
    return CliRunner().invoke(group, ["explain", "case.yaml", *arguments])


@pytest.mark.parametrize(
    ("gradient", "ids"),
    [
        (EXACT, ["rounding"]),
        (EXACT / 2, ["mean"]),
        (EXACT / 4, ["divided-by-classes"]),
        (-EXACT, ["sign"]),
        (0 * EXACT, ["gradient-zero"]),
        (1024 * EXACT, ["scaled"]),
        (EXACT[::-1], []),
    ],
)
def test_the_reason_of_a_gradient_is_named(gradient: Any, ids: list[str]) -> None:
    result = explain("--observed-gradient", pasted(gradient), "--report", "json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert data["part"] == "gradient"
    assert [e["id"] for e in data["explanations"]] == ids


def test_the_entry_that_is_furthest_off_is_told() -> None:
    """It is the one of the largest slope: half of it is missing."""
    at = np.unravel_index(np.abs(EXACT).argmax(), EXACT.shape)
    lines = explain("--observed-gradient", f"torch={pasted(EXACT / 2)}").stdout.splitlines()
    start = "torch on case.yaml::case: the gradient is that of the mean, not of the losses"
    assert lines[0].startswith(f"{start} (the gradient at {list(map(int, at))} is ")


def test_numbers_in_one_row_are_the_gradient_too() -> None:
    flat = str([round(float(number), 6) for number in EXACT.reshape(-1) / 2])
    assert "that of the mean" in explain("--observed-gradient", flat).stdout


def test_two_gradients_are_held_against_each_other() -> None:
    arguments = ["--observed-gradient", f"a={pasted(EXACT)}"]
    arguments += ["--observed-gradient", f"b={pasted(EXACT / 2)}"]
    words = "what separates them: the gradient is that of the mean, not of the losses, in b and "
    assert explain(*arguments).stdout.splitlines()[1] == f"{words}not in a"


def test_a_gradient_and_losses_are_different_parts() -> None:
    losses = str([round(float(-np.log(P[i, label])), 7) for i, label in enumerate(LABELS)])
    lines = explain("--observed", f"a={losses}", "--observed-gradient", f"b={pasted(-EXACT)}")
    first, second = lines.stdout.splitlines()[:2]
    assert first == "a and b are different parts of the answer"
    assert second == "what separates them: the sign of the gradient is turned, in b and not in a"


@pytest.mark.parametrize(
    "text", ["[1, 2, 3]", "[[1, 2, 3, 4]]", "[[1, 2], [3, 4], [5, 6], [7, 8]]", "1.5"]
)
def test_another_shape_is_an_error_of_usage(text: str) -> None:
    result = explain("--observed-gradient", text)
    assert result.exit_code == 2
    assert "--observed-gradient: " in result.output
    assert "the 8 of a gradient with respect to logits: shape [2, 4]" in result.output


def test_eval_takes_a_gradient_too() -> None:
    arguments = ["eval", "--loss", "sparse_categorical", "--logits", str(X.tolist())]
    arguments += ["--labels", str(LABELS), "--observed-gradient", pasted(-EXACT)]
    assert "the sign of the gradient is turned" in CliRunner().invoke(group, arguments).stdout
