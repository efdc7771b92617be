"""Bugs planted one at a time in a copy of the package: for each, a test there must turn red.

A mutation is a file, a text that stands in it, and what takes its place; the claim is the test that
is expected to notice, so that a bug takes a second or two. Leave these out with -m "not planted".
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import xent_check

from .planted import Bug, planted

pytestmark = pytest.mark.planted

TESTS = Path(__file__).parent
PACKAGE = Path(xent_check.__file__).parent
EXAMPLES = "60"
# One failing example is enough here: nobody reads it, so it need not be made small.
QUICK = """
from hypothesis import Phase, settings

settings.register_profile("quick", phases=[Phase.explicit, Phase.generate], database=None)
settings.load_profile("quick")
"""


BUGS = planted()


def run(folder: Path, bug: Bug) -> subprocess.CompletedProcess[str]:
    """The bug's tests, against the package in this folder."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    command += ["--no-header", "--tb=line", f"tests/{bug.tests}"]
    command += ["-k", bug.only] if bug.only else []
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "XENT_CHECK_EXAMPLES": EXAMPLES,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # more than half of what a start takes
    }
    environment.pop("PYTEST_ADDOPTS", None)
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def copy_to(folder: Path) -> None:
    """The package and its tests, with what Python compiled of the files that stay the same."""
    shutil.copytree(PACKAGE, folder / "xent_check")
    (folder / "tests").mkdir()
    for file in TESTS.glob("*.py"):
        shutil.copy2(file, folder / "tests")
    for name in ("bad_cases", "fakes", "observed"):
        shutil.copytree(TESTS / name, folder / "tests" / name)
    if (TESTS / "__pycache__").is_dir():
        shutil.copytree(TESTS / "__pycache__", folder / "tests" / "__pycache__")
    shutil.copy(TESTS.parent / "pyproject.toml", folder)
    (folder / "conftest.py").write_text(QUICK, encoding="utf-8")


def plant(bug: Bug, folder: Path) -> subprocess.CompletedProcess[str] | None:
    """The outcome of the bug's tests with the bug there; None where its text is not."""
    copy_to(folder)
    file = folder / "xent_check" / bug.file
    source = file.read_text(encoding="utf-8")
    if bug.old not in source:
        return None
    file.write_text(source.replace(bug.old, bug.new), encoding="utf-8")
    return run(folder, bug)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name.replace(" ", "-"))
def test_a_planted_bug_is_found(bug: Bug, tmp_path: Path) -> None:
    done = plant(bug, tmp_path / "copy")
    assert done is not None, f"{bug.file} has changed: plant this one anew"
    # 1: tests ran and one failed; a file that cannot be imported, or no test at all, is no catch
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed" in done.stdout


@pytest.mark.parametrize("tests", sorted({bug.tests for bug in BUGS}))
def test_without_a_bug_the_same_tests_pass(tests: str, tmp_path: Path) -> None:
    copy_to(tmp_path / "copy")
    tmp_path /= "copy"
    where = "import xent_check; print(xent_check.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", where], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert Path(found.stdout.strip()).is_relative_to(tmp_path)
    only = [f"({bug.only})" for bug in BUGS if bug.tests == tests and bug.only]
    done = run(tmp_path, Bug("none", "", "", "", tests, " or ".join(dict.fromkeys(only))))
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_bugs_enough() -> None:
    assert len({(bug.file, bug.old, bug.new) for bug in BUGS}) == len(BUGS) >= 20
