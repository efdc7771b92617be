"""Commands that are measured."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_SCRIPT = Path(sys.executable).with_name("xent-check")
XENT_CHECK = [str(_SCRIPT)] if _SCRIPT.exists() else [sys.executable, "-m", "xent_check"]


def seconds(command: Sequence[str], cache: Path | None = None) -> float:
    """Wall time of a command that does all its work: it agrees, or it diverges (1)."""
    return seconds_together([command], cache)


def seconds_together(commands: Sequence[Sequence[str]], cache: Path | None = None) -> float:
    """Wall time of commands that are started at once, until the last has ended. Modules are
    compiled once, as they are by an installation, whatever the environment says of that."""
    settings: Mapping[str, str] = {} if cache is None else {"XENT_CHECK_CACHE": str(cache)}
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    running = [
        subprocess.Popen(
            command,
            env={**environment, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for command in commands
    ]
    printed = [process.communicate() for process in running]
    taken = time.perf_counter() - start
    for command, process, (out, err) in zip(commands, running, printed, strict=True):
        if process.returncode not in (0, 1) or "Traceback" in err:
            sys.exit(f"{command} exited with {process.returncode}:\n{out}{err}")
    return taken
