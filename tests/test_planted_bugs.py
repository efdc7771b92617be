"""Bugs planted one at a time in a copy of the package: for each, a test must turn red.

A bug names a function and what is changed in it, and the tests that are expected to notice, so that
it takes a second or two. They run where they stand, against the copy.
`.ci/run` plants them all; `pytest -m planted` does by hand, and with -k some of them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import xent_check
from tests.planted import Bug, planted
from tests.support.fork_server import Done, ForkServer
from tests.support.sources import source_file

pytestmark = pytest.mark.planted

TESTS = Path(__file__).parent
PACKAGE = Path(xent_check.__file__).parent
EXAMPLES = "60"
# One failing example is enough here: nobody reads it, so it need not be made small. The same are
# drawn each time: a bug that is found once is found again.
QUICK = """
from hypothesis import Phase, settings

phases = [Phase.explicit, Phase.generate]
settings.register_profile("quick", phases=phases, database=None, derandomize=True)
settings.load_profile("quick")
"""


BUGS = planted()


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    one = ForkServer()
    yield one
    one.close()


def run(server: ForkServer, folder: Path, tests: str, only: str) -> Done:
    """Some tests, against the package in this folder."""
    arguments = ["-x", "-q", "-p", "no:cacheprovider", "-p", "quick", "-m", "", "--no-header"]
    arguments += ["--tb=line", f"--rootdir={TESTS.parent}"]
    arguments += [f"--config-file={TESTS.parent / 'pyproject.toml'}"]
    arguments += [*map(str, TESTS.rglob(tests)), *(["-k", only] if only else [])]
    environment = {"PYTHONDONTWRITEBYTECODE": "1", "XENT_CHECK_EXAMPLES": EXAMPLES}
    return server.run(folder, arguments, environment)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package, with its compiled files. Whoever changes one restores it."""
    copy = tmp_path_factory.mktemp("copy")
    shutil.copytree(PACKAGE, copy / "xent_check")
    (copy / "cases").symlink_to(TESTS.parent / "cases")
    (copy / "quick.py").write_text(QUICK, encoding="utf-8")
    return copy


def restore(file: Path, package: Path) -> None:
    """As it was, its time too, by which Python knows what it compiled of it."""
    shutil.copy2(PACKAGE / file.relative_to(package), file)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name.replace(" ", "-"))
def test_a_planted_bug_is_found(server: ForkServer, bug: Bug, folder: Path) -> None:
    package = folder / "xent_check"
    file = bug.plant(package)
    try:
        done = run(server, folder, bug.tests, bug.only)
    finally:
        restore(file, package)
    # 1: tests ran and one failed; a file that cannot be imported, or no test at all, is no catch
    assert done.code == 1, done.output
    assert "1 failed" in done.output


def test_without_a_bug_they_pass_and_run_the_copy(server: ForkServer, folder: Path) -> None:
    """The tests are those that run by themselves too: here it is how they are run that is tried."""
    done = run(server, folder, "test_ranking.py", "")
    assert done.code == 0, done.output
    package = folder / "xent_check"
    ranking = source_file(package, "ranking")
    ranking.write_text("largest_first = None", encoding="utf-8")
    try:
        assert run(server, folder, "test_ranking.py", "").code == 1
    finally:
        restore(ranking, package)
    assert run(server, folder, "test_ranking.py", "").code == 0


def test_there_are_bugs_enough() -> None:
    assert len({(bug.place, bug.old, bug.new) for bug in BUGS}) == len(BUGS) >= 20
    assert all(len(list(TESTS.rglob(bug.tests))) == 1 for bug in BUGS)
