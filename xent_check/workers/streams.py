"""Streams: a worker's standard streams, whatever an implementation does to them."""

from __future__ import annotations

import os
import sys
from typing import IO

Streams = tuple[int, int, int]


def redirect(streams: Streams) -> None:
    """Point the standard streams at these descriptors: input, output, error."""
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
    sys.stdout, sys.stderr = _writer(1), _writer(2)


def _writer(number: int) -> IO[str]:
    return open(
        number, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False
    )
