"""A script lays arrays out as the implementation got them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pytest

from tests.support.fake import PROBLEM
from xent_check.implementations.program import problem_arrays
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Layout
from xent_check.reporters.repro.layouts import LaidOut, laid_out_arrays, layout_lines

LAYOUTS: tuple[Layout, ...] = get_args(Layout)
THREE_AXES = replace(
    PROBLEM, values=np.tile(PROBLEM.values, (2, 1, 1)), labels=np.tile(PROBLEM.labels, (2, 1))
)
ONE_ROW = replace(PROBLEM, values=PROBLEM.values[:1], labels=PROBLEM.labels[:1])


def after(lines: list[str], arrays: dict[str, Any]) -> dict[str, npt.NDArray[Any]]:
    """The arrays after the lines of a script."""
    variables: dict[str, Any] = {"np": np, "nan": math.nan} | arrays
    exec("\n".join(lines), variables)
    return {name: variables[name] for name in arrays}


@pytest.mark.parametrize("problem", [PROBLEM, THREE_AXES, ONE_ROW], ids=["2", "3", "one-row"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_arrays_of_a_script_have_the_strides_of_those_that_were_asked(
    problem: Problem, layout: Layout
) -> None:
    asked = replace(problem, layout=layout)
    lines = layout_lines(laid_out_arrays(asked), "numpy")
    found = after(lines, problem_arrays(problem))
    for name, array in problem_arrays(asked).items():
        assert found[name].tobytes() == array.tobytes()
        assert found[name].flags.c_contiguous == array.flags.c_contiguous
        if array.size > 1:
            assert found[name].strides == array.strides


def test_a_cotangent_is_no_array_of_numpy_s_scripts() -> None:
    ones = np.ones(3, np.float32)
    asked = replace(PROBLEM, gradient=True, cotangent=ones, cotangent_layout="expanded")
    assert laid_out_arrays(asked) == {"cotangent": LaidOut("expanded", 1, False)}
    assert layout_lines(laid_out_arrays(asked), "numpy") == []


def test_what_is_contiguous_has_no_line() -> None:
    assert laid_out_arrays(PROBLEM) == {}
    none = replace(PROBLEM, values=PROBLEM.values[:0], labels=PROBLEM.labels[:0], layout="sliced")
    assert laid_out_arrays(none) == {}
