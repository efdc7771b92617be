"""Problems that differ in numbers alone are compiled once, and each gets its own answer."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.support.random_problems import problem as random_problem
from xent_check.implementations.program import Program
from xent_check.problem.evaluation import Computed, UnsupportedError
from xent_check.problem.problem import Problem

PROBLEM = Problem(
    loss="categorical",
    given="logits",
    values=np.array([[2.0, 1.0, 0.1], [0.5, 2.5, 0.3]], dtype=np.float32),
    labels=np.eye(3, dtype=np.float32)[:2],
    dtype="float32",
    reductions=("mean", "weighted_mean"),
    gradient=True,
)
OTHERS = [
    replace(PROBLEM, values=PROBLEM.values[::-1]),
    replace(PROBLEM, labels=np.full((2, 3), 0.25, dtype=np.float32)),
    replace(PROBLEM, values=-PROBLEM.values, labels=np.eye(3, dtype=np.float32)[1:]),
]
LAST_LAYERS = [
    Problem(
        loss="sparse_categorical",
        given="hidden",
        values=np.array([[1.0, -2.0], [0.5, 0.25]], dtype=np.float32) * scale,
        labels=np.array([2, 0]),
        dtype="float32",
        weight=np.array([[1.0, 0.5], [-1.0, 2.0], [0.25, scale]], dtype=np.float32),
        bias=np.array([0.0, scale, 1.0], dtype=np.float32),
        gradient=True,
    )
    for scale in (np.float32(1.0), np.float32(3.0))
]
PROGRAMS = {"jax": "_jitted", "optax": "_jitted", "tensorflow": "_traced", "keras": "_traced",
            "torch": "_compiled_expression"}  # fmt: skip
MODES = [
    ("jax", ""),
    *(
        pytest.param(name, mode, marks=pytest.mark.long)
        for name, mode in (
            ("jax", "x32"), ("optax", ""), ("tensorflow", "graph"), ("tensorflow", "xla"),
            ("keras", "graph"), ("keras", "xla"), ("torch", "compile"),
        )
    ),
]  # fmt: skip


def adapter(name: str) -> ModuleType:
    return importlib.import_module(f"xent_check.implementations.adapters.{name}")


def forget(name: str) -> None:
    """Compile the next problem anew."""
    home = {"optax": "jax", "keras": "tensorflow"}.get(name, name)
    getattr(adapter(home), PROGRAMS[name]).cache_clear()


def answer(name: str, mode: str, problem: Problem) -> Computed | str:
    """The answer, or why there is none."""
    try:
        computed: Computed = adapter(name).evaluate(problem, mode, "cpu")
    except UnsupportedError as error:
        return str(error)
    return computed


def parts(given: Computed | str) -> dict[str, Any]:
    """What a report has of an answer, arrays by their bits."""
    if isinstance(given, str):
        return {"unsupported": given}
    arrays: dict[str, Any] = {"losses": given.losses, "gradient": given.gradient}
    arrays |= {str(reduction): total for reduction, total in given.totals.items()}
    bits = {k: a.tobytes() if isinstance(a, np.ndarray) else a for k, a in arrays.items()}
    return {**bits, "call": given.call, "calls": {**given.calls}}


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The dtypes of the problems whose calls were made in Python, as a compiler makes them."""
    made: list[Any] = []
    original = Program.__call__

    def counted(self: Program, arrays: Any) -> Any:
        made.append(arrays["labels"].dtype)
        return original(self, arrays)

    monkeypatch.setattr(Program, "__call__", counted)
    return made


@pytest.mark.parametrize(("name", "mode"), MODES[:-1])
def test_problems_of_other_numbers_are_not_traced_again(
    name: str, mode: str, traced: list[Any]
) -> None:
    forget(name)
    for problem in (PROBLEM, *OTHERS):
        answer(name, mode, problem)
    assert len(traced) == 1
    answer(name, mode, replace(PROBLEM, values=np.zeros((4, 3), np.float32),
                               labels=np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]))  # fmt: skip
    assert len(traced) == 2


@pytest.mark.long
def test_torch_compiles_an_expression_once() -> None:
    forget("torch")
    for problem in (PROBLEM, *OTHERS):
        answer("torch", "compile", replace(problem, reductions=("mean",), gradient=False))
    counted: Callable[[], Any] = adapter("torch")._compiled_expression.cache_info
    assert counted().misses == 2  # the losses and their mean


@pytest.mark.long
@pytest.mark.parametrize(("name", "mode"), MODES)
def test_each_has_its_own_answer(name: str, mode: str) -> None:
    weight: dict[str, Any] = {"class_weight": np.array([1.0, 2.0, 0.5], dtype=np.float32)}
    smoothed = [replace(PROBLEM, label_smoothing=share) for share in (0.1, 0.2)]
    scaled = [replace(PROBLEM, logit_scale=scale) for scale in (0.5, 2.0)]
    problems = [PROBLEM, *OTHERS, *smoothed, *scaled, *LAST_LAYERS]
    problems += [replace(problem, **weight) for problem in (PROBLEM, *OTHERS)]
    if mode == "compile":  # which takes seconds for each
        few = (PROBLEM, OTHERS[0], *smoothed)
        problems = [replace(problem, reductions=(), gradient=False) for problem in few]
    after_others, alone = [], []
    forget(name)
    for problem in problems:
        after_others.append(parts(answer(name, mode, problem)))
    for problem in problems:
        forget(name)
        alone.append(parts(answer(name, mode, problem)))
    assert after_others == alone
    assert len({part["losses"] for part in alone if "losses" in part}) >= 3


@pytest.mark.long
@pytest.mark.parametrize("name", ["jax", "optax"])
def test_so_has_each_of_many_random_problems(name: str) -> None:
    problems = [random_problem(seed) for seed in range(20)]
    asked = [q for p in problems for q in (p, replace(p, values=np.roll(p.values, 1)))]
    forget(name)
    after_others = [parts(answer(name, "", problem)) for problem in asked]
    for problem, found in zip(asked, after_others, strict=True):
        forget(name)
        assert parts(answer(name, "", problem)) == found


@pytest.mark.long
def test_a_failure_of_a_graph_reads_the_same_however_many_were_traced_before() -> None:
    """What is declared or accepted of it is its message."""
    tensorflow = adapter("tensorflow")
    outside = replace(
        PROBLEM, loss="sparse_categorical", labels=np.array([0, 5]), reductions=(), gradient=False
    )
    messages = []
    for problem in (outside, PROBLEM, replace(outside, values=outside.values + 1)):
        tensorflow._traced.cache_clear()
        if problem is PROBLEM:
            tensorflow.evaluate(problem, "graph", "cpu")
            continue
        with pytest.raises(Exception, match=r"label value of 5 which is outside") as raised:
            tensorflow.evaluate(problem, "graph", "cpu")
        messages.append(str(raised.value))
    assert messages[0] == messages[1]
    assert "File" not in messages[0]
    assert "Detected at node SparseSoftmaxCrossEntropyWithLogits" in messages[0]
