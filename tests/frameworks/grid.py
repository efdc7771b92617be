"""The grid of cases that the bounds were validated on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

CLASS_COUNTS = (2, 3, 5, 10, 100, 1000, 32000)
SHIFT_SAFE = ("keras", "tf", "torch", "jax", "stable")


def grid() -> Iterator[dict[str, Any]]:
    """Normal logits of four sizes, confident ones, common offsets; float32 up to 32,000 classes."""
    for n in CLASS_COUNTS:
        for scale in (1, 10, 30, 100):
            yield case(f"normal-{scale}", n, "float32", {"random": "normal", "scale": scale})
        for offset in (10_000, 1_000_000):
            logits = {"random": "normal", "scale": 5, "loc": offset}
            yield case(f"offset-{offset}", n, "float32", logits)
        yield confident(n)
        yield soft(n)
    for dtype in ("float64", "float16", "bfloat16"):
        for n in (2, 10, 100):
            for scale in (1, 10, 30):
                yield case(f"normal-{scale}", n, dtype, {"random": "normal", "scale": scale})


def layer_grid() -> Iterator[dict[str, Any]]:
    """Logits of unit size from few features and from many; products that cancel; large logits."""
    sizes = {"unit": (0.0, 1.0), "large": (0.0, 8.0), "cancelling": (1.0, 1.0)}
    for dtype in ("float32", "bfloat16"):
        for features, n in ((3, 3), (64, 50), (1024, 50), (16384, 3)):
            for name, (loc, scale) in sizes.items():
                made = case(f"{name} {features} features", n, dtype, {})
                del made["logits"]
                weight = {"random": "normal", "scale": scale / features**0.5, "seed": n}
                yield made | {
                    "hidden": {"shape": [16, features], "random": "normal", "loc": loc, "seed": 1},
                    "weight": {"shape": [n, features], **weight},
                    "bias": {"shape": [n], "random": "normal", "seed": 2},
                    "labels": {**made["labels"], "shape": [16]},
                }


def case(name: str, n: int, dtype: str, logits: dict[str, Any]) -> dict[str, Any]:
    samples = max(4, min(200, 100_000 // n))
    return {
        "name": f"{name} n={n} {dtype}",
        "loss": "sparse_categorical",
        "dtype": dtype,
        "logits": {"shape": [samples, n], "seed": n, **logits},
        "labels": {"shape": [samples], "random": "integers", "low": 0, "high": n, "seed": n + 1},
    }


def confident(n: int) -> dict[str, Any]:
    """The label's logit 10 above the rest: one-hot logits, scaled."""
    rows = [[10.0 if i == row % n else 0.0 for i in range(n)] for row in range(4)]
    if n > 100:
        return case("equal", n, "float32", {"random": "normal", "scale": 0.01})
    made = case("confident", n, "float32", {})
    labels = [row % n for row in range(4)]
    return made | {"logits": rows, "labels": labels}


def soft(n: int) -> dict[str, Any]:
    made = case("soft", n, "float32", {"random": "normal", "scale": 10})
    samples = made["logits"]["shape"][0]
    labels = {"shape": [samples, n], "random": "uniform", "low": 0, "high": 2 / n, "seed": n}
    # the labels do not sum to 1, and tf.nn's gradient is right for those that do alone
    return made | {"loss": "categorical", "labels": labels, "check": "value"}
