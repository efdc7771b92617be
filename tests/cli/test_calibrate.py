"""`xent-check calibrate`, of NumPy."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.support.command import completed


def run(folder: Path, *arguments: str) -> Any:
    return completed(folder, "calibrate", *arguments, COLUMNS="100", XENT_CHECK_CACHE=str(folder))


def test_numpy_rounds_16_bits_correctly(tmp_path: Path) -> None:
    """It computes them in float32 and rounds once: an error of at most u, and a little."""
    done = run(
        tmp_path, "-i", "stable", "--dtype", "float16", "--report", "table",
        "--report", f"json={tmp_path / 'a.json'}",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^stable +\S+ +float16 +63,488 .* kept\s+kept$", done.stdout, re.MULTILINE)
    calibrations = json.loads((tmp_path / "a.json").read_text())["calibrations"]
    assert [c["function"] for c in calibrations] == ["exp", "log", "log1p", "expm1", "tanh"]
    assert all(0.9 < c["error"] < 1.01 for c in calibrations)


def test_what_is_no_framework_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path, "-i", "keras")
    assert done.returncode == 2
    assert "'keras' is not one of 'torch', 'tf', 'jax', 'stable'" in done.stderr
