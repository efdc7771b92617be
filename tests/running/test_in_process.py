"""A loss in the caller's process."""

from __future__ import annotations

from typing import Any

import numpy as np

from xent_check.casefile.in_memory import case_in_memory
from xent_check.implementations.own.asking import UserLoss
from xent_check.implementations.own.framework import NUMPY
from xent_check.running.in_process import check


def test_what_a_loss_writes_to_is_no_array_of_the_case() -> None:
    """Also where its framework shares memory with NumPy."""

    def writing(logits: Any, labels: Any) -> Any:
        logits[:] = 7
        return np.zeros(len(labels), logits.dtype)

    from dataclasses import replace

    sharing = replace(NUMPY, to_native=lambda array, device: array)
    posed = case_in_memory({"logits": np.zeros((2, 3)), "labels": [0, 1]})
    check(UserLoss(writing, "writing", sharing), [posed])
    assert (posed.problem.values == 0).all()
