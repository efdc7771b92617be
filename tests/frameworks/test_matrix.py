"""What `xent-check impls -v` says each implementation supports is what happens."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.made_up import python, with_longer_table
from xent_check.implementations.names import Implementation, parse, why_missing
from xent_check.implementations.table import IMPLEMENTATIONS
from xent_check.problem.evaluation import Computed, Unsupported
from xent_check.problem.options import CALLED, Axis, NumberArray, Option, Whole, Word
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import GIVEN, Given, Loss, Reduction
from xent_check.workers.pool import Pool
from xent_check.workers.wire import encode_problem
from xent_check.workers.worker import Request

pytestmark = pytest.mark.long
Key = tuple[str, Loss, Given, str | None]
INSTALLED = tuple(name for name in IMPLEMENTATIONS if why_missing(parse(name)) is None)
REDUCTIONS: tuple[Reduction, ...] = ("mean", "weighted_mean", "sum")


def f32(*numbers: object) -> np.ndarray:
    return np.array(numbers, dtype=np.float32)


def base_problem(loss: Loss, given: Given) -> Problem:
    if loss == "binary":
        values = {"logits": f32(0.5, -1.0), "probs": f32(0.25, 0.75), "log_probs": f32(-1.0, -2.0)}
        return Problem(loss, given, values[given], f32(1, 0), "float32", reductions=REDUCTIONS)
    probs = f32([0.5, 0.25, 0.25], [0.125, 0.125, 0.75])
    scores = {"logits": f32([1, 2, 3], [0, 0, 1]), "probs": probs, "log_probs": np.log(probs)}
    scores["hidden"] = scores["logits"]
    labels = np.array([0, 2]) if loss == "sparse_categorical" else f32([1, 0, 0], [0, 0, 1])
    matrix = np.eye(3, dtype=np.float32) if given == "hidden" else None
    return Problem(
        loss, given, scores[given], labels, "float32", weight=matrix, reductions=REDUCTIONS
    )


def with_option(problem: Problem, option: Option) -> Problem | None:
    """The problem with that option alone; None where it does not apply to the loss."""
    if not option.applies(problem.loss, problem.given):
        return None
    if problem.given == "hidden" and option.key in ("weight", "class_axis"):
        return None  # it has its weight already, and its classes last
    match option.kind:
        case Axis():
            sparse = problem.loss == "sparse_categorical"
            labels = problem.labels if sparse else np.ascontiguousarray(problem.labels.T)
            values = np.ascontiguousarray(problem.values.T)
            return replace(problem, values=values, labels=labels, class_axis=0)
        case NumberArray(shape):
            shapes = {"classes": (problem.num_classes,), "samples": (2,), "trailing": ()}
            value: Any = np.full(shapes[shape], 2, np.float32)
        case Whole(least):
            value = 2 if least is None else least
        case Word(allowed):
            problem, value = replace(problem, label_smoothing=0.1), allowed[-1]
        case _:
            value = 0.1
    return replace(problem, **{option.name: value})


def questions() -> Iterator[tuple[str, Loss, Given, str | None, Problem]]:
    losses: tuple[Loss, ...] = ("binary", "categorical", "sparse_categorical")
    for name, loss, given in itertools.product(INSTALLED, losses, GIVEN):
        if (loss, given) == ("binary", "hidden"):  # no case has it
            continue
        problem = base_problem(loss, given)
        yield name, loss, given, None, problem
        for option in CALLED:
            optioned = with_option(problem, option)
            if optioned is not None:
                yield name, loss, given, option.key, optioned


@pytest.fixture(scope="module")
def answers() -> dict[Key, object]:
    asked = list(questions())
    implementations = [parse(name) for name in INSTALLED]
    with Pool[Key](implementations, None) as pool:
        requests = [
            _request(parse(name), pool, (name, loss, given, option), problem)
            for name, loss, given, option, problem in asked
        ]
        pool.submit(requests, 120.0)
        return dict(pool.answers())


def _request(
    implementation: Implementation,
    pool: Pool[Key],
    tag: Key,
    problem: Problem,
) -> tuple[Implementation, Key, Request]:
    message = encode_problem(problem, Path(pool.folder.name))
    return implementation, tag, Request(implementation.entry.module, "", "cpu", message)


@pytest.mark.parametrize("name", IMPLEMENTATIONS)
def test_the_matrix_is_what_happens(name: str, answers: dict[Key, object]) -> None:
    if name not in INSTALLED:
        pytest.skip(str(why_missing(parse(name))))
    supports = IMPLEMENTATIONS[name].supports
    wrong: list[tuple[object, ...]] = []
    for (asked, loss, given, option), answer in answers.items():
        if asked != name:
            continue
        claimed = (loss, given) in supports and (option is None or option in supports[loss, given])
        happened = isinstance(answer, Computed)
        if claimed != happened or not isinstance(answer, Computed | Unsupported):
            wrong.append((loss, given, option, claimed, answer))
        elif isinstance(answer, Computed) and set(answer.totals) != set(REDUCTIONS):
            wrong.append((loss, given, option, "totals", answer.totals))
    assert not wrong
    assert sum(1 for asked, *_ in answers if asked == name) >= 45


def test_an_option_that_nobody_knows_is_unsupported_everywhere(tmp_path: Path) -> None:
    own = ("frameworks/__init__.py", "frameworks/test_matrix.py")
    with_longer_table(tmp_path, "support/made_up.py", *own)
    asked = ["tests/frameworks/test_matrix.py", "-k", "what_happens", "-p", "no:cacheprovider"]
    done = python(tmp_path, "-m", "pytest", "-q", *asked)
    assert done.returncode == 0, done.stdout
    assert f"{len(INSTALLED)} passed" in done.stdout
