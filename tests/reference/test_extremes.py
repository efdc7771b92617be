"""Numbers at the edge of what a dtype holds: bounds stay finite and right, an infinity is told from
what rounds to it, and NumPy warns nobody."""

from __future__ import annotations

import math
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.random_problems import f64
from xent_check.problem.dtypes import largest, numpy_dtype, unit_roundoff
from xent_check.problem.evaluation import Computed
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DTYPES, DType
from xent_check.reference.bounds import Bounds, bounds
from xent_check.reference.bounds_in_parts import bounds_in_parts
from xent_check.reference.enclosure import Enclosure
from xent_check.reference.reference import Reference, reference
from xent_check.results.comparison import Comparison, compare

LARGEST = largest("float64")
EXTREMES = """
defaults:
  loss: sparse_categorical
  dtype: float64
  tolerance: auto
  reduction: [mean, sum, weighted_mean]
  check: [value, gradient]
cases:
  - {name: masked, logits: [[1, LOW, 0.5], [0, 1, LOW]], labels: [0, 1]}
  - {name: label, logits: [[0, LOW]], labels: [1]}
  - {name: ends, logits: [[HIGH, LOW, 0], [HIGH, LOW, 0]], labels: [0, 1]}
  - {name: smoothed, logits: [[1, LOW, 0.5]], labels: [0], label_smoothing: 0.1}
  - {name: soft, loss: categorical, logits: [[1, LOW, 0.5]], labels: [[0.5, 0.25, 0.25]]}
  - {name: soft-ends, loss: categorical, logits: [[HIGH, LOW, 0]], labels: [[0.5, 0.5, 0]]}
  - name: heavy
    logits: [[100, 0], [0, 100]]
    labels: [1, 0]
    sample_weight: [1.0e+308, -1.0e+308]
  - name: heavier
    logits: [[100, 0], [0, 100]]
    labels: [1, 0]
    sample_weight: [1.0e+306, 1.0e+306]
    class_weight: [1.0e+100, 1.0e-300]
  - {name: binary, loss: binary, logits: [HIGH, LOW, HIGH, LOW], labels: [0, 1, 1, 0.5]}
  - {name: binary-weights, loss: binary, logits: [HIGH, LOW], labels: [0, 1], pos_weight: 3}
  - name: binary-heavy
    loss: binary
    logits: [-1.0e+300, 2]
    labels: [1, 0.5]
    sample_weight: [1.0e+300, 1.0e+308]
  - {name: probs, loss: categorical, probs: [[TINY, 1]], labels: [[1, 0]], normalize: true}
  - {name: binary-probs, loss: binary, probs: [TINY, 0.9999999999999999], labels: [1, 0]}
  - {name: log-probs, loss: categorical, log_probs: [[LOW, 0]], labels: [[0.5, 0.5]]}
  - {name: binary-log-probs, loss: binary, log_probs: [LOW, -TINY, 0], labels: [1, 0, 1]}
  - {name: tiny-weight, logits: [[1, 2]], labels: [0], sample_weight: [TINY]}
  - {name: none, logits: [[.inf, 0], [-.inf, -.inf], [.nan, 1], [-.inf, 0]], labels: [0, 1, 0, 0]}
  - {name: float32, dtype: float32, logits: [[0, -3.4028234663852886e+38]], labels: [1]}
  - {name: float16, dtype: float16, logits: [[65504, -65504, 0]], labels: [2]}
"""
NUMBERS = {"LOW": f"-{LARGEST!r}", "HIGH": f"{LARGEST!r}", "TINY": "4.9406564584124654e-324"}


def masked() -> tuple[Problem, Reference, Bounds]:
    """The label masked by float64's lowest number: a loss of 1.8e308, a gradient of 1 and -1."""
    logits = f64([[1.0, -LARGEST, 0.5]])
    problem = Problem(
        "sparse_categorical", "logits", logits, np.array([1]), "float64", gradient=True
    )
    exact = reference(problem)
    return problem, exact, bounds(problem, exact)


def held(losses: Any, gradient: Any) -> Comparison:
    _, exact, allowed = masked()
    return compare(Computed(f64(losses), {}, "", 0.0, f64(gradient)), exact, "auto", None, allowed)


def test_the_bound_of_float64s_largest_loss_is_finite_and_small() -> None:
    _, _, allowed = masked()
    assert LARGEST * 2.0**-53 < allowed.losses[0] < LARGEST * 2.0**-47
    assert allowed.gradient is not None
    assert (allowed.gradient < 1e-13).all()


