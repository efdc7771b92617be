"""A sweep beside what it cannot do without: the framework's own call on the same numbers, chunk by
chunk, and the exact value in float64. In CPU seconds of all processes.

    python -m tests.bench.sweeping FRAMEWORK

is the bare loop; it prints its CPU seconds, without what the imports and a first chunk take.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .commands import XENT_CHECK
from .figures import Figure

FRAMEWORKS = ("keras", "tf", "torch", "jax", "optax")
CHUNK = 2**20
CHUNKS = 132
STARTING = 4  # of these chunks start and compile: the first of a sweep has a shape of its own
FIRST = np.float32(0.5)


def figures() -> list[Figure]:
    """The sweep of the binary loss of 2^27 numbers of float32 over the bare loop: of each
    framework, and of all at once, which share the exact values. STARTING further chunks are left
    out of both: 2^32 numbers have 4,096 of them."""
    module = [sys.executable, "-m", "tests.bench.sweeping"]
    bare = {name: float(told([*module, name])) for name in FRAMEWORKS}
    found = []
    for names in (*((name,) for name in FRAMEWORKS), FRAMEWORKS):
        taken = swept(names, CHUNKS) - swept(names, STARTING)
        base = sum(bare[name] for name in names)
        what = f"sweep of {names[0] if len(names) == 1 else 'all'} / the bare loop and float64"
        detail = f"{taken:.2f} s / {base:.2f} s of CPU"
        found.append(Figure(what, taken / base, "x", 1.6, detail))
    return found


def swept(names: Sequence[str], chunks: int) -> float:
    """The CPU seconds of a sweep of so many chunks."""
    low, high = scores(0)[0], scores(chunks - 1)[-1]
    words = ["sweep", "binary", "--label", "1", "--range", f"{low!s}", f"{high!s}"]
    words += [word for name in names for word in ("-i", name)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    told([*XENT_CHECK, *words])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


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


class Exact:
    """log(1 + exp(-z)) in float64, for z above 0, in arrays that are made once."""

    def __init__(self) -> None:
        self._z, self._loss = np.empty(CHUNK), np.empty(CHUNK)

    def __call__(self, x: Any) -> Any:
        self._z[:] = x
        np.negative(self._z, out=self._z)
        np.exp(self._z, out=self._loss)
        return np.log1p(self._loss, out=self._loss)


def main() -> int:
    """Both of every number, a chunk at a time."""
    loss, exact = loss_of(sys.argv[1]), Exact()
    labels = np.ones(CHUNK, np.float32)
    start = 0.0
    for chunk in range(CHUNKS):
        x = scores(chunk)
        loss(x, labels)
        exact(x)
        if chunk == STARTING - 1:
            start = time.process_time()
    print(time.process_time() - start)
    return 0


if __name__ == "__main__":
    sys.exit(main())
