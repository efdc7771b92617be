"""What explaining 1,000 losses over 50,257 classes takes: seconds of the processor, and memory.

    python -m tests.bench.explain

The logits are memory-mapped; the losses are those of a label smoothing of 0.1, of logits over 1.37,
of labels shifted once, and of no reason. Exits 1 where more than 10 s or 1 GiB is taken.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROWS, CLASSES = 1000, 50_257
SECONDS, MIB = 10.0, 1024.0
CASE = "loss: sparse_categorical\nlogits: {file: x.npy}\nlabels: {file: y.npy}\ntolerance: auto\n"


def main() -> int:
    """Measure, print, and say whether the targets hold."""
    missed = False
    with tempfile.TemporaryDirectory() as folder:
        for name, losses in made(Path(folder)).items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            text = str(losses.astype(np.float32).tolist())
            command = [sys.executable, "-m", "xent_check", "explain", f"{folder}/case.yaml"]
            done = subprocess.run(
                [*command, "--observed", text], capture_output=True, text=True, check=True
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            taken = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            peak = after.ru_maxrss / 1024  # of all so far
            missed |= taken > SECONDS or peak > MIB
            print(f"{name:<10} {taken:5.1f} s  {peak:5.0f} MiB  {done.stdout.splitlines()[0][:90]}")
    print(f"at most {SECONDS:g} s and {MIB:g} MiB: {'MISSED' if missed else 'holds'}")
    return int(missed)


def made(folder: Path) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """The case's files; the losses by name."""
    random = np.random.default_rng(0)
    x = random.standard_normal((ROWS, CLASSES), dtype=np.float32) * 3
    y = random.integers(0, CLASSES, ROWS)
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)
    (folder / "case.yaml").write_text(CASE, encoding="utf-8")
    at = np.arange(ROWS)
    sums = np.array([np.log(np.exp(row.astype(np.float64)).sum()) for row in x])
    cool = np.array([np.log(np.exp(row.astype(np.float64) / 1.37).sum()) for row in x])
    own = x[at, y].astype(np.float64)
    return {
        "smoothing": sums - 0.9 * own - 0.1 * x.mean(axis=1, dtype=np.float64),
        "1.37": cool - own / 1.37,
        "shifted": sums - x[at, np.roll(y, -1)],
        "no reason": (sums - own) * random.uniform(1.01, 1.3, ROWS),
    }


if __name__ == "__main__":
    sys.exit(main())
