"""The shipped corpus through the real command, with the frameworks installed."""

from __future__ import annotations

import subprocess
import sys


def test_the_shipped_cases_all_agree_or_are_declared() -> None:
    command = [sys.executable, "-m", "xent_check", "run"]
    for name in ("keras", "tf", "torch", "jax", "optax"):
        command += ["--require", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
