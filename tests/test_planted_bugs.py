"""Bugs planted one at a time in a copy of the package: for each, a test must turn red.

A bug names a function and what is changed in it, and the tests that are expected to notice, so that
it takes a second or two. They run where they stand, against the copy.
`.ci/run` plants them all; `pytest -m planted` does by hand, and with -k some of them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import xent_check
from tests.planted import Bug, planted
from tests.support.sources import source_file

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


def run(folder: Path, tests: str, only: str) -> subprocess.CompletedProcess[str]:
    """Some tests, against the package in this folder."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "quick",
        "-m",
        "",
    ]
    command += [f"--rootdir={TESTS.parent}", f"--config-file={TESTS.parent / 'pyproject.toml'}"]
    command += ["--no-header", "--tb=line", *map(str, TESTS.rglob(tests))]
    command += ["-k", only] if only else []
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
    """The package, with what Python compiled of the files that stay the same."""
    shutil.copytree(PACKAGE, folder / "xent_check")
    (folder / "cases").symlink_to(TESTS.parent / "cases")
    (folder / "quick.py").write_text(QUICK, encoding="utf-8")


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name.replace(" ", "-"))
def test_a_planted_bug_is_found(bug: Bug, tmp_path: Path) -> None:
    copy_to(tmp_path)
    bug.plant(tmp_path / "xent_check")
    done = run(tmp_path, bug.tests, bug.only)
    # 1: tests ran and one failed; a file that cannot be imported, or no test at all, is no catch
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed" in done.stdout


def test_without_a_bug_they_pass_and_run_the_copy(tmp_path: Path) -> None:
    """The tests are those that run by themselves too: here it is how they are run that is tried."""
    copy_to(tmp_path)
    done = run(tmp_path, "test_ranking.py", "")
    assert done.returncode == 0, done.stdout + done.stderr
    ranking = source_file(tmp_path / "xent_check", "ranking")
    ranking.write_text("largest_first = None", encoding="utf-8")
    assert run(tmp_path, "test_ranking.py", "").returncode == 1


def test_there_are_bugs_enough() -> None:
    assert len({(bug.place, bug.old, bug.new) for bug in BUGS}) == len(BUGS) >= 20
    assert all(len(list(TESTS.rglob(bug.tests))) == 1 for bug in BUGS)
