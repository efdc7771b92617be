"""Arrays that are not contiguous reach a loss as views, and never as copies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pytest

from tests.support.fake import LOSSES, PROBLEM
from xent_check.implementations.adapters import manual, stable
from xent_check.implementations.own.asking import ask, user_loss
from xent_check.implementations.own.introducing import answer
from xent_check.implementations.own.taken import Kind, Taken
from xent_check.implementations.program import layouts_of, problem_arrays, refuse_layouts
from xent_check.problem.evaluation import UnsupportedError
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Layout

Array = npt.NDArray[Any]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
BINARY = Problem(
    "binary", "logits", np.array([[0.5, -1.0], [2.0, 0.0]], np.float32),
    np.array([[1.0, 0.0], [0.25, 1.0]], np.float32), "float32",
)  # fmt: skip
SOFT = replace(PROBLEM, loss="categorical", labels=np.eye(3, dtype=np.float32)[[0, 1, 1]])
OTHER_AXIS = replace(PROBLEM, values=np.ascontiguousarray(PROBLEM.values.T), class_axis=0)
# (rows or one axis, in numbers): what the arrays of float32 and of int64 are strided by.
STRIDES = {"transposed": ((1, 3), (2,)), "sliced": ((6, 2), (2,)), "reversed": ((-3, -1), (-1,))}


def steps(array: Array) -> tuple[int, ...]:
    return tuple(step // array.itemsize for step in array.strides)


class Recording:
    """A loss that notes the strides of what it gets."""

    def __init__(self, losses: Callable[[Array, Array], Array] | None = None) -> None:
        self.seen: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
        self.losses = losses

    def __call__(self, logits: Array, labels: Array) -> Array:
        self.seen.append((steps(logits), steps(labels)))
        return self.losses(logits, labels) if self.losses else np.zeros(labels.shape)


def right(logits: Array, labels: Array) -> Array:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    rows: Array = np.arange(len(labels))
    losses: Array = np.log(np.exp(shifted).sum(axis=-1)) - shifted[rows, labels]
    return losses


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_numpy_loss_gets_views_of_the_same_numbers(layout: Layout) -> None:
    loss = Recording(right)
    computed = ask(replace(PROBLEM, layout=layout), user_loss(loss, "mine:f", "numpy"))
    assert loss.seen == [STRIDES[layout]]
    np.testing.assert_allclose(computed.losses, LOSSES, atol=1e-6)


def test_without_a_layout_it_gets_contiguous_arrays() -> None:
    loss = Recording()
    turned = replace(PROBLEM, values=np.asfortranarray(PROBLEM.values))
    ask(turned, user_loss(loss, "mine:f", "numpy"))
    assert loss.seen == [((3, 1), (1,))]


@pytest.mark.parametrize("problem", [BINARY, SOFT, OTHER_AXIS], ids=["binary", "soft", "axis-0"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_scores_and_labels_of_every_loss_are_laid_out(problem: Problem, layout: Layout) -> None:
    arrays = problem_arrays(replace(problem, layout=layout))
    for array in (arrays["logits"], arrays["labels"]):
        assert not array.flags.c_contiguous
    np.testing.assert_array_equal(arrays["logits"], problem.values)
    np.testing.assert_array_equal(arrays["labels"], problem.labels)


def test_weights_stay_contiguous_and_a_cotangent_has_a_layout_of_its_own() -> None:
    weights = np.array([1.0, 2.0, 3.0], np.float32)
    problem = replace(
        PROBLEM, class_weight=weights, sample_weight=weights, cotangent=weights, gradient=True,
        layout="reversed", cotangent_layout="sliced",
    )  # fmt: skip
    found = {name: steps(array) for name, array in problem_arrays(problem).items()}
    assert found == {
        "logits": (-3, -1), "labels": (-1,), "class_weight": (1,), "sample_weight": (1,),
        "cotangent": (2,),
    }  # fmt: skip


@pytest.mark.parametrize("adapter", [manual, stable])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_formulas_compute_on_the_views(
    adapter: Any, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    formula = adapter.FORMULAS["sparse_categorical"]

    def recording(problem: Problem) -> Array:
        seen.append((steps(problem.values), steps(problem.labels)))
        losses: Array = formula(problem)
        return losses

    monkeypatch.setitem(adapter.FORMULAS, "sparse_categorical", recording)
    computed = adapter.evaluate(replace(PROBLEM, layout=layout), "", "cpu")
    assert seen == [STRIDES[layout]]
    np.testing.assert_allclose(computed.losses, LOSSES, atol=1e-6)


def test_a_loss_of_two_axes_gets_the_layout_in_those() -> None:
    """The samples in one axis are a copy; what is laid out is what the loss is called with."""
    loss = Recording(right)
    problem = replace(
        PROBLEM, values=PROBLEM.values[None], labels=PROBLEM.labels[None], layout="reversed"
    )
    taken = Taken((Kind("sparse_categorical", "logits", "losses", "losses", "losses", (1,)),))
    computed = answer(problem, user_loss(loss, "mine:f", "numpy"), taken)
    assert loss.seen == [STRIDES["reversed"]]
    np.testing.assert_allclose(computed.losses, [LOSSES], atol=1e-6)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_a_loss_writes_to_a_view_is_seen_and_is_its_own(layout: Layout) -> None:
    def overwriting(logits: Array, labels: Array) -> Array:
        losses = right(logits, labels)
        logits[0, 0] = 7
        return losses

    problem = replace(PROBLEM, layout=layout, conduct=("inputs",))
    before = problem.values.copy()
    computed = ask(problem, user_loss(overwriting, "mine:f", "numpy"))
    assert computed.conduct.overwritten == {"logits": 1}
    np.testing.assert_array_equal(problem.values, before)


def test_who_has_no_such_memory_is_not_given_copies() -> None:
    for layout in LAYOUTS:
        with pytest.raises(UnsupportedError, match=f"tf.nn has no arrays that are {layout} in mem"):
            refuse_layouts(replace(PROBLEM, layout=layout), (), "tf.nn")
    ones = np.ones(3, np.float32)
    both = replace(
        PROBLEM, layout="reversed", gradient=True, cotangent=ones, cotangent_layout="expanded"
    )
    with pytest.raises(UnsupportedError, match="are expanded or reversed in memory"):
        refuse_layouts(both, ("transposed", "sliced"), "torch")
    refuse_layouts(both, (*LAYOUTS, "expanded"), "mlx")


def test_a_problem_without_a_layout_asks_for_none() -> None:
    assert layouts_of(PROBLEM) == {}
    refuse_layouts(PROBLEM, (), "tf.nn")
