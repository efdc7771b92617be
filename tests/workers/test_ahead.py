"""Problems that a process has before it has answered the last: each outcome is that of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.fake import LOSSES, PATIENCE, PROBLEM, fake
from xent_check.problem.evaluation import Computed, Evaluation
from xent_check.problem.problem import Problem
from xent_check.workers.wire import encode_problem
from xent_check.workers.worker import Request, Worker

LARGE = Problem(
    "sparse_categorical", "logits", np.zeros((20_000, 3), np.float32), np.zeros(20_000, np.int64),
    "float32",
)  # fmt: skip


def request(file: str, function: str, folder: Path, problem: Problem = PROBLEM) -> Request:
    return Request("user_function", fake(file, function), "cpu", encode_problem(problem, folder))


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    worker = Worker("numpy", ("numpy",), {}, tmp_path)
    yield worker
    worker.close()


def ask(worker: Worker, folder: Path, *asked: str, timeout: float = PATIENCE) -> list[Evaluation]:
    """The answers to `file.function` each, all of them given to the worker at once."""
    named = (one.split(".") for one in asked)
    requests = [request(file, function, folder) for file, function in named]
    return list(worker.answers(requests, timeout))


def summary(answer: Evaluation) -> str:
    if not isinstance(answer, Computed):
        return getattr(answer, "kind", "")
    return "right" if np.allclose(answer.losses, LOSSES, atol=1e-6) else "computed"


def process_of(answer: Evaluation) -> float:
    assert isinstance(answer, Computed)
    return float(answer.losses[0])


def test_a_death_is_that_of_its_own_problem_and_the_others_are_answered(
    worker: Worker, tmp_path: Path
) -> None:
    right, dies = "answering.right", "dying.exits"
    answers = ask(worker, tmp_path, right, right, dies, right, dies, dies, right)
    told = ["right", "right", "crash", "right", "crash", "crash", "right"]
    assert [summary(answer) for answer in answers] == told


@pytest.mark.long
def test_one_that_is_late_is_alone_late(worker: Worker, tmp_path: Path) -> None:
    right = "answering.right"
    answers = ask(worker, tmp_path, right, "hanging.sleeps", right, right, timeout=3)
    assert [summary(answer) for answer in answers] == ["right", "timeout", "right", "right"]


def test_one_that_raises_or_answers_nonsense_costs_the_others_nothing(
    worker: Worker, tmp_path: Path
) -> None:
    who = "answering.process_id"
    answers = ask(worker, tmp_path, who, "answering.none", "failing.raises", who)
    assert [summary(a) for a in answers] == ["computed", "error", "error", "computed"]
    assert process_of(answers[0]) == process_of(answers[3])


def test_what_is_printed_is_told_with_the_problem_that_printed_it(
    worker: Worker, tmp_path: Path
) -> None:
    right = "answering.right"
    answers = ask(worker, tmp_path, right, "noisy.puts", right, "dying.prints_then_exits", right)
    told = [getattr(answer, "printed", None) for answer in answers]
    assert told == ["", "garbage, from puts\n", "", "nearly there\n", ""]


def test_the_last_words_are_those_of_the_problem_that_died(worker: Worker, tmp_path: Path) -> None:
    answers = ask(worker, tmp_path, "noisy.complains", "dying.exits", "dying.aborts")
    messages = [getattr(answer, "message", "") for answer in answers]
    assert messages[1] == "the process exited with code 3"
    assert messages[2].endswith("its last words: assertion failed: the last words")


def test_who_leaves_early_leaves_a_worker_that_answers_what_it_is_asked(
    worker: Worker, tmp_path: Path
) -> None:
    nonsense = [request("answering", "nan", tmp_path)] * 5
    answers = worker.answers(nonsense, PATIENCE)
    assert summary(next(answers)) == "computed"
    answers.close()
    (before,) = ask(worker, tmp_path, "answering.process_id")
    after = ask(worker, tmp_path, "answering.right", "answering.process_id")
    assert summary(after[0]) == "right"
    assert process_of(after[1]) == process_of(before)


def sent(requests: list[Request]) -> list[int]:
    """How many a process has at a time, where each answer comes after all that can be sent."""
    remaining, ahead, counts = deque(requests), deque[Request](), []
    while remaining:
        for one in Worker._to_send(remaining, ahead):
            ahead.append(one)
        counts.append(len(ahead))
        assert [*ahead] == [*remaining][: len(ahead)]
        ahead.popleft()
        remaining.popleft()
    return counts


def test_small_problems_are_sent_ahead_and_never_many(tmp_path: Path) -> None:
    small = request("answering", "right", tmp_path)
    assert sent([small] * 20) == [17, 17, 17, 17, *range(16, 0, -1)]


def test_beside_a_large_one_there_is_none(tmp_path: Path) -> None:
    small, large = (request("answering", "right", tmp_path, p) for p in (PROBLEM, LARGE))
    assert not large.is_small
    assert sent([small, small, large, large, small, small]) == [2, 1, 1, 1, 2, 1]
