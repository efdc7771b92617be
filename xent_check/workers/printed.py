"""Printed: what an implementation wrote to its standard output, while it answered a problem."""

from __future__ import annotations

import os

from xent_check.errors import visible

_MOST = 64 * 1024  # bytes that are told


def printed_text(descriptor: int) -> str:
    """The text of the file, which is emptied. Beyond 64 KiB its bytes are counted alone. The
    descriptor is open for reading and writing."""
    size = os.fstat(descriptor).st_size
    if not size:
        return ""
    os.lseek(descriptor, 0, os.SEEK_SET)
    lines = os.read(descriptor, _MOST).decode("utf-8", "replace").split("\n")
    os.ftruncate(descriptor, 0)
    text = "\n".join(visible(line) for line in lines)
    return text if size <= _MOST else f"{text}... ({size} bytes in all)"


def drop(descriptor: int) -> None:
    """Empty the file."""
    if os.fstat(descriptor).st_size:
        os.ftruncate(descriptor, 0)
