"""Leftovers: processes and folders to remove when the command ends without cleaning up.

Every command loads this, `--help` too: what it needs is imported where it is needed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

PREFIX = "xent-check-"  # of the names of temporary folders
FOLDERS: set[str] = set()  # temporary folders in use


def clear() -> None:
    """End every process that this one started, and delete its temporary folders."""
    import shutil

    import psutil

    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            child.kill()
    for folder in tuple(FOLDERS):
        shutil.rmtree(folder, ignore_errors=True)


def delete(folders: Iterable[str]) -> None:
    """Delete the temporary folders of a run that was killed; nothing that is none."""
    import shutil
    import tempfile
    from pathlib import Path

    for folder in map(Path, folders):
        if folder.name.startswith(PREFIX) and folder.parent == Path(tempfile.gettempdir()):
            shutil.rmtree(folder, ignore_errors=True)
