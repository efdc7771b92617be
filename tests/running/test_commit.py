"""The commit of a run: what git says is checked out, read without git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from xent_check.running.commit import CI_VARIABLES, commit_of

HASH = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40


def git(folder: Path, *arguments: str) -> str:
    who = (
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@example.org",
        "-c",
        "protocol.file.allow=always",
    )
    line = ["git", *who, *arguments]
    done = subprocess.run(line, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of one commit, and a folder in it."""
    root = tmp_path / "repository"
    (root / "inside").mkdir(parents=True)
    git(root, "init", "-q", "-b", "topic/one")
    git(root, "commit", "-q", "--allow-empty", "-m", "first")
    return root


def test_the_commit_is_what_git_says(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    assert commit_of(repository, {}) == commit
    assert commit_of(repository / "inside", {"GITHUB_SHA": HASH}) == commit


def test_a_packed_branch_is_found(repository: Path) -> None:
    git(repository, "pack-refs", "--all")
    assert not (repository / ".git" / "refs" / "heads" / "topic" / "one").exists()
    assert commit_of(repository, {}) == git(repository, "rev-parse", "HEAD")


def test_a_branch_that_moved_since_it_was_packed_is_where_it_is_now(repository: Path) -> None:
    git(repository, "pack-refs", "--all")
    git(repository, "commit", "-q", "--allow-empty", "-m", "second")
    assert commit_of(repository, {}) == git(repository, "rev-parse", "HEAD")


def test_a_detached_head_is_the_commit_itself(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")
    assert commit_of(repository, {}) == git(repository, "rev-parse", "HEAD")


def test_a_worktree_has_a_head_of_its_own(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", "-b", "other", str(tmp_path / "tree"))
    git(tmp_path / "tree", "commit", "-q", "--allow-empty", "-m", "second")
    commit = git(tmp_path / "tree", "rev-parse", "HEAD")
    assert commit_of(tmp_path / "tree", {}) == commit != commit_of(repository, {})


def test_a_submodule_has_a_head_of_its_own(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "outer")
    outer = tmp_path / "outer"
    git(outer, "submodule", "--quiet", "add", str(repository), "part")
    git(outer, "commit", "-q", "-m", "with a part")
    assert commit_of(outer / "part", {}) == git(outer / "part", "rev-parse", "HEAD")
    assert commit_of(outer, {}) == git(outer, "rev-parse", "HEAD")


@pytest.mark.parametrize("name", CI_VARIABLES)
def test_outside_of_a_repository_a_ci_service_names_it(tmp_path: Path, name: str) -> None:
    assert commit_of(tmp_path, {name: HASH}) == HASH


@pytest.mark.parametrize("value", ["", "main", HASH[:12], HASH + "0", f"{HASH}\n", "<b>"])
def test_what_is_no_commit_is_none(tmp_path: Path, value: str) -> None:
    assert commit_of(tmp_path, {"GITHUB_SHA": value}) == ""
    assert commit_of(tmp_path, {"GITHUB_SHA": value, "GIT_COMMIT": OTHER}) == OTHER


@pytest.mark.parametrize(
    "head",
    [b"", b"ref: refs/heads/none\n", b"ref: refs/heads/.invalid\n", b"\xff\xfe", b"ref: HEAD\n"],
    ids=["empty", "no commit yet", "reftable", "no text", "of itself"],
)
def test_a_head_that_says_nothing_is_no_commit(tmp_path: Path, head: bytes) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_bytes(head)
    assert commit_of(tmp_path, {}) == ""
    assert commit_of(tmp_path, {"GIT_COMMIT": HASH}) == HASH


def test_a_link_to_a_repository_that_is_not_there_is_no_commit(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /nowhere/at/all\n")
    assert commit_of(tmp_path, {}) == ""
    assert commit_of(tmp_path / "not" / "there", {}) == ""
