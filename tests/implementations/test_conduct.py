"""The further calls of an implementation: what is asked again, and what is seen of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fake import PROBLEM
from xent_check import implementations
from xent_check.implementations.conduct import ALONE, watched, with_conduct
from xent_check.implementations.own.asking import ask, user_loss
from xent_check.problem.conduct import Conduct, Regrouped
from xent_check.problem.dtypes import BITS
from xent_check.problem.evaluation import Computed, UnsupportedError
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import ConductCheck

Array = npt.NDArray[Any]
ADAPTERS = Path(implementations.__file__).with_name("adapters")


def rows(logits: Array, labels: Array, sample_weight: Array | None = None) -> Array:
    """A number of each row that knows it and its label: no two of these tests have the same."""
    picked = np.take_along_axis(logits, labels[..., None], axis=-1)[..., 0]
    losses: Array = logits.sum(axis=-1) + 2 * picked
    return losses if sample_weight is None else losses * sample_weight


def seen(function: Callable[..., Any], problem: Problem, check: ConductCheck) -> Conduct:
    loss = user_loss(function, "f", "numpy")
    asked = replace(problem, conduct=(check,))
    return with_conduct(asked, lambda p: ask(p, loss)).conduct


def numbers(shape: tuple[int, ...]) -> Array:
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape) ** 2


def test_nothing_more_is_asked_where_no_check_is() -> None:
    calls = []

    def counted(logits: Array, labels: Array) -> Array:
        calls.append(logits)
        return rows(logits, labels)

    answer = ask(PROBLEM, user_loss(counted, "f", "numpy"))
    assert with_conduct(PROBLEM, lambda _: answer) is answer
    assert len(calls) == 1
    assert answer.conduct.overwritten is None
    assert answer.conduct.repetition is None


def test_the_arrays_are_not_copied_where_they_are_not_checked() -> None:
    copies: list[Array] = []

    def to_numpy(array: Array) -> Array:
        copies.append(array)
        return array

    assert watched(PROBLEM, {"logits": PROBLEM.values}, to_numpy)().overwritten is None
    assert not copies


# ---- inputs -------------------------------------------------------------------------------------


def test_each_array_that_is_overwritten_is_named_with_its_changed_entries() -> None:
    def overwrites(logits: Array, labels: Array, sample_weight: Array) -> Array:
        losses = rows(logits, labels)
        logits[0, 1] = -logits[0, 1]
        labels[:] = 2
        sample_weight += 0
        return losses

    problem = replace(PROBLEM, sample_weight=np.ones(3, np.float32))
    assert seen(overwrites, problem, "inputs").overwritten == {"logits": 1, "labels": 3}
    assert seen(rows, problem, "inputs").overwritten == {}


def test_a_nan_that_stays_is_no_change_and_another_zero_is() -> None:
    def minus_zero(logits: Array, labels: Array) -> Array:
        losses = rows(logits, labels)
        logits[0, 0] = -0.0
        return losses

    values = np.array([[0.0, np.nan, 1.0]], np.float32)
    problem = replace(PROBLEM, values=values, labels=np.array([0]))
    assert seen(rows, problem, "inputs").overwritten == {}
    assert seen(minus_zero, problem, "inputs").overwritten == {"logits": 1}


# ---- repeatable ---------------------------------------------------------------------------------


def repeated(*answers: Computed | Exception) -> Any:
    """The repetition of answers that come one after the other."""
    coming = iter(answers)

    def evaluate(_: Problem) -> Computed:
        answer = next(coming)
        if isinstance(answer, Exception):
            raise answer
        return answer

    asked = replace(PROBLEM, conduct=("repeatable",))
    return with_conduct(asked, evaluate).conduct.repetition


def gave(losses: Any, gradient: Any = None, **totals: Any) -> Computed:
    return Computed(np.asarray(losses), totals, "", 0.0, gradient)  # type: ignore[arg-type]


def test_the_same_bits_are_repeatable_and_every_nan_is_the_same() -> None:
    one = gave(np.array([1.0, np.nan], np.float32))
    other = gave(np.array([1.0, -np.nan], np.float32))
    assert repeated(one, one).unrepeated == ()
    assert repeated(one, other).unrepeated == ()


@pytest.mark.parametrize(
    ("first", "second"), [(0.0, -0.0), (1.0, 1.0000001), (np.inf, -np.inf), (1.0, np.nan)]
)
def test_other_bits_are_not_repeatable(first: float, second: float) -> None:
    of = [gave(np.array([2.0, 5.0, one], np.float32)) for one in (first, second)]
    (part,) = repeated(*of).unrepeated
    assert (part.part, part.differing, part.size, part.place) == ("losses", 1, 3, (2,))
    assert (part.first, part.second) == pytest.approx((first, second), nan_ok=True)


def test_the_number_that_differs_most_is_shown_of_each_part() -> None:
    first = gave(np.zeros(2, np.float32), np.zeros((2, 2), np.float32), mean=np.float32(1))
    gradient = np.array([[0, 1], [3, 2]], np.float32)
    second = gave(np.zeros(2, np.float32), gradient, mean=np.float32(2))
    mean, slope = repeated(first, second).unrepeated
    assert (mean.part, mean.first, mean.second, mean.place) == ("mean", 1.0, 2.0, ())
    assert (slope.part, slope.differing, slope.place) == ("gradient", 3, (1, 0))


def test_another_form_is_not_repeatable() -> None:
    narrow, wide = gave(np.zeros(2, np.float32)), gave(np.zeros(2))
    (part,) = repeated(narrow, wide).unrepeated
    assert part.forms == "float32 of shape [2], then float64 of shape [2]"
    (part,) = repeated(gave(np.zeros(2), np.zeros(2)), gave(np.zeros(2))).unrepeated
    assert (part.part, part.forms) == ("gradient", "float64 of shape [2], then none")


def test_a_second_call_that_raises_is_seen() -> None:
    repetition = repeated(gave(np.zeros(2)), RuntimeError("freed"))
    assert repetition.raised == "RuntimeError: freed"


def test_numbers_of_16_bits_that_numpy_does_not_know_are_shown_as_numbers() -> None:
    bits = [np.array([0x3F80, low], np.uint16).view(BITS) for low in (0x4000, 0x4040)]
    (part,) = repeated(*map(gave, bits)).unrepeated
    assert (part.first, part.second, part.dtype) == (2.0, 3.0, "bfloat16")


def test_a_buffer_that_is_returned_twice_is_no_repetition() -> None:
    buffer, count = np.zeros(3, np.float32), iter(range(100))

    def reuses(logits: Array, labels: Array) -> Array:
        buffer[:] = rows(logits, labels) + next(count)
        return buffer

    asked = replace(PROBLEM, conduct=("repeatable",))
    answer = with_conduct(asked, lambda p: ask(p, user_loss(reuses, "f", "numpy")))
    assert answer.conduct.repetition is not None
    assert answer.conduct.repetition.unrepeated[0].differing == 3
    np.testing.assert_array_equal(answer.losses, rows(PROBLEM.values, PROBLEM.labels))


# ---- other company ------------------------------------------------------------------------------


def regrouped(function: Callable[..., Any], problem: Problem) -> Regrouped:
    conduct = seen(function, problem, "batch")
    assert conduct.regrouped is not None, conduct.not_regrouped
    return conduct.regrouped


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=3), st.integers(0, 3), st.booleans(), st.data()
)
def test_a_loss_by_row_is_the_same_in_any_company(
    samples: list[int], axis: int, weighted: bool, data: st.DataObject
) -> None:
    """Wherever the class axis is: labels and weights go with their samples."""
    axis = min(axis, len(samples))
    values = numbers((*samples[:axis], 4, *samples[axis:]))
    drawn = data.draw(st.lists(st.integers(0, 3), min_size=27, max_size=27))
    labels = np.array(drawn[: int(np.prod(samples))]).reshape(samples)
    weights = 1 + numbers(tuple(samples)) if weighted else None
    problem = replace(
        PROBLEM, values=values, labels=labels, class_axis=axis, sample_weight=weights,
        conduct=("batch",),
    )  # fmt: skip

    def answer(p: Problem) -> Computed:
        values = np.moveaxis(p.values, p.class_axis, -1)
        return gave(rows(values, p.labels, p.sample_weight))

    expected = answer(problem).losses
    seen_of = with_conduct(problem, answer).conduct.regrouped
    assert seen_of is not None
    np.testing.assert_array_equal(seen_of.together, expected)
    flat = expected.reshape(-1)
    np.testing.assert_array_equal(seen_of.alone, flat[list(seen_of.samples)])
    assert len(seen_of.samples) == (0 if flat.size == 1 else min(flat.size, ALONE))


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_weights_of_the_last_axes_go_with_them(shape: tuple[int, ...]) -> None:
    """Of binary losses, of shape [2, 3]; a number stays one."""
    values, weight = numbers((2, 3)), 1 + numbers(shape)
    problem = replace(
        PROBLEM, loss="binary", values=values, labels=values / 32, pos_weight=weight, reductions=()
    )

    def weighted(logits: Array, labels: Array, pos_weight: Array) -> Array:
        assert pos_weight.ndim == len(shape)
        losses: Array = logits * pos_weight + labels
        return losses

    expected = values * weight + values / 32
    seen_of = regrouped(weighted, problem)
    np.testing.assert_array_equal(seen_of.together, expected)
    alone = expected.reshape(-1)[list(seen_of.samples)]
    np.testing.assert_array_equal(seen_of.alone, alone)


def by_sequence(p: Problem) -> Computed:
    """A number of each row that knows it and the label after its own; 0 for the last ones."""
    losses = rows(p.values, np.roll(p.labels, -1, axis=-1))
    losses[..., -1] = 0
    return gave(losses, mean=losses.sum())


@pytest.mark.parametrize("only_totals", [False, True])
def test_shifted_sequences_stay_whole_in_other_company(only_totals: bool) -> None:
    labels = np.arange(24).reshape(2, 3, 4) % 5
    problem = replace(
        PROBLEM, values=numbers((2, 3, 4, 5)), labels=labels, shift=1, conduct=("batch",),
        reductions=("mean",),
    )  # fmt: skip
    expected = by_sequence(problem)

    def answer(p: Problem) -> Computed:
        return replace(by_sequence(p), only_totals="why" if only_totals else "")

    seen_of = with_conduct(problem, answer).conduct.regrouped
    assert seen_of is not None
    if only_totals:
        assert seen_of.samples == ()
        np.testing.assert_array_equal(seen_of.together, expected.totals["mean"])
        return
    np.testing.assert_array_equal(seen_of.together, expected.losses)
    assert len(seen_of.samples) == ALONE
    alone = expected.losses.reshape(-1)[list(seen_of.samples)]
    np.testing.assert_array_equal(seen_of.alone, alone)


def test_of_many_samples_the_first_the_last_and_the_largest_are_asked_alone() -> None:
    values = np.zeros((100, 3), np.float32)
    values[37] = 9
    problem = replace(PROBLEM, values=values, labels=np.zeros(100, np.int64))
    samples = regrouped(rows, problem).samples
    assert len(samples) == ALONE
    assert {0, 37, 99} <= {*samples}
    assert max(np.diff(samples)) < 70


def test_one_sample_is_asked_beside_a_copy_of_itself() -> None:
    shapes = []

    def noted(logits: Array, labels: Array) -> Array:
        shapes.append(logits.shape)
        return rows(logits, labels)

    problem = replace(PROBLEM, values=PROBLEM.values[:1], labels=PROBLEM.labels[:1])
    seen_of = regrouped(noted, problem)
    assert shapes == [(1, 3), (2, 3)]
    np.testing.assert_array_equal(seen_of.together, rows(problem.values, problem.labels))


def test_totals_are_asked_of_samples_that_count() -> None:
    problem = replace(PROBLEM, ignore_index=1, reductions=("mean",))

    def mean(logits: Array, labels: Array, ignore_index: int) -> Any:
        assert (labels != ignore_index).any()
        return rows(logits, np.where(labels == ignore_index, 0, labels)).mean()

    loss = user_loss(mean, "f", "numpy")
    asked = replace(problem, conduct=("batch",))
    seen_of = with_conduct(asked, lambda p: ask(p, loss, "mean")).conduct.regrouped
    assert seen_of is not None
    assert (seen_of.samples, seen_of.reduction, seen_of.together.shape) == ((0,), "mean", ())


def raising(error: Exception) -> Callable[..., Array]:
    def raises_alone(logits: Array, labels: Array) -> Array:
        if labels.size == 1:
            raise error
        return rows(logits, labels)

    return raises_alone


@pytest.mark.parametrize(
    ("function", "problem", "why"),
    [
        (rows, replace(PROBLEM, values=PROBLEM.values[:0], labels=PROBLEM.labels[:0]),
         "there is no sample to ask alone"),
        (rows, replace(PROBLEM, values=PROBLEM.values[0], labels=PROBLEM.labels[0]),
         "there is one sample, and no company for a bare row"),
        (lambda logits, labels: rows(logits, labels)[:2], PROBLEM,
         "its losses are not one for each sample"),
        (raising(ValueError("no single rows")), PROBLEM,
         "asked for sample [0] alone, it raised ValueError: no single rows"),
        (raising(UnsupportedError("it takes two rows")), PROBLEM,
         "asked for sample [0] alone: it takes two rows"),
        (lambda logits, labels, shift: rows(logits, labels), replace(PROBLEM, shift=1),
         "there is one sequence, and no company for it"),
        (lambda logits, labels: np.repeat(rows(logits, labels), 1 + (len(labels) == 1)), PROBLEM,
         "asked for sample [0] alone, it gave an answer of shape [2], not 1 numbers"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_has_a_reason(
    function: Callable[..., Array], problem: Problem, why: str
) -> None:
    conduct = seen(function, problem, "batch")
    assert conduct.regrouped is None
    assert conduct.not_regrouped == why


def test_every_adapter_that_makes_arrays_has_them_watched() -> None:
    """One that does not would answer `inputs` with: its adapter does not show that."""
    sources = {f.name: f.read_text(encoding="utf-8") for f in ADAPTERS.glob("*.py")}
    makers = {name: text for name, text in sources.items() if re.search(r"[^\w]Computed\(", text)}
    del makers["elementary.py"]  # no loss, and no case of it
    assert len(makers) >= 7
    for phrase in ("conduct = watched(problem, ", "conduct=conduct()"):
        assert [name for name, text in makers.items() if phrase not in text] == []
