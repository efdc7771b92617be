"""Parts: what comes of them does not depend on the threads."""

from __future__ import annotations

from threading import Event, get_ident

import numpy as np
import pytest

from xent_check.problem import parts
from xent_check.problem.problem import Problem

PROBLEM = Problem("binary", "logits", np.zeros(8), np.zeros(8), "float64")


def test_results_are_taken_in_the_order_of_the_parts_whichever_is_done_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parts, "_cores", lambda: 2)
    monkeypatch.setattr(parts, "_OF_A_THREAD", 1)
    last = Event()
    taken: list[int] = []

    def work(samples: slice, _: Problem) -> int:
        if samples.start == 0:
            assert last.wait(60)
        if samples.start == 6:
            last.set()
        return int(samples.start)

    parts.in_threads(PROBLEM, work, 2, taken.append)
    assert taken == [0, 2, 4, 6]


def test_an_error_in_one_part_ends_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_cores", lambda: 2)
    monkeypatch.setattr(parts, "_OF_A_THREAD", 1)

    def work(samples: slice, _: Problem) -> None:
        if samples.start == 2:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        parts.in_threads(PROBLEM, work, 2)


def test_one_core_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_cores", lambda: 1)
    monkeypatch.setattr(parts, "_OF_A_THREAD", 1)
    taken: list[slice] = []
    parts.in_threads(PROBLEM, lambda samples, _: samples, 3, taken.append)
    assert taken == [slice(0, 3), slice(3, 6), slice(6, 8)]


def test_few_values_have_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer than two have work for: the one that calls."""
    monkeypatch.setattr(parts, "_cores", lambda: 2)
    monkeypatch.setattr(parts, "_OF_A_THREAD", 5)
    threads: set[int] = set()
    parts.in_threads(PROBLEM, lambda *_: get_ident(), 2, threads.add)
    assert threads == {get_ident()}