def test_a_problem_in_parts_has_finite_bounds_of_its_totals_too() -> None:
    """200,001 weights of 1e305 and -1e305: their sizes add up to more than float64 holds."""
    count = 200_001
    weights = np.where(np.arange(count) % 2, -1e305, 1e305)
    logits, labels = np.zeros((count, 2)), np.zeros(count, np.int64)
    problem = Problem(
        "sparse_categorical", "logits", logits, labels, "float64", sample_weight=weights
    )
    losses, zero = weights * math.log(2), np.zeros(())
    mean = Enclosure(np.asarray(math.log(2)), zero, zero)
    each = Enclosure(losses, 0 * losses, 0 * losses)
    exact = Reference(each, {"weighted_mean": mean}, {"weighted_mean": 1e305}, None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = bounds_in_parts(problem, exact)
    assert np.isfinite(found.losses).all()
    assert math.isfinite(found.totals["weighted_mean"])


def test_the_square_of_a_z_loss_that_a_weight_of_0_leaves_out_has_a_bound() -> None:
    """(1e200)^2 is beyond float64, and 0 times it is nothing."""
    problem = Problem(
        "sparse_categorical", "logits", f64([[1e200, 0.0], [0.0, 1.0]]), np.array([0, 0]),
        "float64", sample_weight=f64([0.0, 1.0]), z_loss=1.0, gradient=True,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = bounds(problem, reference(problem))
    assert (found.losses < 1e-13).all()
    assert found.gradient is not None
    assert (found.gradient < 1e-13).all()


def test_0_is_no_answer_for_the_largest_number() -> None:
    p = 1 / (1 + math.exp(-0.5))
    right = [[p, -1.0, 1 - p]]
    assert held([LARGEST], right).agrees_with_reference
    assert not held([0.0], right).agrees_with_reference
    assert not held([LARGEST / 2], right).agrees_with_reference
    assert not held([LARGEST], [[p, -0.999, 1 - p]]).agrees_with_reference


def near(dtype: DType, size: float, actual: float) -> bool:
    """Whether `actual` agrees under auto with a loss of `size`, allowed to be off by 4 u."""
    zero = np.zeros(1)
    exact = Reference(Enclosure(f64([size]), zero, zero), {}, {}, None)
    u = unit_roundoff(dtype)
    allowed = Bounds(f64([4 * u * abs(size)]), {}, None, {}, u)
    losses = np.array([actual]).astype(numpy_dtype(dtype))
    return compare(
        Computed(losses, {}, "", 0.0), exact, "auto", None, allowed
    ).agrees_with_reference


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_infinity_agrees_where_rounding_makes_one_of_the_exact_value(dtype: DType) -> None:
    top, u = largest(dtype), unit_roundoff(dtype)
    for size in (top, top * (1 - 2 * u)):
        assert near(dtype, size, math.inf)
        assert near(dtype, -size, -math.inf)
        assert near(dtype, size, size)
        assert not near(dtype, size, -math.inf)
        assert not near(dtype, size, 0.0)
    for size in (top * (1 - 16 * u), top / 2, 1.0):
        assert not near(dtype, size, math.inf)
    if dtype != "float64":
        assert near(dtype, top * 2, math.inf)
        assert near(dtype, top * (1 + u), top)
        assert not near(dtype, top * 2, top)


@pytest.mark.long
def test_no_warning_of_numpy_reaches_the_user(tmp_path: Path) -> None:
    text = EXTREMES
    for name, number in NUMBERS.items():
        text = text.replace(name, number)
    file, saved = tmp_path / "extremes.yaml", tmp_path / "saved.json"
    file.write_text(text, encoding="utf-8")
    baseline = str(tmp_path / "baseline.json")
    commands = [
        ["run", str(file), "-i", "stable", "-i", "manual", "-v", f"--report=json={saved}"],
        ["run", str(file), "-i", "stable", "--strict", f"--report=html={tmp_path / 'x.html'}"],
        ["judge", str(saved), "-v"],
        ["accept", str(file), "-i", "stable", "--baseline", baseline, "--because=x"],
        *(["explain", f"{file}::{name}", "-i", "manual"] for name in ("masked", "soft", "binary")),
    ]
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "xent_check", *command],
            capture_output=True, text=True, check=False, cwd=tmp_path,
        )  # fmt: skip
        assert "Warning" not in done.stderr, done.stderr
        assert done.returncode in (0, 1), done.stderr
