"""A tolerance that would accept 0, or another label's loss, says nothing about a sample."""

from __future__ import annotations

import numpy as np

from xent_check.problem import Problem
from xent_check.reference import reference
from xent_check.vacuity import vacuity


def sparse(logits: list[list[float]], labels: list[int]) -> Problem:
    values = np.array(logits, dtype=np.float32)
    return Problem("sparse_categorical", "logits", values, np.array(labels), "float32")


def of(problem: Problem, allowed: float) -> tuple[list[bool], list[bool]]:
    found = vacuity(problem, reference(problem), np.full(problem.samples_shape, allowed))
    return found.zero.tolist(), found.other_label.tolist()


def test_a_loss_below_the_tolerance_could_be_0() -> None:
    # log(1 + exp(-20)) = 2.06e-9; log(1 + exp(-1)) = 0.31
    assert of(sparse([[20, 0], [1, 0]], [0, 0]), 2e-6)[0] == [True, False]


def test_logits_closer_than_the_tolerance_could_be_each_others_label() -> None:
    assert of(sparse([[0, 2.0**-20, 9], [0, 1, 9]], [0, 0]), 2e-6)[1] == [True, False]


def test_labels_of_equal_logits_have_equal_losses_and_no_tolerance_is_at_fault() -> None:
    assert of(sparse([[1, 1]], [0]), 2e-6) == ([False], [False])


def test_a_loss_of_0_is_not_accepted_by_mistake() -> None:
    assert of(sparse([[3.0]], [0]), 2e-6) == ([False], [False])


def test_binary_targets_swap_at_a_logit_near_0() -> None:
    values, labels = np.array([1e-7, 1.0], np.float32), np.array([1, 1], np.float32)
    problem = Problem("binary", "logits", values, labels, "float32")
    assert of(problem, 2e-6)[1] == [True, False]


def test_the_words_name_the_first_sample_of_each_kind() -> None:
    problem = sparse([[1, 0], [20, 0], [0, 2.0**-20]], [0, 0, 0])
    words = vacuity(problem, reference(problem), np.full(3, 2e-6)).words()
    assert words == (
        "the tolerance would accept 0 for 1 of 3 (first: [1]), "
        "and the loss of another label for 1 of 3 (first: [2])"
    )


def test_a_sharp_tolerance_has_no_words() -> None:
    problem = sparse([[1, 0]], [0])
    assert vacuity(problem, reference(problem), np.full(1, 2e-6)).words() is None
