"""`tolerance: auto` over the grid it was validated on: no correct implementation fails; what is not
shift-safe does, and what clips, and the log of a softmax that became 0."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.frameworks.grid import CLASS_COUNTS, SHIFT_SAFE, grid, layer_grid

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, Any]]:
    return answers(tmp_path_factory.mktemp("grid"), grid(), (*SHIFT_SAFE, "optax", "manual"))


def answers(
    folder: Path, cases: Iterable[dict[str, Any]], names: Sequence[str]
) -> dict[tuple[str, str], dict[str, Any]]:
    """What each implementation answers to each case, from a run's JSON."""
    defaults = {"tolerance": "auto", "reduction": ["mean", "sum"], "check": ["value", "gradient"]}
    file, out = folder / "grid.yaml", folder / "out.json"
    file.write_text(json.dumps({"defaults": defaults, "cases": list(cases)}))
    command = [sys.executable, "-m", "xent_check", "run", str(file), f"--report=json={out}"]
    for name in names:
        command += ["-i", name, "--require", name]
    subprocess.run(command, check=False, capture_output=True, timeout=900)
    report = json.loads(Path(out).read_text())
    return {(r["case"].split("::")[1], r["implementation"]): r for r in report["results"]}


@pytest.mark.parametrize("name", SHIFT_SAFE)
def test_no_shift_safe_implementation_exceeds_the_bound(
    name: str, results: dict[tuple[str, str], dict[str, Any]]
) -> None:
    mine = {case: r for (case, implementation), r in results.items() if implementation == name}
    assert len(mine) == len(list(grid()))
    assert {case: r["status"] for case, r in mine.items() if r["status"] != "agrees"} == {}
    worst = max(r["share_of_bound"] for r in mine.values())
    assert 0.05 < worst <= 1  # a bound that nothing comes near would say nothing


def test_no_shift_safe_implementation_exceeds_the_bound_of_a_last_layer(tmp_path: Path) -> None:
    """Losses, totals and three gradients."""
    found = answers(tmp_path, layer_grid(), SHIFT_SAFE)
    assert len(found) == len(SHIFT_SAFE) * len(list(layer_grid()))
    assert {key: r["status"] for key, r in found.items() if r["status"] != "agrees"} == {}
    for name in SHIFT_SAFE:
        worst = max(r["share_of_bound"] for (_, who), r in found.items() if who == name)
        assert 0.05 < worst <= 1


@pytest.mark.parametrize("n", CLASS_COUNTS)
def test_optaxs_integer_labels_are_caught_at_common_offsets(
    n: int, results: dict[tuple[str, str], dict[str, Any]]
) -> None:
    for offset in (10_000, 1_000_000):
        result = results[f"offset-{offset} n={n} float32", "optax"]
        assert result["status"] == "diverges"


@pytest.mark.parametrize("scale", [30, 100])
@pytest.mark.parametrize("n", [2, 10, 100])
def test_the_textbook_formula_is_caught_on_large_logits(
    n: int, scale: int, results: dict[tuple[str, str], dict[str, Any]]
) -> None:
    assert results[f"normal-{scale} n={n} float32", "manual"]["status"] == "diverges"


def test_kerass_clip_is_caught(tmp_path: Path) -> None:
    file, out = tmp_path / "clip.yaml", tmp_path / "out.json"
    probs = [[1.0, 0.0], [0.99999999, 1e-8]]
    spec = {"loss": "sparse_categorical", "probs": probs, "labels": [1, 1], "tolerance": "auto"}
    file.write_text(json.dumps(spec))
    command = [sys.executable, "-m", "xent_check", "run", str(file), f"--report=json={out}"]
    done = subprocess.run([*command, "-i", "keras"], check=False, capture_output=True, timeout=300)
    assert done.returncode == 1
    (result,) = json.loads(out.read_text())["results"]
    assert result["diverging_samples"] == 2
