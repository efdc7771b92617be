"""What the tests of processes share: the fakes by name, a problem for them, who is alive."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil

from xent_check.problem.problem import Problem

FAKES = Path(__file__).with_name("fakes")
PATIENCE = 60.0  # seconds that a test waits for what takes well under one

PROBLEM = Problem(
    loss="sparse_categorical",
    given="logits",
    values=np.array([[2.0, 1.0, 0.1], [0.5, 2.5, 0.3], [-1.0, 0.0, 4.0]], dtype=np.float32),
    labels=np.array([0, 1, 1]),
    dtype="float32",
    reductions=("mean",),
)
LOSSES = [0.417030016, 0.220049524, 4.024744890]  # mpmath, 30 digits

CASES = """\
defaults:
  loss: sparse_categorical
  logits: [[2.0, 1.0, 0.1], [0.5, 2.5, 0.3], [-1.0, 0.0, 4.0]]
cases:
  - {name: first, labels: [0, 1, 1]}
  - {name: second, labels: [1, 1, 1]}
  - {name: third, labels: [2, 2, 2]}
"""


def fake(file: str, function: str) -> str:
    """A fake as `-i` takes it."""
    return f"{FAKES / file}.py:{function}"


def until(happened: Callable[[], object]) -> bool:
    """Wait for it; False where it does not happen."""
    end = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def alive(process_id: int) -> bool:
    """Running: neither gone nor a zombie that nobody has collected yet."""
    try:
        return psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Family:
    """Processes that inherited a mark in their environment, whoever their parent is by now."""

    def __init__(self) -> None:
        self.mark = uuid.uuid4().hex
        self.environment = {**os.environ, "XENT_CHECK_FAMILY": self.mark}

    def members(self) -> list[psutil.Process]:
        """Those that run."""
        return [process for process in psutil.process_iter() if self._has(process)]

    def is_gone(self) -> bool:
        """Whether none runs, after a wait if need be."""
        return until(lambda: not self.members())

    def _has(self, process: psutil.Process) -> bool:
        try:
            marked = process.environ().get("XENT_CHECK_FAMILY") == self.mark
            return marked and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.Error, OSError):
            return False
