"""Two releases of one framework, each in an environment of its own, in one run of the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.environments import NUMPY, environment, installed
from xent_check.implementations.interpreters import interpreter

pytestmark = pytest.mark.long

OLD = "0.9.0"

CASES = """\
defaults:
  loss: sparse_categorical
  logits: [[2.0, 1.0, 0.1], [0.5, 2.5, 0.3], [-1.0, 0.0, 4.0]]
  labels: [0, 1, 1]
  reduction: mean
  check: [value, gradient]
cases:
  - {name: narrow, dtype: bfloat16, tolerance: {ulps: 8}}
  - {name: usual}
  - {name: wide, dtype: float64}
  - name: of-the-old-release
    expect:
      jax: {losses: [9.0, 9.0, 9.0], because: it is said of the old release, versions: "<0.10"}
"""


@pytest.fixture(scope="session")
def old_jax(request: pytest.FixtureRequest) -> Path:
    """An environment with an older release of JAX and what that needs; kept between runs."""
    name = f"jax_{OLD}".replace(".", "_")
    return installed(request.config, name, f"jax=={OLD}", f"jaxlib=={OLD}")


def run(folder: Path, *arguments: str) -> Any:
    """The JSON report of the command on the cases above."""
    (folder / "cases.yaml").write_text(CASES)
    done = subprocess.run(
        [sys.executable, "-m", "xent_check", "run", "cases.yaml", "--report", "json", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def test_two_releases_of_jax_stand_in_one_report(old_jax: Path, tmp_path: Path) -> None:
    report = run(tmp_path, "-i", "jax", "--python", f"jax[old]={old_jax}")
    hosts = report["environment"]["implementations"]
    assert hosts["jax[old]"]["version"] == OLD != hosts["jax"]["version"]
    assert hosts["jax[old]"]["python"].endswith(f" at {old_jax / 'bin' / 'python'}")
    statuses = {
        (r["case"].split("::")[1], r["implementation"]): r["status"] for r in report["results"]
    }
    agreeing = {(case, i): "agrees" for case in ("narrow", "usual", "wide") for i in hosts}
    of_the_old = {
        ("of-the-old-release", "jax"): "agrees",
        ("of-the-old-release", "jax[old]"): "diverges",  # it does not give what was said of it
    }
    assert statuses == agreeing | of_the_old


def test_nothing_of_ours_is_installed_there(old_jax: Path) -> None:
    packages = {path.name.partition("-")[0] for path in old_jax.rglob("*.dist-info")}
    assert packages == {"jax", "jaxlib", "ml_dtypes", "numpy", "opt_einsum", "scipy"}
    assert interpreter(str(old_jax / "bin" / "python")).modules == {"jax", "numpy"}


def test_torch_answers_in_bfloat16_without_ml_dtypes(tmp_path: Path) -> None:
    """Its environment has the framework, what that imports, and NumPy."""
    torch = ("torch", "torchgen", "functorch", "typing_extensions.py", "sympy", "mpmath")
    bare = environment(tmp_path / "bare", *NUMPY, *torch, torch="2.0.0")
    report = run(tmp_path, "-k", "narrow", "-i", "torch", "--python", f"torch[bare]={bare}")
    ours, bares = report["results"]
    assert (ours["implementation"], bares["implementation"]) == ("torch", "torch[bare]")
    assert bares["dtype"] == "bfloat16"
    for part in ("status", "losses", "totals", "gradient", "dtype"):
        assert ours[part] == bares[part]


def test_what_became_of_each_answer_is_told(old_jax: Path, tmp_path: Path) -> None:
    report = run(tmp_path, "-i", "jax", "--python", f"jax[old]={old_jax}")
    [variants] = report["variants"]
    assert (variants["before"], variants["after"]) == ("jax[old]", "jax")
    assert variants["same"] + len(variants["changes"]) == 4
    assert {change["kind"] for change in variants["changes"]} <= {"drifted", "new", "fixed"}


def test_explain_asks_the_old_release_too(old_jax: Path, tmp_path: Path) -> None:
    (tmp_path / "cases.yaml").write_text(CASES)
    both = ("-i", "jax", "-i", "jax[old]", "--python", f"jax[old]={old_jax}")
    done = subprocess.run(
        [sys.executable, "-m", "xent_check", "explain", "cases.yaml::usual", *both],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "jax[old]" in done.stdout
