"""A small problem's balls are computed once, for its losses, totals and gradient alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from tests.support.problems import problems
from xent_check.problem.problem import Problem
from xent_check.reference import balls
from xent_check.reference.balls import SmallProblem, exact_gradient, exact_losses, exact_totals
from xent_check.reference.divisors import divisor
from xent_check.reference.enclosure import Enclosure
from xent_check.reference.reference import reference


def assert_same(one: Enclosure, other: Enclosure) -> None:
    for a, b in zip(vars(one).values(), vars(other).values(), strict=True):
        np.testing.assert_array_equal(a, b)


@settings(deadline=None, max_examples=60)
@given(problems())
def test_they_are_what_each_is_by_itself(problem: Problem) -> None:
    problem = replace(problem, gradient=True)
    divisors = {r: divisor(problem, r) for r in problem.reductions}
    small = SmallProblem(problem)
    assert_same(small.losses(), exact_losses(problem))
    for reduction, total in exact_totals(problem, divisors).items():
        assert_same(small.totals(divisors)[reduction], total)
    assert_same(small.gradient(), exact_gradient(problem))


def test_a_reference_computes_them_once(monkeypatch: pytest.MonkeyPatch) -> None:
    computed, answers = [], balls._answers

    def counting(problem: Problem, gradient: bool) -> Any:
        computed.append(gradient)
        return answers(problem, gradient)

    monkeypatch.setattr(balls, "_answers", counting)
    values, labels = np.zeros((2, 3), np.float32), np.array([0, 1])
    reference(
        Problem(
            "sparse_categorical", "logits", values, labels, "float32",
            reductions=("sum", "mean"), gradient=True,
        )
    )  # fmt: skip
    assert computed == [True]
