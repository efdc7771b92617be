"""A look at some rows of a case: which they are, and that every report says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.command import xent_check
from tests.support.loaded import posed_cases
from xent_check.problem.rows import row_count, sampled
from xent_check.reporters.formats import REPORTERS
from xent_check.running.sampling import look

LARGE = """\
loss: sparse_categorical
logits: {random: normal, shape: [2, 50, 3]}
labels: {cycle: [0, 1, 2], shape: [2, 50]}
sample_weight: {range: true, shape: [2, 50]}
"""


def test_the_rows_are_those_of_the_case(tmp_path: Path) -> None:
    """Scores, labels and weights of one row stay together."""
    (posed,) = posed_cases(LARGE, tmp_path)
    problem, rows = sampled(posed.problem, 10)
    assert problem.values.shape == (10, 3)
    assert rows.counts == (10, 100)
    assert list(rows.rows) == sorted({*rows.rows})
    whole: Any = posed.problem
    for i in range(10):
        place = rows.row(i)
        np.testing.assert_array_equal(problem.values[i], whole.values[place])
        assert problem.labels[i] == whole.labels[place]
        assert problem.sample_weight is not None
        assert problem.sample_weight[i] == whole.sample_weight[place]


def test_rows_along_axes_before_a_class_axis_in_the_middle(tmp_path: Path) -> None:
    text = "loss: sparse_categorical\nlogits: {random: normal, shape: [2, 4, 3, 5]}\n"
    text += "class_axis: 2\nlabels: {cycle: [0, 1, 2], shape: [2, 4, 5]}\n"
    (posed,) = posed_cases(text, tmp_path)
    problem, rows = sampled(posed.problem, 3)
    assert (problem.values.shape, problem.samples_shape, problem.num_classes) == (
        (3, 3, 5),
        (3, 5),
        3,
    )
    np.testing.assert_array_equal(problem.values[1], posed.problem.values[rows.row(1)])


def test_a_weight_of_the_last_axes_stays_with_them(tmp_path: Path) -> None:
    """Of as many axes as the scores, each row has its own."""
    text = "loss: binary\nlogits: {random: normal, shape: [6, 3]}\n"
    text += "labels: {cycle: [0, 1], shape: [6, 3]}\npos_weight: "
    (few,) = posed_cases(text + "[1, 2, 3]\n", tmp_path)
    assert sampled(few.problem, 2)[0].pos_weight is few.problem.pos_weight
    (all_,) = posed_cases(text + "{range: true, shape: [6, 3]}\n", tmp_path)
    problem, rows = sampled(all_.problem, 2)
    assert problem.pos_weight is not None
    assert problem.pos_weight[1].tolist() == [3 * rows.rows[1] + k for k in range(3)]


def test_a_look_takes_the_same_rows_each_time(tmp_path: Path) -> None:
    (posed,) = posed_cases(LARGE, tmp_path)
    assert look(posed, 7).sampled == look(posed, 7).sampled


@pytest.mark.parametrize("more", ["", "expect: {torch: {mean: 1}}\n"], ids=["few rows", "stated"])
def test_a_case_that_is_not_cut_has_all_its_rows(tmp_path: Path, more: str) -> None:
    (posed,) = posed_cases(LARGE + more, tmp_path)
    assert look(posed, 50 if more else 100) is posed
    assert row_count(posed.problem) == 100


@pytest.mark.long  # a command for each format
@pytest.mark.parametrize("name", REPORTERS)
def test_every_report_says_that_only_some_rows_were_compared(tmp_path: Path, name: str) -> None:
    (tmp_path / "large.yaml").write_text(LARGE)
    done = xent_check(
        tmp_path, "run", "large.yaml", "--sample", "10", "-i", "stable", "--tolerance", "auto",
        "-q", "--report", name,
    )  # fmt: skip
    assert done.code == 0
    assert "only 10 of 100 rows were compared" in done.out


def test_the_row_of_the_worst_sample_is_that_of_the_case(tmp_path: Path) -> None:
    """A reader looks for it in the file."""
    (tmp_path / "large.yaml").write_text(LARGE)
    done = xent_check(
        tmp_path, "run", "large.yaml", "--sample", "10", "-i", "stable", "--tolerance", "0",
        "--report", "json",
    )  # fmt: skip
    (result,) = done.json["results"]
    (posed,) = posed_cases(LARGE, tmp_path)
    (worst,) = result["worst_sample"]
    row = list(sampled(posed.problem, 10)[1].row(worst))
    assert f"its sample [{worst}] is in row {row} of the case" in result["notes"][-1]
    assert done.json["cases"][0]["sampled"] == [10, 100]
