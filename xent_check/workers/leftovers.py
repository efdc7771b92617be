"""Leftovers: processes and folders to remove when the command ends without cleaning up."""

from __future__ import annotations

import contextlib
import shutil

FOLDERS: set[str] = set()  # temporary folders in use


def clear() -> None:
    """End every process that this one started, and delete its temporary folders."""
    import psutil

    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            child.kill()
    for folder in tuple(FOLDERS):
        shutil.rmtree(folder, ignore_errors=True)
