"""A user's file is loaded as it stands, also where it was edited just after it was compiled."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

SECOND = 1_700_000_000 * 10**9
CALL = "from xent_check.implementations.own.loading import load; print(load({!r})())"


@pytest.mark.parametrize("function", ["own.py:l", "own:l", "uses.py:l", "folder.inside:l"])
def test_an_edit_in_the_second_of_the_compilation_is_seen(tmp_path: Path, function: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "uses.py").write_text("from own import l")
    for file in (tmp_path / "own.py", tmp_path / "folder" / "inside.py"):
        compile_then_edit(file)
    told = subprocess.run(
        [sys.executable, "-c", CALL.format(function)],
        cwd=tmp_path, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert told.stdout == "after\n"


def compile_then_edit(file: Path) -> None:
    """The same size and the same whole second before and after the compilation."""
    file.write_text("def l(): return 'befor'\n")
    os.utime(file, ns=(SECOND, SECOND + 50_000_000))
    compiled = py_compile.compile(str(file))
    assert compiled is not None
    os.utime(compiled, ns=(SECOND, SECOND + 300_000_000))
    file.write_text("def l(): return 'after'\n")
    os.utime(file, ns=(SECOND, SECOND + 800_000_000))
