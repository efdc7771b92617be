"""The real command in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Done:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def xent_check(folder: Path, *arguments: str) -> Done:
    """`xent-check` with these arguments in a folder."""
    done = subprocess.run(
        [sys.executable, "-m", "xent_check", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return Done(done.returncode, done.stdout, done.stderr)
