"""Functions that answer, and leave a process behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
_SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def child(logits: Array, labels: Array) -> Array:
    """The losses are the child's process id."""
    started = subprocess.Popen(_SLEEP)
    return np.full(labels.shape, started.pid, dtype=np.float64)


def orphan(logits: Array, labels: Array) -> Array:
    """A child of a child that is gone: no longer among the worker's descendants."""
    if (between := os.fork()) == 0:
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
    os.waitpid(between, 0)
    return np.zeros(labels.shape)


def session(logits: Array, labels: Array) -> Array:
    """A child in a session, and so a process group, of its own."""
    started = subprocess.Popen(_SLEEP, start_new_session=True)
    return np.full(labels.shape, started.pid, dtype=np.float64)


def child_then_death(logits: Array, labels: Array) -> Array:
    subprocess.Popen(_SLEEP)
    os._exit(3)
