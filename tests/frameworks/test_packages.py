"""Losses of published packages, each named by one `-i` and wrapped by nothing.

Triton kernels run in Triton's interpreter, without a GPU.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import ROOT, assert_as_run
from tests.support.environments import installed

pytestmark = [pytest.mark.long, pytest.mark.packages]

LIGER = "liger_kernel.transformers.functional:liger_cross_entropy"
LIGER_CLASS = "liger_kernel.transformers:LigerCrossEntropyLoss"
CAUSAL = "transformers.loss.loss_utils:ForCausalLMLoss"
LINEAR = "torch.nn.functional:linear_cross_entropy"

CASES = """\
defaults:
  loss: sparse_categorical
  logits: [[2.0, 1.0, 0.1], [0.5, 2.5, 0.3], [-1.0, 0.0, 4.0]]
  labels: [0, 1, 1]
  reduction: mean
  check: [value, gradient]
  tolerance: auto
cases:
  - {name: plain}
  - {name: padded, labels: [0, -100, 1], ignore_index: -100}
  - {name: smoothed, label_smoothing: 0.25}
  - {name: tokens, logits: {shape: [2, 3, 70], random: normal}, labels: [[0, 1, 69], [3, 4, 5]]}
  - {name: equal-1e8, logits: [[1.0e+8, 1.0e+8]], labels: [0]}
  - {name: float64, dtype: float64}
  - {name: unchanged, check: [value, gradient, inputs]}
"""


@pytest.fixture(scope="session")
def there(request: pytest.FixtureRequest) -> Path:
    """Where Liger-Kernel, Triton and transformers are, beside our PyTorch."""
    packages = ("liger-kernel==0.8.5", "triton==3.9.0", "transformers==5.24.0")
    return installed(request.config, "packages", *packages, beside_ours=True)


def asked(
    there: Path, folder: Path, *names: str, cases: str = CASES, more: tuple[str, ...] = ()
) -> tuple[Any, str]:
    """The JSON report of the cases, and what went to standard error."""
    (folder / "cases.yaml").write_text(cases)
    command = [sys.executable, "-m", "xent_check", "run", "cases.yaml", "--report", "json"]
    command += [*(part for name in names for part in ("-i", name)), *more]
    done = subprocess.run(
        [*command, "--python", str(there), "--env", "TRITON_INTERPRET=1"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1, 4), done.stderr
    return json.loads(done.stdout), done.stderr


def by_case(report: Any, name: str) -> dict[str, Any]:
    return {
        r["case"].rpartition("::")[2]: r for r in report["results"] if r["implementation"] == name
    }


def ids(result: Any) -> set[str]:
    return {one["id"] for one in result["explanation"]}


@pytest.fixture(scope="module")
def report(there: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return asked(there, tmp_path_factory.mktemp("packages"), LIGER, LIGER_CLASS, CAUSAL, LINEAR)[0]


@pytest.mark.parametrize("name", [LIGER, LIGER_CLASS])
def test_a_triton_kernel_is_compared_without_a_gpu(name: str, report: Any) -> None:
    found = by_case(report, name)
    for case in ("plain", "padded", "smoothed", "tokens"):
        assert found[case]["status"] == "agrees", found[case]
        assert found[case]["gradient"]["status"] == "agrees"


@pytest.mark.parametrize("name", [LIGER, LIGER_CLASS])
def test_liger_takes_a_label_from_a_log_sum_exp_as_large(name: str, report: Any) -> None:
    """Two equal logits have the loss log 2, whatever they are."""
    equal = by_case(report, name)["equal-1e8"]
    assert (equal["status"], equal["losses"]) == ("diverges", [0.0])
    assert equal["reference"] == pytest.approx([0.6931471805599453], rel=1e-15)
    assert "not-shift-safe" in ids(equal)


@pytest.mark.parametrize("name", [LIGER, LIGER_CLASS])
def test_liger_writes_its_gradient_where_the_logits_were(name: str, report: Any) -> None:
    unchanged = by_case(report, name)["unchanged"]
    assert (unchanged["status"], unchanged["gradient"]["status"]) == ("diverges", "agrees")
    assert "input-overwritten" in ids(unchanged)


@pytest.mark.parametrize("name", [LIGER, LIGER_CLASS, CAUSAL])
def test_what_computes_float64_in_float32_diverges(name: str, report: Any) -> None:
    wide = by_case(report, name)["float64"]
    assert wide["status"] == "diverges"
    assert "dtype" in ids(wide)


def test_the_loss_of_causal_models_gives_a_mean_alone(report: Any) -> None:
    """Labels that are shifted already meet the scores of their own place."""
    found = by_case(report, CAUSAL)
    for case in ("plain", "padded", "tokens", "equal-1e8"):
        assert found[case]["status"] == "agrees", found[case]
        assert found[case]["totals"]["mean"]["status"] == "agrees"
        assert "shift_labels=labels" in found[case]["call"]
    assert found["smoothed"]["status"] == "unsupported"


def test_the_loss_of_causal_models_departs_from_the_shipped_cases_as_they_declare(
    there: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "xent_check", "run", "corpus:", "-i", CAUSAL, "--report", "json",
         "--python", str(there)],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": os.getcwd()}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["results"]
    numbers = Counter(r["status"] for r in found if r["implementation"] == CAUSAL)
    assert numbers.keys() == {"agrees", "known", "unsupported"}
    assert numbers["agrees"] > 150


SHIFTED_CASES = """\
defaults:
  loss: sparse_categorical
  logits: {shape: [2, 6, 70], random: normal}
  labels: [[99, 1, 69, 3, 4, 5], [7, 8, 2, -100, -100, -100]]
  ignore_index: -100
  shift: 1
  reduction: mean
  check: [value, gradient]
  tolerance: auto
cases:
  - {name: shifted}
  - {name: items, num_items: 5}
  - {name: twice, shift: 2}
"""


def test_the_loss_of_causal_models_shifts_by_itself(there: Path, tmp_path: Path) -> None:
    built_in = ("--fixed", "shift=1", "--set", "vocab_size=num_classes")
    found = by_case(asked(there, tmp_path, CAUSAL, cases=SHIFTED_CASES, more=built_in)[0], CAUSAL)
    for case in ("shifted", "items"):
        assert found[case]["status"] == "agrees", found[case]
        assert found[case]["gradient"]["status"] == "agrees"
        assert "shift_labels" not in found[case]["call"]
    assert found["twice"]["status"] == "unsupported"


def test_a_linear_layer_inside_is_no_loss_of_logits(report: Any) -> None:
    for result in by_case(report, LINEAR).values():
        assert result["status"] == "unsupported"
        assert "takes input and the weight of a last layer, no scores" in result["reason"]


def test_the_page_on_triton_shows_what_comes_out(there: Path, tmp_path: Path) -> None:
    page = ROOT / "docs" / "how-to" / "triton.md"
    assert_as_run(page, tmp_path, links={".venv-triton": there})
