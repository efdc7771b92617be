"""Losses of another shape than the samples: the likely reason."""

from __future__ import annotations

import numpy as np
import pytest

from xent_check.problem.evaluation import Computed
from xent_check.problem.problem import Problem
from xent_check.results.shape_advice import shape_advice

SCORES = np.zeros((3, 2, 5), dtype=np.float32)
PROBLEM = Problem(
    "sparse_categorical", "logits", SCORES, np.zeros((3, 2), dtype=np.int64), "float32"
)


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ((3, 2), ""),
        ((), "leave the reduction out, or say which it is, as in --returns mean"),
        ((3, 2, 5), "a number for each class: take that of the label"),
        ((3, 2, 1), "an axis of length 1 is kept: leave it out"),
        ((6,), "they are flattened: reshape them to [3, 2]"),
        ((2, 3), "the axes are in another order: transpose them back"),
        ((3,), "axis 1 is summed or averaged away"),
        ((2,), "axis 0 is summed or averaged away"),
        ((7,), "return a loss for each sample, in shape [3, 2]"),
    ],
)
def test_the_likely_reason_is_told(shape: tuple[int, ...], told: str) -> None:
    advice = shape_advice(
        Computed(np.zeros(shape, np.float32), {}, "f(logits, labels)", 0), PROBLEM
    )
    assert told in advice
    assert bool(told) == bool(advice)


def test_one_number_where_each_was_asked_for_is_said_so() -> None:
    call = "f(logits, labels, reduction='none')"
    advice = shape_advice(Computed(np.zeros((), np.float32), {}, call, 0), PROBLEM)
    assert advice.startswith("it was asked for reduction='none': heed that")


def test_losses_in_place_of_a_declared_total_lead_to_what_asks_for_it() -> None:
    def told(call: str) -> str:
        empty = np.empty(0, np.float32)
        return shape_advice(Computed(empty, {}, call, 0, only_totals="the mean alone"), PROBLEM)

    assert told("f(logits, labels, reduction='none')").endswith(
        "--set reduction=NAME asks for its total"
    )
    assert told("f(logits, labels)").startswith("say what it gives, as in --returns losses")
