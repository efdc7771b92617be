"""Functions that do not answer. They touch the file $XENT_CHECK_MARK when they begin."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def _begin() -> None:
    if "XENT_CHECK_MARK" in os.environ:
        Path(os.environ["XENT_CHECK_MARK"]).touch()


def sleeps(logits: object, labels: object) -> object:
    _begin()
    time.sleep(600)
    return None


def spins(logits: object, labels: object) -> object:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _begin()
    while True:
        pass


def holds_the_gil(logits: object, labels: object) -> object:
    """Within C, with every signal blocked that can be: no thread of Python runs any more."""
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))
    _begin()
    return ctypes.PyDLL(None).sleep(600)


def waits_for_a_child(logits: object, labels: object) -> object:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as child:
        _begin()
        return child.wait()
