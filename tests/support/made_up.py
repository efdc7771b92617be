"""A copy of the package whose table of options has two lines more, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import xent_check
from xent_check.problem import options

TESTS = Path(__file__).parents[1]
PACKAGE = Path(xent_check.__file__).parent
TABLE = Path(options.__file__).relative_to(PACKAGE)
END_OF_TABLE = "    # fmt: on\n"
LINES = """\
    temperature: float = field(default=1.0, metadata={_LINE: Option(
        Number(above=0), "The logits are divided by it.", given=("logits",), synonyms=("tau",),
    )})
    token_weight: Array | None = field(default=None, metadata={_LINE: Option(
        NumberArray("samples"), "Another weight per sample.",
    )})
"""


def with_longer_table(folder: Path, *tests: str) -> None:
    """The package, with those tests and what they read, in an empty folder."""
    shutil.copytree(PACKAGE, folder / "xent_check")
    shutil.copytree(TESTS.parent / "docs", folder / "docs")
    for name in ("__init__.py", *tests):
        (folder / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TESTS / name, folder / "tests" / name)
    table = folder / "xent_check" / TABLE
    source = table.read_text(encoding="utf-8")
    assert source.count(END_OF_TABLE) == 1
    table.write_text(source.replace(END_OF_TABLE, LINES + END_OF_TABLE), encoding="utf-8")


def python(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python in the copy's folder, with the copy's package."""
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"COLUMNS": "80", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    for name in ("PYTEST_ADDOPTS", "UPDATE_EXPECTED"):
        environment.pop(name, None)
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=copy, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
