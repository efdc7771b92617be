"""The bounds of a large problem are those of the whole, made a part at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import REDUCTIONS
from xent_check.reference import bounds_in_parts as made
from xent_check.reference.bounds import bounds
from xent_check.reference.bounds_in_parts import bounds_in_parts, terms_at
from xent_check.reference.reference import reference

STREAM = np.random.RandomState(5)
F32 = np.float32


def classes(axis: int, **options: Any) -> Problem:
    values = np.moveaxis(STREAM.standard_normal((3, 7, 4)).astype(F32), -1, axis)
    labels = STREAM.randint(0, 4, (3, 7))
    return Problem(
        "sparse_categorical", "logits", values, labels, "float32", axis,
        reductions=REDUCTIONS, gradient=True, **options,
    )  # fmt: skip


def binary(**options: Any) -> Problem:
    values = STREAM.standard_normal((3, 7)).astype(F32)
    labels = STREAM.uniform(0, 1, (3, 7)).astype(F32)
    return Problem(
        "binary", "logits", values, labels, "float32", reductions=REDUCTIONS, gradient=True,
        **options,
    )  # fmt: skip


def soft(problem: Problem) -> Problem:
    labels = STREAM.uniform(0, 1, problem.values.shape).astype(F32)
    return replace(problem, loss="categorical", labels=labels)


WEIGHTS = STREAM.uniform(0.5, 2, (3, 7)).astype(F32)
PROBLEMS = {
    "classes last": classes(-1, ignore_index=2, sample_weight=WEIGHTS, cotangent=WEIGHTS),
    "classes first": classes(0, class_weight=np.array([1, 2, 3, 4], F32)),
    "classes in the middle": classes(1, label_smoothing=0.1),
    "soft": soft(classes(1, sample_weight=WEIGHTS)),
    "binary": binary(pos_weight=np.arange(1, 8, dtype=F32), cotangent=WEIGHTS),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_parts_have_the_bounds_of_the_whole(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = PROBLEMS[name]
    exact = reference(problem)
    whole = bounds(problem, exact)
    assert problem.values.size > 20
    monkeypatch.setattr(made, "VALUES", 20)
    monkeypatch.setattr(made, "_AT_ONCE", 20)
    monkeypatch.setattr(made, "_AT_ONCE_OF_BINARY", 20)
    large = bounds_in_parts(problem, exact)
    np.testing.assert_allclose(large.losses, whole.losses, rtol=1e-12)
    assert large.gradient is not None
    assert whole.gradient is not None
    np.testing.assert_allclose(large.gradient, whole.gradient, rtol=1e-12)
    assert large.totals == pytest.approx(whole.totals, rel=1e-12)
    assert large.terms == {}


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_terms_of_one_sample_are_those_of_all(name: str) -> None:
    problem = PROBLEMS[name]
    exact = reference(problem)
    whole, index = bounds(problem, exact), (2, 5)
    terms = {term: float(values[index]) for term, values in whole.terms.items()}
    assert terms_at(problem, exact, index) == pytest.approx(terms, rel=1e-12)
