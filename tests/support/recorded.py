"""A loss of any signature that records what it is called with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def recorded(
    signature: str, samples: tuple[int, ...]
) -> tuple[Callable[..., Any], list[dict[str, Any]]]:
    """A function of that signature, which gives zeros of the samples' shape, and its calls: what
    each of its parameters got."""
    calls: list[dict[str, Any]] = []

    def record(given: dict[str, Any]) -> Any:
        calls.append(given)
        return np.zeros(samples, dtype=np.float32)

    names: dict[str, Any] = {"record": record}
    exec(f"def f({signature}): return record(dict(locals()))", names)
    return names["f"], calls
