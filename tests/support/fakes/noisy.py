"""Functions that answer right and write where they should not."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def _right(logits: Array, labels: Array) -> Array:
    top = logits.max(axis=-1)
    log_sum = np.log(np.exp(logits - top[..., None]).sum(axis=-1))
    own = np.take_along_axis(logits, labels[..., None], axis=-1)[..., 0]
    losses: Array = log_sum + (top - own)
    return losses


def prints(logits: Array, labels: Array) -> Array:
    print("garbage, from print → here")
    return _right(logits, labels)


def prints_unflushed(logits: Array, labels: Array) -> Array:
    sys.stdout.write("garbage, without an end")
    return _right(logits, labels)


def writes(logits: Array, labels: Array) -> Array:
    os.write(1, b"garbage, from write \xff\n")
    return _right(logits, labels)


def puts(logits: Array, labels: Array) -> Array:
    """C's own buffer, which nobody flushes."""
    ctypes.CDLL(None).puts(b"garbage, from puts")
    return _right(logits, labels)


def echoes(logits: Array, labels: Array) -> Array:
    subprocess.run(["/bin/sh", "-c", "echo garbage, from echo"], check=True)
    return _right(logits, labels)


def controls(logits: Array, labels: Array) -> Array:
    """What a terminal would obey, an XML file cannot hold, and a markup language would read."""
    os.write(1, b"\x1b[2J\x00garbage, [bold]from control[/bold] </testcase> ]]>\r::error::x\n")
    return _right(logits, labels)


def looks_like_a_report(logits: Array, labels: Array) -> Array:
    os.write(1, b'{"schema": 1, "garbage": true}\n')
    return _right(logits, labels)


def megabytes(logits: Array, labels: Array) -> Array:
    for _ in range(8):
        os.write(1, b"garbage\n" * 2**17)
    return _right(logits, labels)


def complains(logits: Array, labels: Array) -> Array:
    print("garbage, on stderr", file=sys.stderr)
    os.write(2, b"garbage, on descriptor 2\n")
    return _right(logits, labels)


def closes(logits: Array, labels: Array) -> Array:
    os.close(0)
    os.close(1)
    os.close(2)
    sys.stdout.close()
    return _right(logits, labels)


def replaces(logits: Array, labels: Array) -> Array:
    sys.stdout = sys.stderr = None
    return _right(logits, labels)
