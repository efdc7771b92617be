"""Kills at random moments of a case in chunks, or of a sweep, resumed each time: the same report
to the bit.

    python -m tests.bench.kills [--kills N] [--seed N] [-i NAME] [--sweep] [-j N]

A memory-mapped case with totals and a gradient; or float32 numbers with a stride, and on to the
worst. An undisturbed command tells how long one takes; then SIGKILL after a random share of that,
starting up included, and --resume, until there were so many kills; one that comes to its end before
its kill is compared, and the next one begins anew. Exits 1 where a report is another, or a journal
or a temporary file is left at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROWS, CLASSES, CHUNK = 500, 500, 5
RUN = ("run", "case.yaml", "--chunk", str(CHUNK), "-q")
SWEEP = ("sweep", "binary", "--label", "1", "--stride", "701")
CASE = (
    "loss: sparse_categorical\nlogits: {file: x.npy}\nlabels: {file: y.npy}\n"
    "reduction: [mean, sum]\ncheck: [value, gradient]\ntolerance: auto\n"
)


def main() -> int:
    """Kill, resume, compare, and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-i", dest="names", action="append", help="[default: torch, stable]")
    parser.add_argument("--sweep", action="store_true", help="a sweep in place of a run")
    parser.add_argument("-j", dest="jobs", type=int, help="processes at once")
    asked = parser.parse_args()
    words: tuple[str, ...] = SWEEP if asked.sweep else RUN
    words += tuple(w for name in asked.names or ["torch", "stable"] for w in ("-i", name))
    words += ("-j", str(asked.jobs)) if asked.jobs else ()
    with tempfile.TemporaryDirectory() as folder:
        return int(not kills(Path(folder), words, asked))


def kills(folder: Path, words: tuple[str, ...], asked: argparse.Namespace) -> bool:
    """Whether all is as it must be; each end is told."""
    make(folder)
    draw, start = random.Random(asked.seed), time.perf_counter()
    started(folder, words).wait()
    undisturbed = report_in(folder)
    whole = time.perf_counter() - start
    print(f"undisturbed: {whole:.1f} s, {len(undisturbed['results'])} results", flush=True)
    count, since, holds = 0, 0, True
    while count < asked.kills or since:
        process = started(folder, words)
        try:
            process.wait(draw.uniform(0, whole) if count < asked.kills else None)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            count, since = count + 1, since + 1
            continue
        same = report_in(folder) == undisturbed
        print(f"after {since} kills: {'the same' if same else 'ANOTHER'} report", flush=True)
        holds, since = holds and same, 0
    journals = (folder / "cache").glob("*/*.jsonl")
    left = [path.name for path in (*journals, *(folder / "tmp").iterdir())]
    print(f"{count} kills; left behind: {left or 'nothing'}")
    return holds and not left


def make(folder: Path) -> None:
    """The arrays, their case, and where the command may keep files."""
    stream = np.random.default_rng(0)
    np.save(folder / "x.npy", 3 * stream.standard_normal((ROWS, CLASSES), dtype=np.float32))
    np.save(folder / "y.npy", stream.integers(0, CLASSES, ROWS))
    (folder / "case.yaml").write_text(CASE)
    (folder / "tmp").mkdir()


def started(folder: Path, words: tuple[str, ...]) -> subprocess.Popen[str]:
    """The command, going on where an earlier one ended."""
    return subprocess.Popen(
        [sys.executable, "-m", "xent_check", *words, "--resume", "--report", "json=out.json"],
        cwd=folder,
        env={
            **os.environ,
            "XENT_CHECK_CACHE": str(folder / "cache"),
            "TMPDIR": str(folder / "tmp"),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def report_in(folder: Path) -> Any:
    """The JSON report that a command wrote, without what tells when and how long."""
    file = folder / "out.json"
    report = json.loads(file.read_text())
    file.unlink()
    for part in (report, report.get("summary", {}), *report["results"]):
        part |= dict.fromkeys(part.keys() & {"seconds", "origin"})
    return report


if __name__ == "__main__":
    sys.exit(main())
