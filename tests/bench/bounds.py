"""`tolerance: auto` at the vocabulary of a large language model: 128,256 classes, float32.

    python -m tests.bench.bounds

Prints each implementation's worst share of the bound over the grid's modes. Exits 1 where a
shift-safe implementation exceeds it, or where optax's integer labels pass at a common offset.
Needs every framework.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.frameworks.grid import SHIFT_SAFE, case

CLASSES = 128_256


def main() -> int:
    """Run the grid through the real command and judge it."""
    cases = [
        case(f"normal-{scale}", CLASSES, "float32", {"random": "normal", "scale": scale})
        for scale in (1, 10, 30, 100)
    ]
    offset = {"random": "normal", "scale": 5, "loc": 1_000_000}
    cases.append(case("offset-1000000", CLASSES, "float32", offset))
    results = _results({"tolerance": "auto", "reduction": ["mean", "sum"]}, cases)
    missed = 0
    for name in (*SHIFT_SAFE, "optax"):
        mine = [r for r in results if r["implementation"] == name]
        bad = [r["case"].split("::")[1] for r in mine if r["status"] != "agrees"]
        worst = max(r["share_of_bound"] for r in mine)
        print(f"{name:<7} worst share of the bound {worst:<8.3g} exceeds it on: {bad or 'nothing'}")
        missed += bool(bad) if name in SHIFT_SAFE else not bad
    return int(missed > 0)


def _results(defaults: dict[str, Any], cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        file, out = Path(folder) / "grid.yaml", Path(folder) / "out.json"
        file.write_text(json.dumps({"defaults": defaults, "cases": cases}))
        command = [sys.executable, "-m", "xent_check", "run", str(file), f"--report=json={out}"]
        for name in (*SHIFT_SAFE, "optax"):
            command += ["-i", name, "--require", name]
        subprocess.run(command, check=False)
        results: list[dict[str, Any]] = json.loads(out.read_text())["results"]
        return results


if __name__ == "__main__":
    sys.exit(main())
