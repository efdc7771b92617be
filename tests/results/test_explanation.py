"""Which sample of observed numbers is worked out."""

from __future__ import annotations

from pathlib import Path

import pytest

from xent_check.casefile.loading import Filter, load
from xent_check.results.explanation import explain_observed, observed_numbers

# The exact losses are inf, log 2, nan and log 2.
CASE = """
loss: sparse_categorical
logits: [[-.inf, 0], [0, 0], [.nan, 0], [0, 0]]
labels: [0, 1, 0, 1]
"""
LOG2, INF, NAN = 0.6931472, float("inf"), float("nan")


@pytest.mark.parametrize(
    ("numbers", "sample"),
    [
        ([INF, LOG2, NAN, 5.0], 3),
        ([INF, 4.0, NAN, 5.0], 3),
        ([INF, 5.0, NAN, NAN], 3),
        ([-INF, 5.0, NAN, 5.0], 0),
        ([INF, LOG2, 5.0, 100.0], 2),
    ],
)
def test_the_sample_that_is_furthest_off_is_worked_out(
    numbers: list[float], sample: int, tmp_path: Path
) -> None:
    """An infinite or undefined loss that is right is not off."""
    (tmp_path / "c.yaml").write_text(CASE, encoding="utf-8")
    (posed,) = load((str(tmp_path / "c.yaml"),), Filter())
    assert explain_observed(posed, observed_numbers(numbers, posed)).sample == sample
