"""The largest of many numbers, as sorting all of them finds them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xent_check.results import ranking
from xent_check.results.ranking import largest_first

SIZES = st.sampled_from([-1.0, 0.0, 1.0, 1.5, 2.0, np.inf]) | st.floats(0, 1)


@example([1.0] * 6, 2)  # equal ones only
@given(st.lists(SIZES, max_size=40), st.integers(0, 12))
def test_the_largest_are_those_of_a_stable_sort(sizes: list[float], count: int) -> None:
    numbers = np.array(sizes, dtype=np.float64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "_CHUNK", 7)
        found = largest_first(numbers, count)
    np.testing.assert_array_equal(found, np.argsort(-numbers, kind="stable")[:count])
