"""`xent-check fuzz`, with NumPy functions."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.support.command import completed
from xent_check.casefile.loading import Filter, load

FAKES = Path(__file__).parents[1] / "support" / "fakes"
DRAWN = ("--seconds", "20", "--examples", "150")
SPARSE = ("--loss", "sparse_categorical", "--given", "logits", "--returns", "losses,gradient")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(FAKES / "sought.py", tmp_path)
    return tmp_path


def numbers_of(file: Path) -> int:
    """How many numbers the scores and the labels of a case have."""
    problem = load((str(file),), Filter())[0].problem
    return int(problem.values.size + problem.labels.size)


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "part"), [("wrong_far_out", "losses"), ("wrong_where_sure", "gradient")]
)
def test_a_rare_defect_is_found_shrunk_and_declared(folder: Path, name: str, part: str) -> None:
    arguments = ("-i", f"sought.py:{name}", *SPARSE, "--seed", "1")
    done = completed(
        folder, "fuzz", *arguments, "--seconds", "20", "--examples", "300", "--declare"
    )
    assert done.returncode == 1, done.stdout + done.stderr
    files = sorted((folder / "cases" / "found").glob(f"*{part}*.yaml"))
    assert min(map(numbers_of, files)) <= 4
    again = completed(folder, "run", "cases/found")
    assert again.returncode == 0, again.stdout
    assert f"{len(list((folder / 'cases' / 'found').glob('*.yaml')))} known" in again.stdout


@pytest.mark.long
def test_a_right_loss_gives_no_find(folder: Path) -> None:
    arguments = ("-i", "sought.py:right", *SPARSE, *DRAWN, "--seed", "2")
    done = completed(folder, "fuzz", *arguments)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^nothing found: \d+ problems, 1 implementation", done.stdout, re.MULTILINE)
    assert not (folder / "cases").exists()


def test_an_unknown_option_is_refused_with_the_nearest(tmp_path: Path) -> None:
    done = completed(tmp_path, "fuzz", "-i", "stable", "--option", "label_smothing")
    assert done.returncode == 2
    assert "did you mean 'label_smoothing'?" in done.stderr


def test_a_folder_that_cannot_be_made_is_said_before_the_search(folder: Path) -> None:
    done = completed(folder, "fuzz", "-i", "sought.py:right", *DRAWN, "--out", "sought.py/found")
    assert done.returncode == 2
    assert done.stderr.endswith(f"--out sought.py/found: {folder / 'sought.py'} is no folder\n")
    assert done.stdout == ""


def test_options_without_a_common_loss_are_refused(tmp_path: Path) -> None:
    options = ("--option", "pos_weight", "--option", "ignore_index")
    done = completed(tmp_path, "fuzz", "-i", "stable", *options)
    assert done.returncode == 2
    assert "no binary or categorical or sparse_categorical loss takes" in done.stderr


def test_an_implementation_that_is_missing_is_refused(tmp_path: Path) -> None:
    done = completed(tmp_path, "fuzz", "-i", "no_such_module:loss", "--examples", "1")
    assert done.returncode == 2, done.stdout
