"""Functions that find out who else runs. They share the folder $XENT_CHECK_MEETING."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
_PATIENCE = 60.0


def _folder() -> Path:
    return Path(os.environ["XENT_CHECK_MEETING"])


def _meets(own: str, other: str) -> Array:
    (_folder() / own).touch()
    end = time.monotonic() + _PATIENCE
    while not (_folder() / other).exists():
        if time.monotonic() > end:
            raise TimeoutError(f"{other} never came")
        time.sleep(0.01)
    return np.zeros(3)


def one(logits: Array, labels: Array) -> Array:
    """Answers only once `two` runs."""
    return _meets("one", "two")


def two(logits: Array, labels: Array) -> Array:
    """Answers only once `one` runs."""
    return _meets("two", "one")


def _alone() -> Array:
    import psutil

    mark = _folder() / str(os.getpid())
    if not mark.exists():
        mark.touch()
        time.sleep(0.3)
    for other in _folder().iterdir():
        if int(other.name) != os.getpid() and psutil.pid_exists(int(other.name)):
            raise RuntimeError(f"process {other.name} runs as well")
    return np.zeros(3)


def alone(logits: Array, labels: Array) -> Array:
    """Refuses to run beside another process of this kind."""
    return _alone()


def alone_too(logits: Array, labels: Array) -> Array:
    return _alone()


def alone_again(logits: Array, labels: Array) -> Array:
    return _alone()
