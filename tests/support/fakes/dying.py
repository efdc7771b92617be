"""Functions that end their process."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import time


def _without_a_core() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def segfaults(logits: object, labels: object) -> object:
    _without_a_core()
    return ctypes.string_at(0)


def aborts(logits: object, labels: object) -> object:
    _without_a_core()
    sys.stderr.write("assertion failed: the last words\n")
    os.abort()


def exits(logits: object, labels: object) -> object:
    os._exit(3)


def killed(logits: object, labels: object) -> object:
    os.kill(os.getpid(), signal.SIGKILL)
    return None


def prints_then_exits(logits: object, labels: object) -> object:
    print("nearly there", flush=True)
    os._exit(0)


def leaves_a_fork(logits: object, labels: object) -> object:
    """A child holds every descriptor open, the worker's connection too, and outlives it."""
    if os.fork() == 0:
        time.sleep(600)
    os._exit(3)


def hangs_up(logits: object, labels: object) -> object:
    os.closerange(0, 256)
    time.sleep(600)
    return None
