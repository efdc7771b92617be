"""One truth: nobody pairs the exact value with bounds of their own."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import xent_check
from xent_check.problem.problem import Problem
from xent_check.reference.bounds import bounds
from xent_check.reference.truth import truth

PACKAGE = Path(xent_check.__file__).parent
MAKERS = {"reference", "bounds", "bounds_in_parts", "inside_float32"}


def test_the_truth_is_the_exact_value_with_the_bounds_of_the_dtype() -> None:
    """Of two equal logits, log 2: log(2) to 30 digits, from OEIS A002162."""
    logits = np.zeros((1, 2), np.float32)
    problem = Problem(
        "sparse_categorical", "logits", logits, np.array([0]), "float32", reductions=("mean",)
    )
    exact = truth(problem)
    high, low = exact.reference.losses.high[0], exact.reference.losses.low[0]
    assert high + low == 0.693147180559945309417232121458
    assert exact.reference.totals.keys() == exact.bounds.totals.keys() >= {"mean"}
    assert exact.bounds.losses == bounds(problem, exact.reference).losses
    assert exact.bounds.u == 2.0**-24


@pytest.mark.long
def test_nobody_else_makes_a_reference_or_bounds() -> None:
    """Outside the room of the reference only the truth of a problem is asked for."""
    calls = {
        (file.name, node.func.id)
        for file in PACKAGE.rglob("*.py")
        if file.parent.name != "reference"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert ("run.py", "truth") in calls
    assert not {call for call in calls if call[1] in MAKERS}
