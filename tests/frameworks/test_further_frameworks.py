"""The frameworks outside the default set, through the real command, where they are installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Command, xent_check
from xent_check.implementations.names import parse, why_missing

pytestmark = pytest.mark.long

NAMES = ("onnx", "sklearn", "mlx", "paddle")
# Ordinary numbers under `auto`: each framework agrees on the cases of the losses that it has.
CASES = """\
defaults:
  tolerance: auto
  reduction: [mean, sum]
  check: [value, gradient]
cases:
  - name: sparse-logits
    loss: sparse_categorical
    logits: [[2.0, 1.0, 0.1], [0.5, 2.5, 0.3], [-1.0, 0.0, 4.0]]
    labels: [0, 1, 1]
  - name: sparse-probs
    loss: sparse_categorical
    probs: [[0.5, 0.25, 0.25], [0.125, 0.75, 0.125]]
    labels: [0, 1]
  - name: one-hot-logits
    loss: categorical
    logits: [[2.0, 1.0, 0.1], [0.5, 2.5, 0.3]]
    labels: [[1, 0, 0], [0, 0, 1]]
  - name: one-hot-probs
    loss: categorical
    probs: [[0.5, 0.25, 0.25], [0.125, 0.75, 0.125]]
    labels: [[1, 0, 0], [0, 0, 1]]
  - name: binary-logits
    loss: binary
    logits: [[2.0, -1.0], [0.1, 0.5]]
    labels: [[1, 0], [1, 1]]
  - name: binary-probs
    loss: binary
    probs: [[0.5, 0.25], [0.75, 0.125]]
    labels: [[1, 0], [1, 1]]
  - name: axis-1
    loss: sparse_categorical
    class_axis: 1
    logits: [[[2.0, 1.0], [0.5, 0.1], [1.5, 0.3]], [[2.0, 1.0], [0.5, 0.1], [1.5, 0.3]]]
    labels: [[0, 1], [2, 0]]
"""
COMPUTED = {
    "onnx": {"sparse-logits", "axis-1"},
    "sklearn": {"sparse-probs", "one-hot-probs", "binary-probs"},
    "mlx": {"sparse-logits", "one-hot-logits", "binary-logits", "binary-probs", "axis-1"},
    "paddle": {"sparse-logits", "one-hot-logits", "binary-logits", "binary-probs", "axis-1"},
}
SHIPPED = ("corpus:forum", "corpus:behaviour", "corpus:options")
DIFFERENTIATES = {"mlx", "paddle"}


def require(name: str) -> None:
    """Skip where it is not installed; fail where XENT_CHECK_FURTHER says that it is."""
    why = why_missing(parse(name))
    if why is not None and name in os.environ.get("XENT_CHECK_FURTHER", "").split(","):
        pytest.fail(why)
    if why is not None:
        pytest.skip(why)


@pytest.fixture
def command(tmp_path: Path) -> Command:
    command = Command(tmp_path)
    command.cases.write_text(CASES)
    return command


def by_case(report: Any) -> dict[str, Any]:
    return {r["case"].rpartition("::")[2]: r for r in report["results"]}


@pytest.mark.parametrize("name", NAMES)
def test_it_agrees_on_what_it_computes_and_says_the_rest(name: str, command: Command) -> None:
    require(name)
    found = by_case(command.report("-i", name))
    agrees = {case for case, result in found.items() if result["status"] == "agrees"}
    assert agrees == COMPUTED[name]
    assert {found[case]["status"] for case in found.keys() - agrees} == {"unsupported"}
    for case in agrees:
        assert {t["status"] for t in found[case]["totals"].values()} == {"agrees"}
        if name in DIFFERENTIATES:
            assert found[case]["gradient"]["status"] == "agrees"


@pytest.mark.parametrize(("name", "part"), [("onnx", "gradient"), ("sklearn", "losses")])
def test_a_part_that_it_does_not_give_fails_under_strict(
    name: str, part: str, command: Command
) -> None:
    require(name)
    done = command.run("-i", name, "--strict", "-k", "sparse")
    assert done.returncode == 1
    assert part in done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_on_the_shipped_cases_it_agrees_or_is_declared(name: str, tmp_path: Path) -> None:
    require(name)
    report = Command(tmp_path).report("-i", name, paths=SHIPPED)
    wrong = [r for r in report["results"] if r["status"] in ("diverges", "failed")]
    assert [(r["case"], r["status"], r["losses"]) for r in wrong] == []
    assert report["summary"]["known"] > 20


SPARSE = "loss: sparse_categorical, logits: {shape: [3, 5], random: normal}, labels: [0, 4, 2]"
PROBS = "loss: sparse_categorical, probs: [[0.5, 0.25, 0.25], [0.125, 0.75, 0.125]], labels: [0, 1]"
LAYOUTS = f"""\
defaults:
  tolerance: auto
  check: [value, gradient, inputs]
  reduction: mean
