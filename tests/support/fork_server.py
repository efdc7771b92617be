"""A process that has imported what the tests need from elsewhere, and forks one for each run of
pytest: a run of one test spends half its time on those imports otherwise.

Run as a program it reads lines of JSON, {"folder", "arguments", "environment"}, and answers each
with the exit status of its run, whose output is in `folder`/output.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

OUTPUT = "output"
_IMPORTED = (
    "_pytest.logging", "_pytest.terminal", "click", "execnet", "flint", "hypothesis.extra.numpy",
    "mpmath", "numpy.testing", "psutil", "pydantic", "rich.console", "yaml",
)  # fmt: skip


@dataclass(frozen=True)
class Done:
    """How a run of pytest ended, and all that it printed."""

    code: int
    output: str


class ForkServer:
    """Runs pytest in processes forked from one; only where there is os.fork."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        for told in ("PYTEST_ADDOPTS", "XENT_CHECK_SAME_DRAWS"):  # these runs are told their own
            environment.pop(told, None)
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip

    def run(self, folder: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> Done:
        """pytest with these arguments, in a folder that its imports are looked for in first."""
        asked = {"folder": str(folder), "arguments": arguments, "environment": environment}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        code = int(self._process.stdout.readline())
        return Done(code, (folder / OUTPUT).read_text(encoding="utf-8", errors="replace"))

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def _serve() -> None:
    import pytest

    for name in _IMPORTED:
        importlib.import_module(name)
    sys.path.remove(str(Path(__file__).parent))
    gc.freeze()  # a collection in a child then touches none of this
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            folder = asked["folder"]
            os.chdir(folder)
            os.environ.update(asked["environment"], PYTHONPATH=folder)
            sys.path.insert(0, folder)
            printed = os.open(OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            for stream in (1, 2):
                os.dup2(printed, stream)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            sys.exit(
                pytest.main(asked["arguments"])
            )  # not os._exit: forks of its own leave folders
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    _serve()
