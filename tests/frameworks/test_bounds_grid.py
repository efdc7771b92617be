"""`tolerance: auto` over the grid it was validated on: no correct implementation fails; what is not
shift-safe does, and what clips, and the log of a softmax that became 0."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CLASS_COUNTS = (2, 3, 5, 10, 100, 1000, 32000)
SHIFT_SAFE = ("keras", "tf", "torch", "jax", "stable")


def grid() -> Iterator[dict[str, Any]]:
    """Normal logits of four sizes, confident ones, common offsets; float32 up to 32,000 classes."""
    for n in CLASS_COUNTS:
        for scale in (1, 10, 30, 100):
            yield case(f"normal-{scale}", n, "float32", {"random": "normal", "scale": scale})
        for offset in (10_000, 1_000_000):
            logits = {"random": "normal", "scale": 5, "loc": offset}
            yield case(f"offset-{offset}", n, "float32", logits)
        yield confident(n)
        yield soft(n)
    for dtype in ("float64", "float16", "bfloat16"):
        for n in (2, 10, 100):
            for scale in (1, 10, 30):
                yield case(f"normal-{scale}", n, dtype, {"random": "normal", "scale": scale})


def case(name: str, n: int, dtype: str, logits: dict[str, Any]) -> dict[str, Any]:
    samples = max(4, min(200, 100_000 // n))
    return {
        "name": f"{name} n={n} {dtype}",
        "loss": "sparse_categorical",
        "dtype": dtype,
        "logits": {"shape": [samples, n], "seed": n, **logits},
        "labels": {"shape": [samples], "random": "integers", "low": 0, "high": n, "seed": n + 1},
    }


def confident(n: int) -> dict[str, Any]:
    """The label's logit 10 above the rest: one-hot logits, scaled."""
    rows = [[10.0 if i == row % n else 0.0 for i in range(n)] for row in range(4)]
    if n > 100:
        return case("equal", n, "float32", {"random": "normal", "scale": 0.01})
    made = case("confident", n, "float32", {})
    labels = [row % n for row in range(4)]
    return made | {"logits": rows, "labels": labels}


def soft(n: int) -> dict[str, Any]:
    made = case("soft", n, "float32", {"random": "normal", "scale": 10})
    samples = made["logits"]["shape"][0]
    labels = {"shape": [samples, n], "random": "uniform", "low": 0, "high": 2 / n, "seed": n}
    # the labels do not sum to 1, and tf.nn's gradient is right for those that do alone
    return made | {"loss": "categorical", "labels": labels, "check": "value"}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, Any]]:
    folder = tmp_path_factory.mktemp("grid")
    defaults = {"tolerance": "auto", "reduction": ["mean", "sum"], "check": ["value", "gradient"]}
    file, out = folder / "grid.yaml", folder / "out.json"
    file.write_text(json.dumps({"defaults": defaults, "cases": list(grid())}))
    command = [sys.executable, "-m", "xent_check", "run", str(file), f"--report=json={out}"]
    for name in (*SHIFT_SAFE, "optax", "manual"):
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
