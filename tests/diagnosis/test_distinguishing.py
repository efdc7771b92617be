"""An input tells two readings apart where their numbers differ there, nan and infinities too."""

from __future__ import annotations

import math

import numpy as np
import pytest

from xent_check.diagnosis import distinguishing
from xent_check.diagnosis.candidates import Candidate
from xent_check.diagnosis.losses import meaning_of
from xent_check.problem.problem import Problem

NAN, INF = math.nan, math.inf
MEANING = meaning_of(
    Problem("sparse_categorical", "logits", np.zeros((1, 2)), np.array([0]), "float64")
)


def giving(number: float) -> Candidate:
    """A reading that gives this number, whatever the input."""
    numbers = np.array([number])
    return Candidate((), MEANING, numbers, numbers, (1,))


@pytest.mark.parametrize(
    ("first", "second", "apart"),
    [
        (1.0, 1.0, False),
        (1.0, 1.0005, False),  # a thousandth of the larger is too little to see
        (1.0, 1.002, True),
        (NAN, NAN, False),
        (INF, INF, False),
        (-INF, -INF, False),
        (NAN, INF, True),
        (INF, -INF, True),
        (NAN, 1.0, True),
        (1.0, INF, True),
        (1.7e308, -1.7e308, True),
    ],
)
def test_an_input_tells_readings_apart_that_give_other_numbers(
    first: float, second: float, apart: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distinguishing, "again", lambda candidate, *_: candidate)
    for pair in ((first, second), (second, first)):
        candidates = [giving(number) for number in pair]
        told = distinguishing.distinguishing_input(candidates, giving(0.0), total=False)
        assert bool(told) == apart
