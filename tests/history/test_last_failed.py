"""`--last-failed`: what failed when it was last asked for; everything where nothing did."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.command import completed
from tests.support.fake import CASES, PATIENCE, fake, until
from xent_check.history.last_failed import UnreadableError, read, state_file, update

RIGHT, WRONG, NAN = (fake("answering", name) for name in ("right", "off_by_a_bit", "nan"))
pytestmark = pytest.mark.long

SLEEPS = fake("hanging", "sleeps")
NONE_KNOWN = "--last-failed: no failed case is recorded for this folder; running all cases"


class Project:
    """Three cases in a folder, and a cache of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.folder.mkdir()
        self.cases = self.folder / "cases.yaml"
        self.cases.write_text(CASES)
        self.cache = folder / "cache"
        self.mark = folder / "mark"
        self.variables = {
            "XENT_CHECK_CACHE": str(self.cache),
            "XENT_CHECK_MARK": str(self.mark),
            "COLUMNS": "100",
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "xent_check", "run", "--report", "json", *arguments],
            cwd=self.folder,
            env=os.environ | self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def run(self, *arguments: str) -> tuple[int, list[str], list[str]]:
        """The exit code, the names of the cases that ran, the lines on standard error."""
        done = completed(self.folder, "run", "--report", "json", *arguments, **self.variables)
        assert "Traceback" not in done.stderr, done.stderr
        results = json.loads(done.stdout)["results"] if done.stdout else []
        names = dict.fromkeys(r["case"].partition("::")[2] for r in results)
        return done.returncode, list(names), done.stderr.splitlines()

    @property
    def states(self) -> list[Path]:
        return list((self.cache / "last-failed").glob("*.json"))

    @property
    def known(self) -> dict[str, set[str]]:
        """What is kept, by the case's name."""
        (state,) = self.states
        return {case.partition("::")[2]: names for case, names in read(state).items()}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


ALL = ["first", "second", "third"]


def test_those_that_failed_run_again_until_they_agree(project: Project) -> None:
    assert project.run("cases.yaml", "-i", WRONG, "-k", "second") == (1, ["second"], [])
    assert project.run("cases.yaml", "-i", RIGHT, "--last-failed") == (
        0,
        ["second"],
        ["--last-failed: 1 case"],
    )
    assert project.known == {"second": {WRONG}}  # another was asked
    project.cases.write_text(CASES.replace("cases:", "  implementations: [manual]\ncases:"))
    assert project.run("cases.yaml", "--last-failed")[1] == ["second"]
    assert project.states == []
    assert project.run("cases.yaml", "--last-failed") == (0, ALL, [NONE_KNOWN])


def test_without_a_run_before_everything_runs_and_that_is_said(project: Project) -> None:
    assert project.run("cases.yaml", "-i", "manual", "--last-failed") == (0, ALL, [NONE_KNOWN])
    assert not project.states


@pytest.mark.parametrize("text", ["", "{", "[]", '{"failed": 3}', '{"failed": {"a": 1}}', "\0"])
def test_a_spoilt_file_is_said_and_everything_runs(project: Project, text: str) -> None:
    project.run("cases.yaml", "-i", WRONG, "-k", "second")
    (state,) = project.states
    state.write_text(text)
    code, names, told = project.run("cases.yaml", "-i", "manual", "--last-failed")
    assert (code, names) == (0, ALL)
    said = "it does not hold what a run writes; running all cases"
    assert told == [f"--last-failed: {state}: {said}"]
    assert project.states == []


def test_what_a_later_run_leaves_out_stays(project: Project) -> None:
    project.run("cases.yaml", "-i", WRONG)
    project.run("cases.yaml", "-i", WRONG, "-i", NAN, "-k", "first")
    project.run("cases.yaml", "-i", RIGHT, "-k", "third")
    assert project.known == {"first": {WRONG, NAN}, "second": {WRONG}, "third": {WRONG}}
    assert project.run("cases.yaml", "-i", "manual", "--last-failed")[1] == ALL


def test_it_goes_together_with_other_ways_to_choose(project: Project) -> None:
    project.cases.write_text(CASES.replace("labels: [1, 1, 1]", "labels: [1, 1, 1], tags: [t]"))
    project.run("cases.yaml", "-i", WRONG, "-k", "first")
    project.run("cases.yaml", "-i", WRONG, "-k", "second")
    right = ("-i", RIGHT, "--last-failed")
    assert project.run("cases.yaml", "-k", "first", *right)[:2] == (0, ["first"])
    assert project.run("cases.yaml", "--tag", "t", *right)[:2] == (0, ["second"])
    assert project.run("cases.yaml::second", *right)[:2] == (0, ["second"])
    assert project.run("cases.yaml", "--shard", "2/2", *right)[:2] == (0, ["second"])
    assert project.run("cases.yaml", "-k", "third", *right) == (
        3,
        [],
        ["--last-failed: 2 cases", "none of 1 selected cases is among the 2 asked for"],
    )


