"""A problem of language-model size in chunks: time and memory beside bare calls on the same chunks.

    python -m tests.bench.streaming [--rows N] [--chunk ROWS] [-i NAME]

A memory-mapped .npy of ROWS x 128,256 float32 logits. The bare scripts, one for each framework and
one after the other, take the same chunks and do nothing but call; their time is that of the calls
after the imports and a first call. xent-check's is that of the whole command but for the start of
its frameworks. Memory is anonymous: mapped files can go. Then the same of twice the rows. Exits 1
where a figure is missed. Linux, on a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from .figures import Figure, line
from .large import anonymous

CLASSES = 128_256
NAMES = ("torch", "tf", "jax", "optax", "stable")

_BARE = """
import sys, time
import numpy as np
rows = int(sys.argv[1])
x, y = np.load("x.npy", mmap_mode="r"), np.load("y.npy")
{imports}
def call(x, y):
    return {call}
call(np.array(x[:rows]), y[:rows])
start = time.perf_counter()
for i in range(0, len(y), rows):
    call(np.array(x[i : i + rows]), y[i : i + rows])
print(time.perf_counter() - start)
"""
_SOFTMAX = "optax.losses.softmax_cross_entropy_with_integer_labels"
_CALLS = {
    "torch": (
        "import torch",
        "torch.nn.functional.cross_entropy(torch.from_numpy(x), torch.from_numpy(y),"
        " reduction='none').numpy()",
    ),
    "tf": (
        "import tensorflow as tf",
        "tf.nn.sparse_softmax_cross_entropy_with_logits(y, x).numpy()",
    ),
    "jax": (
        "import jax\nf = jax.jit(lambda x, y: -jax.numpy.take_along_axis("
        "jax.nn.log_softmax(x), y[:, None], 1)[:, 0])",
        "np.asarray(f(x, y))",
    ),
    "optax": (f"import optax, jax\nf = jax.jit({_SOFTMAX})", "np.asarray(f(x, y))"),
    "stable": (
        "def f(x, y):\n    m = x.max(1)\n    s = np.exp(x - m[:, None]).sum(1)\n"
        "    return np.log(s) + (m - x[np.arange(len(y)), y])",
        "f(x, y)",
    ),
}


def main() -> int:
    """Measure, print, and say whether a figure is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.streaming", description=__doc__)
    parser.add_argument("--rows", type=int, default=4096)
    parser.add_argument("--chunk", type=int, default=64)
    parser.add_argument("-i", dest="names", action="append", choices=NAMES)
    asked = parser.parse_args()
    measured = figures(asked.rows, asked.chunk, asked.names or NAMES)
    for figure in measured:
        print(line(figure, {}))
    return int(any(figure.missed for figure in measured))


def figures(rows: int = 4096, chunk: int = 64, names: Sequence[str] = NAMES) -> list[Figure]:
    """The time of the command over that of the bare calls, its memory beyond theirs, and its memory
    with twice the rows; each measured once."""
    few, many = (_measured(count, chunk, names) for count in (rows, 2 * rows))
    what, own, bare_peak = f"{rows:,} x {CLASSES:,} in chunks", few.peak, few.bare_peak
    return [
        Figure(
            f"{what} / bare calls one after another",
            few.seconds / few.bare_seconds,
            "x",
            1.4,
            f"{few.seconds:.1f} s / {few.bare_seconds:.1f} s; with twice the rows "
            f"{many.seconds:.1f} s / {many.bare_seconds:.1f} s",
        ),
        Figure(
            f"{what}, memory beyond the largest script",
            (own - bare_peak) / 2**30,
            "GiB",
            1.5,
            f"{own / 2**30:.2f} GiB - {bare_peak / 2**30:.2f} GiB",
        ),
        Figure(
            f"{what}, memory with twice the rows",
            many.peak / own,
            "x",
            1.1,
            f"{many.peak / 2**30:.2f} GiB / {own / 2**30:.2f} GiB",
        ),
    ]


@dataclass(frozen=True)
class _Measured:
    """What one problem takes."""

    seconds: float  # of the command
    bare_seconds: float  # of all scripts' calls
    peak: int  # bytes, of the command
    bare_peak: int  # bytes, of the largest script


def _measured(rows: int, chunk: int, names: Sequence[str]) -> _Measured:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, rows)
        scripts = [bare(folder, name, chunk) for name in names]
        seconds, peak = ours(folder, names, chunk)
    return _Measured(seconds, sum(own for own, _ in scripts), peak, max(own for _, own in scripts))


def make(folder: Path, rows: int) -> None:
    """The arrays and their case."""
    stream = np.random.default_rng(0)
    x = np.lib.format.open_memmap(folder / "x.npy", "w+", np.float32, (rows, CLASSES))
    for start in range(0, rows, 64):
        x[start : start + 64] = 3 * stream.standard_normal(
            (min(64, rows - start), CLASSES), dtype=np.float32
        )
    np.save(folder / "y.npy", stream.integers(0, CLASSES, rows))
    (folder / "case.yaml").write_text(
        "loss: sparse_categorical\nlogits: {file: x.npy}\nlabels: {file: y.npy}\n"
    )


def bare(folder: Path, name: str, chunk: int) -> tuple[float, int]:
    """The seconds of a bare script's calls, and the most memory of its process."""
    imports, call = _CALLS[name]
    text = _BARE.format(imports=imports, call=call)
    out, peak = watched(folder, [sys.executable, "-c", text, str(chunk)])
    return float(out.split()[-1]), peak


def ours(folder: Path, names: Sequence[str], chunk: int) -> tuple[float, int]:
    """The seconds of the command, without the longest start of a framework, and the most memory of
    all its processes together."""
    chosen = [word for name in names for word in ("-i", name)]
    run = [sys.executable, "-m", "xent_check", "run", "case.yaml", *chosen, "--chunk", str(chunk)]
    out, peak = watched(folder, [*run, "--report", "json", "--durations", "1"])
    report = json.loads(out)
    starts = [
        part["seconds"] for part in report["durations"]["parts"] if part["what"] == "starting"
    ]
    return report["summary"]["seconds"] - max(starts), peak


def watched(folder: Path, command: list[str]) -> tuple[str, int]:
    """What a command prints, and the most anonymous memory of it and its children together."""
    with (folder / "out").open("w") as out:
        process = psutil.Popen(command, cwd=folder, stdout=out, stderr=subprocess.DEVNULL)
        peak = 0
        while process.poll() is None:
            try:
                family = [process, *process.children(recursive=True)]
            except psutil.Error:
                family = []
            peak = max(peak, sum(anonymous(member.pid) for member in family))
            time.sleep(0.05)
    return (folder / "out").read_text(), peak


if __name__ == "__main__":
    sys.exit(main())
