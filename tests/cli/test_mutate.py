"""`xent-check mutate`: whole outputs at 80 columns. No framework is needed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import completed
from tests.support.snapshots import assert_expected

CASES = """\
defaults: {loss: sparse_categorical, reduction: mean}
cases:
  - {name: small, logits: [[1, 2, 3], [0.5, 0.5, 0.5]], labels: [0, 1]}
  - {name: large, logits: [[100, 0, 0]], labels: [1]}
"""
CHOSEN = (
    "-i", "maximum-missing", "-i", "maximum-from-zero", "-i", "epsilon-in-the-log",
    "-i", "smoothing-over-others", "-i", "smoothing-counts-ignored", "-i", "mean-over-all",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "mine.yaml").write_text(CASES)
    return tmp_path


def run(folder: Path, *arguments: str) -> Any:
    return completed(folder, "mutate", *arguments, COLUMNS="80")


def steady(text: str) -> str:
    """The text with one time, and one case of the package for all."""
    text = re.sub(r"add corpus:\S+", "add corpus:FILE::CASE", text)
    return re.sub(r"in \S+ s$", "in 0.1 s", text, flags=re.MULTILINE)


def test_what_slips_through_is_listed_by_what_the_cases_lack(folder: Path) -> None:
    done = run(folder, *CHOSEN)
    assert_expected("mutate.txt", steady(done.stdout))
    assert (done.returncode, done.stderr) == (1, "")


def test_with_v_what_is_caught_stands_with_its_case_and_the_reason(folder: Path) -> None:
    done = run(folder, *CHOSEN, "-v")
    assert_expected("mutate-v.txt", steady(done.stdout))


def test_with_q_the_score_stands_alone(folder: Path) -> None:
    done = run(folder, *CHOSEN, "-q")
    assert steady(done.stdout) == "2 cases catch 2 of 6 known bugs (33.3%) in 0.1 s\n"


def test_markdown_is_a_table_of_all(folder: Path) -> None:
    done = run(folder, *CHOSEN, "--report", "markdown")
    assert_expected("mutate.md", steady(done.stdout))


def test_json_has_every_bug_with_its_fate(folder: Path) -> None:
    data = json.loads(run(folder, *CHOSEN, "--report", "json").stdout)
    assert data["summary"] | {"seconds": 0} == {
        "cases": 2, "asked": 2, "bugs": 6, "caught": 2, "missing": 0, "seconds": 0,
    }  # fmt: skip
    by_id = {row["id"]: row for row in data["mutants"]}
    assert by_id["maximum-missing"]["status"] == "caught"
    assert by_id["maximum-missing"]["case"] == "cases/mine.yaml::large"
    assert by_id["maximum-missing"]["explanation"] == "unshifted-exp"
    assert by_id["mean-over-all"]["status"] == "slips"
    assert by_id["mean-over-all"]["lacking"] == ["ignored samples"]


def test_all_caught_or_enough_of_them_is_success(folder: Path) -> None:
    assert run(folder, "-i", "maximum-missing").returncode == 0
    assert run(folder, *CHOSEN, "--fail-under", "33").returncode == 0
    assert run(folder, *CHOSEN, "--fail-under", "34").returncode == 1


def test_where_no_bug_can_be_asked_nothing_was_compared(folder: Path) -> None:
    done = run(folder, "-i", "clamp-of-the-wrong-sign")
    assert done.returncode == 3
    assert "no case has binary losses from logits" in done.stdout


def test_a_name_that_is_no_bug_is_answered_with_the_close_one(folder: Path) -> None:
    done = run(folder, "-i", "maximum-mising")
    assert done.returncode == 2
    assert "did you mean 'maximum-missing'?" in done.stderr


def test_a_format_that_it_does_not_have_is_refused(folder: Path) -> None:
    done = run(folder, "--report", "junit")
    assert done.returncode == 2
    assert "'junit'; allowed: table, json, markdown" in done.stderr
