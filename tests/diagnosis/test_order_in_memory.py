"""Arrays that are read in the order of their memory are named, where the case has such memory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.observed import bounds_of, problem_of
from xent_check.diagnosis.diagnosis import Diagnosis, Explanation, Observed, diagnose
from xent_check.problem.problem import Problem

ROWS = [[1.5, -0.25, 0.5, 2.0], [-1.0, 0.75, 3.0, 0.0], [0.25, 1.25, -2.0, 1.0]]


def log_p(row: list[float]) -> list[float]:
    log_sum = math.log(sum(math.exp(x) for x in row))
    return [x - log_sum for x in row]


LOGS = [log_p(row) for row in ROWS]


def asked(logits: Any, labels: Any, **options: Any) -> Problem:
    return problem_of({"loss": "sparse_categorical", "logits": logits, "labels": labels, **options})


def diagnosed(losses: list[float], problem: Problem) -> Diagnosis:
    values = np.array(losses, np.float32).astype(np.float64)
    return diagnose(problem, Observed(values, np.zeros_like(values), None), bounds_of(problem))


def first_of(losses: list[float], problem: Problem) -> Explanation:
    return diagnosed(losses, problem).explanations[0]


@pytest.mark.parametrize(
    ("layout", "places"),
    [
        ("transposed", [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]),  # of the flat array, in memory
        ("reversed", list(range(11, -1, -1))),
    ],
)
def test_scores_that_are_read_in_the_order_of_their_memory_are_named(
    layout: str, places: list[int]
) -> None:
    rows = np.array(ROWS).T  # 4 rows of 3 classes
    read = rows.reshape(-1)[places].reshape(4, 3)
    labels = [0, 2, 1, 1]
    losses = [-log_p(list(row))[y] for row, y in zip(read, labels, strict=True)]
    first = first_of(losses, asked(rows, labels, layout=layout))
    assert (first.id, first.parameters["what"]) == ("strides-ignored", "the scores")
    assert not any(
        e.id == "strides-ignored" for e in diagnosed(losses, asked(rows, labels)).explanations
    )


def test_scores_between_which_nan_stands_give_nan_where_that_is_read() -> None:
    """Of the first row 1.5, nan, -0.25, nan are read, in place of four classes."""
    one = asked([ROWS[0]], [3], layout="sliced")
    assert first_of([math.nan], one).id == "strides-ignored"
    assert not diagnosed([math.nan], asked([ROWS[0]], [3])).explained


def test_labels_that_are_read_in_the_order_of_their_memory_are_named() -> None:
    """Every second number of their memory is a label, and the one after it that label again."""
    labels = [0, 2, 1]
    losses = [-LOGS[0][0], -LOGS[1][0], -LOGS[2][2]]
    first = first_of(losses, asked(ROWS, labels, layout="sliced"))
    assert (first.id, first.parameters["what"]) == ("strides-ignored", "the labels")