def test_without_a_path_they_run_wherever_they_are(project: Project) -> None:
    project.run("cases.yaml", "-i", WRONG, "-k", "second")
    assert project.run("-i", RIGHT, "--last-failed")[:2] == (0, ["second"])


def test_a_name_that_is_no_more_is_dropped(project: Project) -> None:
    (project.folder / "other.yaml").write_text(CASES)
    project.run(".", "-i", WRONG, "-k", "first")
    project.cases.write_text(CASES.replace("first", "uno"))
    assert project.run(".", "-i", RIGHT, "--last-failed") == (
        0,
        ["first"],
        ["--last-failed: cases.yaml::first no longer exists", "--last-failed: 1 case"],
    )
    (project.folder / "other.yaml").unlink()
    _, names, told = project.run(".", "-i", RIGHT, "--last-failed")
    assert (names, told[-1]) == (["uno", "second", "third"], NONE_KNOWN)


def test_a_file_with_a_mistake_is_told_not_forgotten(project: Project) -> None:
    project.run("cases.yaml", "-i", WRONG, "-k", "first")
    project.cases.write_text(CASES.replace("labels: [2", "lables: [2"))
    code, _, told = project.run("--last-failed", "-i", RIGHT)
    assert code == 2
    assert "did you mean 'labels'?" in told[-1]


def test_a_run_that_stops_early_keeps_what_it_knows(project: Project) -> None:
    project.run("cases.yaml", "-i", WRONG)
    assert project.run("cases.yaml", "-i", NAN, "-x")[0] == 1
    assert project.known == {"first": {WRONG, NAN}, "second": {WRONG}, "third": {WRONG}}


@pytest.mark.long
def test_an_interrupted_run_keeps_what_it_knows(project: Project) -> None:
    process = project.start("cases.yaml", "-i", WRONG, "-i", SLEEPS, "-v")
    assert until(project.mark.exists)
    # The wrong answers come from a process of their own: give them time to arrive.
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=3)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=PATIENCE)
    assert (process.returncode, stdout, stderr.strip()) == (130, "", "interrupted")
    assert project.known == {name: {WRONG} for name in ALL}


@pytest.mark.long
def test_runs_at_once_lose_nothing(project: Project) -> None:
    processes = [project.start("cases.yaml", "-i", WRONG, "-k", name) for name in ALL]
    for process in processes:
        process.communicate(timeout=PATIENCE)
    assert project.known == {name: {WRONG} for name in ALL}


def test_many_updates_at_once_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XENT_CHECK_CACHE", str(tmp_path / "cache"))
    with ThreadPoolExecutor(16) as threads:
        for index in range(64):
            threads.submit(update, tmp_path, {f"x.yaml::{index}": {"torch": True}}, False)
    assert len(read(state_file(tmp_path))) == 64
    assert [p.name for p in state_file(tmp_path).parent.iterdir()] == [state_file(tmp_path).name]


def test_a_cache_that_cannot_be_written_fails_no_run(project: Project) -> None:
    project.cache.write_text("no folder")
    code, _, told = project.run("cases.yaml", "-i", WRONG)
    assert code == 1
    (line,) = told
    assert line.startswith(f"--last-failed cannot record what failed: {project.cache}")


def test_a_lock_that_cannot_be_had_fails_no_run(project: Project) -> None:
    project.cache.mkdir()
    (project.cache / "locks").write_text("no folder")
    code, _, told = project.run("cases.yaml", "-i", WRONG)
    assert code == 1
    (line,) = told
    assert line.startswith(f"--last-failed cannot record what failed: {project.cache}")
    assert "no lock in" in line
    assert project.states == []


def test_what_failed_is_for_its_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XENT_CHECK_CACHE", str(tmp_path / "cache"))
    for case in ("x.yaml::a", "x.yaml::b"):
        update(tmp_path, {case: {"torch": True}}, False)
        assert state_file(tmp_path).stat().st_mode & 0o777 == 0o600


def test_each_folder_has_its_own_and_those_that_are_gone_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XENT_CHECK_CACHE", str(tmp_path / "cache"))
    one, two, three = (tmp_path / name for name in ("one", "two", "three"))
    for folder in (one, two, three):
        folder.mkdir()
    failed = {"x.yaml::a": {"torch": True}}
    update(one, failed, False)
    update(two, failed, False)
    one.rmdir()
    update(three, failed, False)
    assert read(state_file(one)) == {}
    assert read(state_file(two)) == read(state_file(three)) == {"x.yaml::a": {"torch"}}


def test_a_whole_run_replaces_what_was_known_of_its_cases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XENT_CHECK_CACHE", str(tmp_path / "cache"))
    update(tmp_path, {"a": {"torch": True, "jax": True}, "b": {"torch": True}}, False)
    update(tmp_path, {"a": {"torch": False}}, False)
    assert read(state_file(tmp_path)) == {"a": {"jax"}, "b": {"torch"}}
    update(tmp_path, {"a": {"torch": False}}, True)
    assert read(state_file(tmp_path)) == {"b": {"torch"}}


def test_a_folder_in_its_place_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="directory"):
        read(tmp_path)
