"""Writing a file whole: at any moment, even after a kill, it is the old file or the new one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def write_whole(file: Path, text: str, private: bool = False) -> None:
    """Replace a file whole or not at all; its permissions stay.

    private: a new file can be read by its owner alone. OSError where it cannot be written.
    """
    if file.exists() and not file.is_file():  # a device or a pipe
        file.write_text(text, encoding="utf-8")
        return
    target = file.resolve()  # through a link, not over it
    temporary = target.with_name(f".{os.getpid()}.xent-check")
    try:
        temporary.touch(0o600 if private else 0o666)
        temporary.write_text(text, encoding="utf-8")
        if target.exists():
            shutil.copymode(target, temporary)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
