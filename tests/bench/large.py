"""What a large problem takes: bytes per loss and per gradient entry, and how long a signal waits.

    python -m tests.bench.large [--count N] [-i NAME]

Each problem is memory-mapped and checked by the real command; what the same run of one sample takes
is left out. The figures are anonymous memory (mapped files can go), of the process that the user
starts and of the frameworks' own, and what memory.py counts for them. Then SIGTERM at
moments all through the first problem: the longest wait until the process is gone. Exits 1
where more is taken than is counted, or a signal waits for more than two seconds. Linux.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from xent_check.casefile.loading import Filter, load
from xent_check.casefile.memory import TRUTH, Size, size_of

PATIENCE = 2.0
KINDS = {
    "sparse": "loss: sparse_categorical\nlogits: {file: x2.npy}\nlabels: {file: y.npy}\n",
    "binary": "loss: binary\nlogits: {file: x.npy}\nlabels: {file: t.npy}\n",
    "binary, gradient": "loss: binary\nlogits: {file: x.npy}\nlabels: {file: t.npy}\n"
    "check: [value, gradient]\n",
    "sparse, gradient": "loss: sparse_categorical\nlogits: {file: x2.npy}\nlabels: {file: y.npy}\n"
    "check: [value, gradient]\n",
    "categorical": "loss: categorical\nlogits: {file: x2.npy}\nlabels: {file: t2.npy}\n",
}
EXACT = ("gradient", "categorical")  # in ball arithmetic: a fraction of the count will do
FRACTION = 25


def main() -> int:
    """Measure, print, and say whether what is counted is enough."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.large", description=__doc__)
    parser.add_argument("--count", type=int, default=5_000_000, help="samples [default: 5,000,000]")
    parser.add_argument("-i", dest="names", action="append", help="[default: stable]")
    asked = parser.parse_args()
    missed = False
    for name in asked.names or ["stable"]:
        for kind, text in KINDS.items():
            count = asked.count // (FRACTION if any(word in kind for word in EXACT) else 1)
            missed |= measured(name, kind, text, count)
    with tempfile.TemporaryDirectory() as folder:
        file = made(Path(folder), KINDS["sparse"], asked.count)
        longest = longest_wait(command(file, "stable"))
    print(f"longest wait of SIGTERM: {longest:.2f} s, at most {PATIENCE} s")
    return int(missed or longest > PATIENCE)


def measured(name: str, kind: str, text: str, count: int) -> bool:
    """One line of the table; whether more is taken than is counted."""
    with tempfile.TemporaryDirectory() as folder:
        base = peaks(command(made(Path(folder), text, 1), name))
        file = made(Path(folder), text, count)
        size: Size = size_of(load([str(file)], Filter())[0].problem)
        taken = [peak - own for peak, own in zip(peaks(command(file, name)), base, strict=True)]
    counted = (size.truth_bytes + size.answer_bytes + size.comparison_bytes, size.worker_bytes)
    numbers = size.truth_bytes // TRUTH
    told = (
        f"{what} {bytes_ / numbers:5.0f} of {limit / numbers:4.0f} counted"
        for what, bytes_, limit in zip(("parent", "worker"), taken, counted, strict=True)
    )
    print(f"{name:<8} {kind:<17} {count:>11,} samples, bytes per number: {', '.join(told)}")
    return any(bytes_ > limit for bytes_, limit in zip(taken, counted, strict=True))


def made(folder: Path, text: str, count: int) -> Path:
    """The case file, its arrays beside it."""
    stream = np.random.default_rng(0)
    for name, width in (("x", 1), ("x2", 2), ("t", 1), ("t2", 2)):
        shape = (count, width) if width > 1 else (count,)
        draw = stream.standard_normal if name[0] == "x" else stream.random
        np.save(folder / f"{name}.npy", draw(shape, dtype=np.float32))
    np.save(folder / "y.npy", stream.integers(0, 2, count))
    file = folder / "case.yaml"
    file.write_text(text + "reduction: mean\ntolerance: auto\n")
    return file


def command(file: Path, name: str) -> list[str]:
    return [sys.executable, "-m", "xent_check", "run", str(file), "-i", name]


def peaks(arguments: list[str]) -> tuple[int, int]:
    """The most anonymous memory of the process itself, and of its children together."""
    process = psutil.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    own = others = 0
    while process.poll() is None:
        own = max(own, anonymous(process.pid))
        try:
            children = process.children(recursive=True)
        except psutil.Error:
            children = []
        others = max(others, sum(anonymous(child.pid) for child in children))
        time.sleep(0.02)
    return own, others


def anonymous(process_id: int) -> int:
    """Bytes that no file holds; 0 of a process that is gone."""
    try:
        lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon")), 0)


def longest_wait(arguments: list[str]) -> float:
    """Seconds from a SIGTERM to the end, the longest over its moments."""
    waits, after, ended = [0.0], 0.25, False
    while not ended:
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            ended = process.wait(after) is not None
        except subprocess.TimeoutExpired:
            start = time.perf_counter()
            process.send_signal(signal.SIGTERM)
            process.wait()
            waits.append(time.perf_counter() - start)
        after *= 1.3
    return max(waits)


if __name__ == "__main__":
    sys.exit(main())
