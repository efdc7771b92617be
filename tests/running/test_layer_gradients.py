"""Three gradients beside `hidden`: each has a verdict, and what was not given is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.answered import answered, posed
from tests.support.reports import report
from xent_check.history.rejudge import rejudge
from xent_check.history.saved.read import load_report
from xent_check.problem.evaluation import Computed, Evaluation, Unsupported
from xent_check.problem.problem import Problem
from xent_check.reference.reference import reference
from xent_check.reporters.formats import Terminal, reporter
from xent_check.results.behaviour import gradient_status
from xent_check.results.report import CaseResult

CASE = """\
loss: sparse_categorical
hidden: [[0.5, -1.0], [1.5, 0.25], [0.1, 0.2]]
weight: [[1.0, 0.5], [-0.5, 2.0], [0.25, 0.0]]
bias: [0.5, 0.0, 1.0]
labels: [0, 1, 1]
check: [value, gradient]
tolerance: auto
"""


def right(problem: Problem) -> Computed:
    """The exact numbers, rounded to the dtype."""
    exact = reference(problem)
    assert exact.gradient is not None

    def stored(numbers: Any) -> Any:
        return numbers.astype(np.float32)

    by_parameters = {name: stored(part.high) for name, part in exact.by_parameters.items()}
    losses = stored(exact.losses.high)
    gradient = stored(exact.gradient.high)
    return Computed(losses, {}, "f()", 0.0, gradient, by_parameters=by_parameters)


def result(folder: Path, change: Callable[[Computed], Evaluation], case: str = CASE) -> CaseResult:
    (one,) = answered(posed(folder, case), ["torch"], lambda problem: change(right(problem)))
    return one


def with_part(name: str, part: Any) -> Callable[[Computed], Computed]:
    def changed(answer: Computed) -> Computed:
        parts: dict[Any, Any] = dict(answer.by_parameters)
        parts[name] = part
        return replace(answer, by_parameters=parts)

    return changed


def test_all_three_that_are_right_agree(tmp_path: Path) -> None:
    one = result(tmp_path, lambda answer: answer)
    assert (one.status, one.notes) == ("agrees", ())
    assert one.comparison is not None
    assert {*one.comparison.by_reference} == {
        "losses", "gradient", "weight_gradient", "bias_gradient",
    }  # fmt: skip
    assert one.comparison.compared == 3 + 6 + 6 + 3


@pytest.mark.parametrize("name", ["weight", "bias"])
def test_a_wrong_gradient_by_a_parameter_diverges(name: str, tmp_path: Path) -> None:
    def doubled(answer: Computed) -> Computed:
        parts: dict[Any, Any] = dict(answer.by_parameters)
        parts[name] = 2 * parts[name]
        return replace(answer, by_parameters=parts)

    one = result(tmp_path, doubled)
    assert one.status == "diverges"
    assert gradient_status(one) == "diverges"


def test_a_gradient_that_was_not_given_is_said(tmp_path: Path) -> None:
    left_out = result(tmp_path, lambda answer: replace(answer, by_parameters={}))
    assert left_out.status == "agrees"
    assert left_out.notes == ("bias_gradient, weight_gradient not compared: it gave none",)
    refused = result(tmp_path, with_part("weight", Unsupported("it is frozen")))
    assert refused.notes == ("weight_gradient not compared: it is frozen",)
    assert gradient_status(refused) == "unsupported"


def test_what_is_stated_of_one_gradient_is_held_against_it(tmp_path: Path) -> None:
    stated = CASE + "expect: {torch: {gradient: {bias: [0.0, 0.0, 9.5]}}}\n"
    one = result(tmp_path, lambda answer: answer, stated)
    assert one.status == "diverges"
    assert one.comparison is not None
    assert {*one.comparison.by_expectation} == {"bias_gradient"}
    unheld = result(tmp_path, with_part("bias", Unsupported("it is frozen")), stated)
    assert unheld.status == "diverges"
    assert "bias_gradient [0.0, 0.0, 9.5], not compared: it is frozen" in (unheld.reason or "")


def test_a_gradient_of_another_shape_is_none(tmp_path: Path) -> None:
    one = result(tmp_path, with_part("weight", np.zeros((2, 3), np.float32)))
    assert one.status == "diverges"
    assert "a weight gradient of shape [2, 3], weight [3, 2]" in (one.reason or "")


def test_all_three_are_saved_each_with_its_status_and_read_again(tmp_path: Path) -> None:
    one = result(tmp_path, with_part("weight", np.zeros((3, 2), np.float32)))
    file = tmp_path / "saved.json"
    file.write_text(reporter("json").render(report([one]), Terminal()), encoding="utf-8")
    (saved,) = json.loads(file.read_text(encoding="utf-8"))["results"]
    assert {name: part["status"] for name, part in saved["gradient"].items()} == {
        "hidden": "agrees", "weight": "diverges", "bias": "agrees",
    }  # fmt: skip
    (again,) = rejudge(load_report(file), "auto").results
    assert (again.status, again.reason) == (one.status, one.reason)
    assert one.comparison is not None
    assert again.comparison is not None
    for name, part in one.comparison.by_reference.items():
        np.testing.assert_array_equal(again.comparison.by_reference[name].actual, part.actual)
