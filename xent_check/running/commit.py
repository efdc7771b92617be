"""Commit: what is checked out in a folder, read from the repository's files.

No program is started: `git` may be absent, refuse another owner's folder, or run what the
repository's settings name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

# Where services that build and test say the commit: GitHub, GitLab, Buildkite, CircleCI, Bitbucket,
# Azure Pipelines, Travis, Jenkins.
CI_VARIABLES = (
    "GITHUB_SHA", "CI_COMMIT_SHA", "BUILDKITE_COMMIT", "CIRCLE_SHA1", "BITBUCKET_COMMIT",
    "BUILD_SOURCEVERSION", "TRAVIS_COMMIT", "GIT_COMMIT",
)  # fmt: skip
_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_MOST_LINKS = 5  # of a reference to a reference


def commit_of(folder: Path, environment: Mapping[str, str]) -> str:
    """The commit that is checked out in the repository around a folder; where there is none to be
    read, the one that a CI service names in the environment; else ""."""
    try:
        found = _checked_out(folder.resolve())
    except (OSError, ValueError):  # unreadable; not text; a folder that is gone
        found = ""
    named = (environment.get(name, "") for name in CI_VARIABLES)
    return found or next((commit for commit in named if _HASH.fullmatch(commit)), "")


def _checked_out(folder: Path) -> str:
    """The commit of HEAD; "" without a repository, or before the first commit."""
    root = next((f for f in (folder, *folder.parents) if (f / ".git").exists()), None)
    if root is None:
        return ""
    git = root / ".git"
    if git.is_file():  # of a worktree or a submodule: the path of its folder
        git = root / _line(git).removeprefix("gitdir: ")
    shared = git / _line(git / "commondir") if (git / "commondir").is_file() else git
    name = "HEAD"
    for _ in range(_MOST_LINKS):
        text = next((line for place in (git, shared) for line in _lines_of(place, name)), "")
        if not text.startswith("ref: "):
            return text if _HASH.fullmatch(text) else ""
        name = text.removeprefix("ref: ")
    return ""


def _lines_of(git: Path, name: str) -> Iterator[str]:
    """What a repository's folder has for a reference: in a file of its own, or among the packed."""
    if (git / name).is_file():
        yield _line(git / name)
    if (git / "packed-refs").is_file():
        with (git / "packed-refs").open(encoding="utf-8") as packed:
            yield from (line.split()[0] for line in packed if line.split()[1:] == [name])


def _line(file: Path) -> str:
    with file.open(encoding="utf-8") as text:
        return text.readline().strip()
