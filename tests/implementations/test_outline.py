"""A compiled program is of everything in a problem but the numbers in its arrays."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from xent_check.implementations.outline import Blank, Outline
from xent_check.problem.problem import Problem

PROBLEM = Problem(
    loss="categorical",
    given="logits",
    values=np.array([[2.0, 1.0], [0.5, 2.5]], dtype=np.float32),
    labels=np.eye(2, dtype=np.float32),
    dtype="float32",
    class_weight=np.array([1.0, 2.0], dtype=np.float32),
)
NAMES = [field.name for field in fields(Problem)]


def another(value: Any) -> Any:
    """A value of no problem, unlike the one given."""
    return Blank(np.zeros((7, 2))) if isinstance(value, Blank) else f"not {value!r}"


@pytest.mark.parametrize("name", NAMES)
def test_problems_that_differ_in_a_field_have_their_own(name: str) -> None:
    outline = Outline.of(PROBLEM)
    changed: dict[str, Any] = {name: another(getattr(outline, name))}
    assert outline == Outline.of(PROBLEM)
    assert hash(outline) == hash(Outline.of(PROBLEM))
    assert outline != replace(outline, **changed)


def test_numbers_of_arrays_make_no_difference() -> None:
    other = replace(
        PROBLEM,
        values=PROBLEM.values + 1,
        labels=PROBLEM.labels[::-1],
        class_weight=np.array([3.0, 4.0], dtype=np.float32),
    )
    assert Outline.of(other) == Outline.of(PROBLEM)


@pytest.mark.parametrize("name", ["values", "labels", "class_weight"])
def test_the_dtype_and_the_shape_of_an_array_do(name: str) -> None:
    array = getattr(PROBLEM, name)
    narrower: dict[str, Any] = {name: array.astype(np.float16)}
    longer: dict[str, Any] = {name: np.concatenate([array, array])}
    outline = Outline.of(PROBLEM)
    assert Outline.of(replace(PROBLEM, **narrower)) != outline
    assert Outline.of(replace(PROBLEM, **longer)) != outline


@pytest.mark.parametrize(("one", "two"), [(0.0, -0.0), (1, 1.0), (1, True), (0.1, 0.1 + 2e-17)])
def test_options_that_are_written_differently_do(one: Any, two: Any) -> None:
    outlines = [Outline.of(replace(PROBLEM, label_smoothing=value)) for value in (one, two)]
    assert (outlines[0] == outlines[1]) == (repr(one) == repr(two))


def test_soft_labels_do_beside_class_weights_alone() -> None:
    soft = replace(PROBLEM, labels=np.full((2, 2), 0.5, dtype=np.float32))
    assert Outline.of(soft) != Outline.of(PROBLEM)
    plain = [replace(problem, class_weight=None) for problem in (soft, PROBLEM)]
    assert Outline.of(plain[0]) == Outline.of(plain[1])


def test_so_does_a_label_that_could_fill_up_shifted_ones() -> None:
    rows = np.zeros((3, 2), dtype=np.float32)
    first, second, third = (
        Problem("sparse_categorical", "logits", rows, np.array(labels), "float32", shift=1)
        for labels in ([0, 1, 1], [1, 0, 0], [0, 1, -100])
    )
    assert Outline.of(first) == Outline.of(second) != Outline.of(third)
    assert (Outline.of(first).filler, Outline.of(third).filler) == (-100, -101)
    unshifted = [Outline.of(replace(problem, shift=None)) for problem in (first, third)]
    assert unshifted[0] == unshifted[1]


@pytest.mark.parametrize(
    "ask",
    [
        np.asarray, np.isfinite, np.sum, bool, float, len, list, operator.itemgetter(0),
        lambda blank: blank == 0, lambda blank: blank != 0, lambda blank: blank > 0,
        lambda blank: blank <= 0, lambda blank: blank + 1, lambda blank: -blank,
        lambda blank: blank.sum(), lambda blank: blank.astype(float), lambda blank: 0 in blank,
    ],
)  # fmt: skip
def test_an_outline_has_no_numbers_to_build_in(ask: Callable[[Any], Any]) -> None:
    with pytest.raises((TypeError, AttributeError)):
        ask(Outline.of(PROBLEM).values)


def test_an_outline_has_the_facts_of_its_problem_that_need_no_numbers() -> None:
    outline = Outline.of(PROBLEM)
    assert outline.num_classes == PROBLEM.num_classes
    assert outline.samples_shape == PROBLEM.samples_shape
    assert outline.options == PROBLEM.options
    assert outline.has_one_hot_labels
    with pytest.raises(TypeError, match="may depend on no number"):
        _ = replace(outline, ignore_index=0).kept
