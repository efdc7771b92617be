"""The reference's time over torch's own cross_entropy, and the memory it needs beyond the logits.

    python -m tests.bench.reference [--rounds N]

1,024 x 128,256 float32 logits; the two take turns in one run, the figure is the median ratio. The
memory is the peak of the process while it makes the reference, less what it had before. Exits 1
where a target is missed. Needs torch.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time

import numpy as np

from xent_check.problem.problem import Problem
from xent_check.reference.reference import reference

SAMPLES, CLASSES = 1024, 128_256
RATIO, MEBIBYTES = 1.5, 256.0


def main() -> int:
    """Measure, print, and say whether both targets hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.reference", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    logits = np.random.default_rng(0).standard_normal((SAMPLES, CLASSES), dtype=np.float32)
    labels = np.random.default_rng(1).integers(0, CLASSES, SAMPLES)
    problem = Problem(
        "sparse_categorical", "logits", logits, labels, "float32", reductions=("mean",)
    )
    before = _peak_mebibytes()
    radius = float(reference(problem).losses.radius.max())
    memory = _peak_mebibytes() - before

    import torch

    tensor, targets = torch.from_numpy(logits), torch.from_numpy(labels)
    ratios = []
    for _ in range(rounds):
        start = time.perf_counter()
        reference(problem)
        middle = time.perf_counter()
        torch.nn.functional.cross_entropy(tensor, targets, reduction="none")
        ratios.append((middle - start) / (time.perf_counter() - middle))
    ratio = statistics.median(ratios)
    print(f"reference / torch cross_entropy   {ratio:.2f}   at most {RATIO}")
    print(f"peak memory beyond the logits     {memory:.0f} MiB   at most {MEBIBYTES:.0f} MiB")
    print(f"largest radius of a loss          {radius:.2g}")
    return int(ratio > RATIO or memory > MEBIBYTES)


def _peak_mebibytes() -> float:
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


if __name__ == "__main__":
    sys.exit(main())
