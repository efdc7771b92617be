"""The table says which losses of 16 bits each framework computes in float32: those, and no others,
are within one rounding of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from xent_check.casefile.loading import Filter, load
from xent_check.implementations.table import IMPLEMENTATIONS
from xent_check.reference.bounds import bounds
from xent_check.reference.bounds_inside import inside_float32
from xent_check.reference.reference import reference

pytestmark = pytest.mark.long

NAMES = ("keras", "tf", "torch", "jax", "optax", "keras-torch", "keras-jax")


def cases() -> Iterator[dict[str, Any]]:
    """Logits of N(0, 5), of few classes and of many; weights where they are a framework's own."""
    for dtype in ("float16", "bfloat16"):
        for n in (3, 40):
            shape, seed = [20, n], {"seed": n}
            logits = {"shape": shape, "random": "normal", "scale": 5, **seed}
            labels = {"shape": [20], "random": "integers", "low": 0, "high": n, **seed}
            hot = [row % n for row in range(20)]
            common = {"dtype": dtype, "logits": logits, "check": ["value", "gradient"]}
            yield common | {"loss": "sparse_categorical", "labels": labels}
            yield common | {"loss": "categorical", "labels": {"one_hot": hot, "num_classes": n}}
            yield common | {
                "loss": "binary",
                "labels": {"shape": shape, "random": "integers", "low": 0, "high": 2, **seed},
            }


Within = dict[tuple[str, str, str], list[tuple[bool, bool]]]


@pytest.fixture(scope="module")
def within(tmp_path_factory: pytest.TempPathFactory) -> Within:
    """By implementation, loss and dtype: whether the losses and the gradient are, of each case."""
    folder = tmp_path_factory.mktemp("inside")
    file, out = folder / "inside.yaml", folder / "out.json"
    named = [{"name": str(i), **case} for i, case in enumerate(cases())]
    defaults = {"tolerance": "auto"}
    file.write_text(json.dumps({"defaults": defaults, "cases": named}), encoding="utf-8")
    command = [sys.executable, "-m", "xent_check", "run", str(file), f"--report=json={out}", "-v"]
    for name in NAMES:
        command += ["-i", name, "--require", name]
    subprocess.run(command, check=False, capture_output=True, timeout=600)
    results = json.loads(out.read_text(encoding="utf-8"))["results"]
    made: Within = {}
    for posed in load((str(file),), Filter()):
        problem = posed.problem
        exact = reference(problem)
        allowed = inside_float32(problem, exact, bounds(problem, exact))
        assert allowed.gradient is not None
        of = [r for r in results if r["case"].endswith(f"::{posed.case.name}")]
        assert {r["implementation"] for r in of} >= set(NAMES)
        for r in of:
            losses = (np.array(r["abs_diff"]) <= allowed.losses).all()
            gradient = (np.array(r["gradient"]["abs_diff"]) <= allowed.gradient).all()
            key = (r["implementation"], problem.loss, problem.dtype)
            made.setdefault(key, []).append((bool(losses), bool(gradient)))
    return made


@pytest.mark.parametrize("name", NAMES)
def test_the_table_says_what_is_computed_in_float32(name: str, within: Within) -> None:
    declared = IMPLEMENTATIONS[name].in_float32
    said = {(loss, dtype) for (loss, _), dtypes in declared.items() for dtype in dtypes}
    for (who, loss, dtype), of in within.items():
        if who == name:
            so = (loss, dtype) in said
            assert all(losses for losses, _ in of) == so, (loss, dtype)
            assert all(gradient for _, gradient in of) or not so, (loss, dtype)