cases:
  - {{name: transposed, {SPARSE}, layout: transposed}}
  - {{name: sliced, {SPARSE}, layout: sliced}}
  - {{name: reversed, {SPARSE}, layout: reversed}}
  - {{name: transposed-probs, {PROBS}, layout: transposed}}
  - {{name: reversed-probs, {PROBS}, layout: reversed}}
  - {{name: binary, loss: binary, probs: [[0.5, 0.25]], labels: [[1, 0]], layout: sliced}}
  - {{name: expanded-cotangent, {SPARSE}, cotangent: {{expanded: 0.5}}}}
  - {{name: sliced-cotangent, {SPARSE}, cotangent: {{sliced: [1, -2, 0.5]}}}}
"""
_COTANGENTS = {"expanded-cotangent", "sliced-cotangent"}
LAID_OUT = {
    "onnx": _COTANGENTS,  # it takes no gradients, and the cotangent concerns those alone
    "sklearn": {"transposed-probs", "reversed-probs"},  # reshaped arrays are copies
    "mlx": {"transposed", "sliced", "reversed", "binary", *_COTANGENTS},
    "paddle": {"transposed", "sliced", "binary", *_COTANGENTS},
}


@pytest.mark.parametrize("name", NAMES)
def test_arrays_that_are_not_contiguous_agree_where_it_has_them(
    name: str, command: Command
) -> None:
    require(name)
    command.cases.write_text(LAYOUTS)
    found = by_case(command.report("-i", name))
    agrees = {case for case, result in found.items() if result["status"] == "agrees"}
    assert agrees == LAID_OUT[name]
    assert {found[case]["status"] for case in found.keys() - agrees} == {"unsupported"}


def test_scikit_learn_s_loss_is_found_out_by_its_name_alone(tmp_path: Path) -> None:
    """Labels first, of NumPy, a mean alone, over the weights where samples have some."""
    require("sklearn")
    command = Command(tmp_path)
    report = command.report("-i", "sklearn.metrics:log_loss", paths=SHIPPED)
    summary = report["summary"]
    assert (summary["diverges"], summary["failed"], summary["exit_code"]) == (0, 0, 0)
    assert summary["agrees"] > 100
    said = command.run("-i", "sklearn.metrics:log_loss", paths=SHIPPED).stdout
    for part in ("binary from probs, the mean alone", "sparse_categorical from probs, the mean"):
        assert part in " ".join(said.split())


@pytest.mark.parametrize(
    ("name", "case", "printed"),
    [
        ("onnx", "corpus:behaviour/tiny_loss.yaml::gap-20-relative", "losses[0] is -0.0"),
        ("sklearn", "corpus:forum/clipped.yaml::softmax-that-underflowed", "mean is 36.0436"),
        ("mlx", "corpus:behaviour/dtypes.yaml::everyday-float64", "gradient[0, 1] is 0.2447284"),
        ("paddle", "corpus:forum/paddle.yaml::losses-above-64", "losses[0] is 64.0"),
    ],
)
def test_its_script_shows_the_divergence(
    name: str, case: str, printed: str, tmp_path: Path
) -> None:
    require(name)
    script = xent_check(tmp_path, "repro", case, "-i", name)
    assert script.code == 0, script.err
    code = f"import sys; sys.modules['xent_check'] = None\n{script.out}"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert told.returncode == 1
    assert "AssertionError" in told.stderr
    assert printed in told.stderr
