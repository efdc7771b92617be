"""A sweep beside what it cannot do without, one after the other: the framework's own call on the
same numbers, chunk by chunk, and their exact values, the float64 reference with its radius.

    python -m tests.bench.sweeping FRAMEWORK

are those; it prints their seconds, without what the imports and the first chunks take: of the call,
of the reference, and both of the processor.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xent_check.problem.problem import Problem
from xent_check.reference.reference import reference

from .commands import XENT_CHECK
from .figures import Figure

FRAMEWORKS = ("keras", "tf", "torch", "jax", "optax")
CHUNK = 2**20
CHUNKS = 132
STARTING = 4  # of these chunks start and compile: the first of a sweep has a shape of its own
FIRST = np.float32(0.5)


@dataclass(frozen=True)
class Bare:
    """Seconds."""

    call: float
    reference: float
    processor: float
    """of both"""


def figures() -> list[Figure]:
    """The sweep of the binary loss of 2^27 numbers of float32 over the bare loop and the reference:
    of each framework, and of all at once, which share the reference. STARTING further chunks are
    left out of both: 2^32 numbers have 4,096 of them."""
    module = [sys.executable, "-m", "tests.bench.sweeping"]
    bare = {name: Bare(*map(float, told([*module, name]).split())) for name in FRAMEWORKS}
    found = []
    for names in (*((name,) for name in FRAMEWORKS), FRAMEWORKS):
        (start, start_cpu), (end, end_cpu) = swept(names, STARTING), swept(names, CHUNKS)
        calls = sum(bare[name].call for name in names)
        reference = statistics.median(one.reference for one in bare.values())
        cpu = sum(bare[name].processor for name in names)
        what = f"sweep of {names[0] if len(names) == 1 else 'all'} / bare calls and reference"
        detail = f"{end - start:.2f} s / ({calls:.2f} s + {reference:.2f} s)"
        detail += f"; of the processor {end_cpu - start_cpu:.2f} s / {cpu:.2f} s"
        found.append(Figure(what, (end - start) / (calls + reference), "x", 1.6, detail))
    return found


def swept(names: Sequence[str], chunks: int) -> tuple[float, float]:
    """The seconds of a sweep of so many chunks, and those of the processor."""
    low, high = scores(0)[0], scores(chunks - 1)[-1]
    words = ["sweep", "binary", "--label", "1", "--range", f"{low!s}", f"{high!s}"]
    words += [word for name in names for word in ("-i", name)]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    told([*XENT_CHECK, *words])
    after, end = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    return end - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def scores(chunk: int) -> Any:
    """The numbers of a chunk: neighbours, the first of all FIRST."""
    bits = np.arange(CHUNK, dtype=np.uint32)
    bits += FIRST.view(np.uint32) + np.uint32(chunk * CHUNK)
    return bits.view(np.float32)


def told(command: list[str]) -> str:
    """What a command prints; it has a cache of its own."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "XENT_CHECK_CACHE": cache, "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command} exited with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def loss_of(framework: str) -> Callable[[Any, Any], Any]:
    """The losses of float32 logits and of labels, as users of the framework write them."""
    if framework == "keras":
        import tensorflow as tf

        loss = tf.keras.losses.BinaryCrossentropy(from_logits=True, reduction="none")
        return lambda x, y: loss(y[:, None], x[:, None]).numpy()
    if framework == "tf":
        import tensorflow as tf

        function = tf.nn.sigmoid_cross_entropy_with_logits
        return lambda x, y: function(labels=y, logits=x).numpy()
    if framework == "torch":
        import torch

        entropy = torch.nn.functional.binary_cross_entropy_with_logits
        return lambda x, y: entropy(torch.tensor(x), torch.tensor(y), reduction="none").numpy()
    import jax

    if framework == "optax":
        import optax

        compiled = jax.jit(optax.sigmoid_binary_cross_entropy)
        return lambda x, y: np.asarray(compiled(x, y))

    def by_hand(x: Any, y: Any) -> Any:
        return -(y * jax.nn.log_sigmoid(x) + (1 - y) * jax.nn.log_sigmoid(-x))

    jitted = jax.jit(by_hand)
    return lambda x, y: np.asarray(jitted(x, y))


def main() -> int:
    """Both of every number, a chunk at a time."""
    loss = loss_of(sys.argv[1])
    labels = np.ones(CHUNK, np.float32)
    target = np.broadcast_to(np.float32(1), CHUNK)
    call = exact = processor = 0.0
    for chunk in range(CHUNKS):
        if chunk == STARTING:
            call = exact = 0.0
            processor = time.process_time()
        start = time.perf_counter()
        x = scores(chunk)
        loss(x, labels)
        middle = time.perf_counter()
        reference(Problem("binary", "logits", x, target, "float32"))
        call, exact = call + middle - start, exact + time.perf_counter() - middle
    print(call, exact, time.process_time() - processor)
    return 0


if __name__ == "__main__":
    sys.exit(main())
