"""What an array is in memory changes no exact value and no bound."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from tests.support.random_problems import problem
from xent_check.problem.vocabulary import CotangentLayout, Layout
from xent_check.reference.truth import truth


@pytest.mark.parametrize("layout", get_args(Layout))
def test_a_layout_changes_neither_the_exact_value_nor_the_bound(layout: Layout) -> None:
    for seed in range(4):
        plain = problem(seed)
        exact, other = truth(plain), truth(replace(plain, layout=layout))
        assert exact.reference.losses.high.tobytes() == other.reference.losses.high.tobytes()
        assert exact.bounds.losses.tobytes() == other.bounds.losses.tobytes()


@pytest.mark.parametrize("layout", get_args(CotangentLayout))
def test_the_layout_of_a_cotangent_changes_no_gradient(layout: CotangentLayout) -> None:
    drawn = problem(3)
    plain = replace(drawn, cotangent=np.full(drawn.samples_shape, 2, drawn.values.dtype))
    exact, other = truth(plain), truth(replace(plain, cotangent_layout=layout))
    assert exact.reference.gradient is not None
    assert other.reference.gradient is not None
    one, two = exact.reference.gradient.high, other.reference.gradient.high
    assert one.tobytes() == two.tobytes()
