"""When, of what and by which command a run was made: saved with it, and kept by what reads it."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.command import completed
from xent_check.results.origin import Origin, joined

CASES = """\
defaults: {loss: sparse_categorical, logits: [[2.0, 1.0, 0.1]], labels: [0]}
cases: [{name: first}, {name: second}]
"""
HASH = "0123456789abcdef0123456789abcdef01234567"
RUN = ("run", "my cases.yaml", "-i", "stable", "-k", "$(rm) <b>'", "-k", "first")
EVAL = ("eval", "--loss", "binary", "--logits", "[1.0]", "--labels", "[1.0]", "-i", "stable")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "my cases.yaml").write_text(CASES, encoding="utf-8")
    return tmp_path


def made(folder: Path, *arguments: str) -> Origin:
    """The origin in the JSON on standard output."""
    done = completed(folder, *arguments, "--report", "json", GITHUB_SHA=HASH)
    return Origin(**json.loads(done.stdout)["origin"])


def test_a_run_says_when_of_what_and_by_which_command_it_was_made(folder: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    for command in (RUN[:4], EVAL):
        origin = made(folder, *command)
        assert shlex.split(origin.command) == ["xent-check", *command, "--report", "json"]
        assert origin.commit == HASH
        started = datetime.strptime(origin.started, "%Y-%m-%dT%H:%M:%S%z")
        assert before <= started <= datetime.now(UTC)


def test_a_hostile_command_line_is_quoted_for_a_shell(folder: Path) -> None:
    assert "'$(rm) <b>'\"'\"''" in made(folder, *RUN).command


def test_what_reads_a_saved_run_keeps_its_origin(folder: Path) -> None:
    done = completed(folder, *RUN[:4], "--report", "json=r.json", GITHUB_SHA=HASH)
    assert done.returncode == 0
    origin = Origin(**json.loads((folder / "r.json").read_text(encoding="utf-8"))["origin"])
    assert origin.command.endswith("--report json=r.json")
    assert made(folder, "judge", "r.json") == origin
    assert made(folder, "judge", "r.json", "--tolerance", "1e-3") == origin
    assert made(folder, "merge", "r.json") == origin


def test_a_run_that_was_saved_without_one_is_read(folder: Path) -> None:
    completed(folder, *RUN[:4], "--report", "json=r.json")
    run = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    del run["origin"]
    (folder / "old.json").write_text(json.dumps(run), encoding="utf-8")
    assert made(folder, "judge", "old.json") == Origin()


def test_several_runs_began_with_the_first_and_are_of_each_commit_and_command() -> None:
    runs = [
        Origin("2026-01-02T00:00:00Z", "b", "xent-check run --shard 1/3"),
        Origin("2026-01-01T00:00:00Z", "a", "xent-check run --shard 2/3"),
        Origin("", "b", ""),
    ]
    assert joined(runs) == Origin(
        "2026-01-01T00:00:00Z", "b and a", "xent-check run --shard 1/3; xent-check run --shard 2/3"
    )
    assert joined([Origin(), Origin()]) == Origin()


def test_the_page_of_a_saved_run_is_the_page_of_the_run(folder: Path) -> None:
    told = "description: 'On what\n it is', source: 'https://example.org/a', tags: [one, two]"
    inputs = "loss: binary, probs: [0.5], labels: [1.0], expect: {manual: {losses: [0.25]}}"
    (folder / "told.yaml").write_text(f"cases: [{{name: told, {told}, {inputs}}}]")
    files = ("--report", "json=r.json", "--report", "html=run.html")
    assert completed(folder, "run", "told.yaml", "-i", "manual", *files).returncode == 1
    assert completed(folder, "judge", "r.json", "--report", "html=judged.html").returncode == 1
    first, second = (folder / f"{name}.html" for name in ("run", "judged"))
    assert first.read_text(encoding="utf-8") == second.read_text(encoding="utf-8")
    for words in ("On what it is", "https://example.org/a", 'data-tags="one two"'):
        assert words in second.read_text(encoding="utf-8")
