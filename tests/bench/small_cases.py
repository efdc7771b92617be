"""Many small cases of few shapes: through the real command, and through a bare script for each
framework, which does what its users write and no more.

    python -m tests.bench.small_cases FRAMEWORK FILE

is such a script: the losses of every problem of FILE, which `problems_file` wrote.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .commands import XENT_CHECK, seconds, seconds_together
from .figures import Figure

FRAMEWORKS = ("keras", "tf", "torch", "jax", "optax")
SHAPES = [(rows, classes) for rows in (1, 2, 3, 4, 5) for classes in (2, 3, 5, 10)]


def figures(rounds: int, count: int = 2000) -> list[Figure]:
    """The command over five bare scripts side by side, imports included, with what JAX compiled
    kept from an earlier run; and what each further case takes, over what it takes among a tenth."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cache, few, none = folder / "cache", count // 10, len(SHAPES)
        for cases in (none, few, count):
            (folder / f"{cases}.yaml").write_text(case_file(cases))
        problems_file(folder / "problems.npz", count)
        module = [sys.executable, "-m", "tests.bench.small_cases"]
        bare = [[*module, f, str(folder / "problems.npz")] for f in FRAMEWORKS]
        asked = [argument for f in FRAMEWORKS for argument in ("-i", f)]
        taken: dict[int, list[float]] = {none: [], few: [], count: []}
        base = []
        for round_ in range(rounds + 1):  # the first one fills the caches
            for cases, times in taken.items():
                command = [*XENT_CHECK, "run", str(folder / f"{cases}.yaml"), *asked, "-q"]
                times += [seconds(command, cache)] * (round_ > 0)
            base += [seconds_together(bare)] * (round_ > 0)
    start, tenth, whole = (statistics.median(times) for times in taken.values())
    scripts = statistics.median(base)
    growth = ((whole - start) / (count - none)) / ((tenth - start) / (few - none))
    first, again = f"{whole:.2f} s / {scripts:.2f} s", f"{start:.2f}, {tenth:.2f}, {whole:.2f} s"
    return [
        Figure(f"{count:,} small cases / bare scripts", whole / scripts, "x", 1.3, first),
        Figure("a further case, among all / among a tenth", growth, "x", 1.0, again),
    ]


def drawn(count: int) -> Iterator[tuple[list[list[float]], list[int]]]:
    """Logits and labels, the same on every call; the shapes take turns."""
    draw = random.Random(1)
    for index in range(count):
        rows, classes = SHAPES[index % len(SHAPES)]
        logits = [[round(draw.gauss(0, 3), 5) for _ in range(classes)] for _ in range(rows)]
        yield logits, [draw.randrange(classes) for _ in range(rows)]


def case_file(count: int) -> str:
    """A case file of the problems."""
    lines = (
        f"  - {{name: case-{index}, logits: {logits}, labels: {labels}}}\n"
        for index, (logits, labels) in enumerate(drawn(count))
    )
    return "".join(["defaults: {loss: sparse_categorical}\ncases:\n", *lines])


def problems_file(path: Path, count: int) -> None:
    """The same problems as arrays, x0 and y0, x1 and y1, and so on."""
    arrays: dict[str, Any] = {}
    for index, (logits, labels) in enumerate(drawn(count)):
        arrays |= {f"x{index}": np.array(logits, np.float32), f"y{index}": np.array(labels)}
    np.savez(path, **arrays)


def loss_of(framework: str) -> Callable[[Any, Any], Any]:
    """The losses of float32 logits and of labels, as users of the framework write them."""
    if framework == "keras":
        import tensorflow as tf

        loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
        return lambda x, y: loss(y, x).numpy()
    if framework == "tf":
        import tensorflow as tf

        function = tf.nn.sparse_softmax_cross_entropy_with_logits
        return lambda x, y: function(labels=y, logits=x).numpy()
    if framework == "torch":
        import torch

        entropy = torch.nn.functional.cross_entropy
        return lambda x, y: entropy(torch.tensor(x), torch.tensor(y), reduction="none").numpy()
    import jax

    if framework == "optax":
        import optax

        compiled = jax.jit(optax.softmax_cross_entropy_with_integer_labels)
        return lambda x, y: np.asarray(compiled(x, y))

    def by_hand(x: Any, y: Any) -> Any:
        one_hot = jax.nn.one_hot(y, x.shape[-1])
        return -jax.numpy.sum(one_hot * jax.nn.log_softmax(x), axis=-1)

    jitted = jax.jit(by_hand)
    return lambda x, y: np.asarray(jitted(x, y))


def main() -> int:
    """Compute every loss of the file, and print their sum."""
    framework, file = sys.argv[1:]
    loss, total = loss_of(framework), 0.0
    with np.load(file) as arrays:
        for index in range(len(arrays.files) // 2):
            total += float(loss(arrays[f"x{index}"], arrays[f"y{index}"]).sum())
    print(total)
    return 0


if __name__ == "__main__":
    sys.exit(main())
