"""Many workers at once: who runs beside whom, and that none is left."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

import xent_check.pool
from xent_check.evaluation import Computed, Evaluation, Failed
from xent_check.pool import Pool
from xent_check.selection import Implementation, parse
from xent_check.wire import encode_problem
from xent_check.worker import Request, Worker

from .fake import PATIENCE, PROBLEM, alive, fake, until

Asked = tuple[Implementation, int, Request]


def asked(pool: Pool[int], *functions: str) -> list[Asked]:
    """One request for each, numbered."""
    message = encode_problem(PROBLEM, Path(pool.folder.name))
    requests = []
    for number, function in enumerate(functions):
        implementation = parse(function)
        mode = implementation.function or implementation.mode
        request = Request(implementation.entry.module, mode, "cpu", message)
        requests.append((implementation, number, request))
    return requests


def answers(
    functions: Sequence[str], jobs: int | None = None, timeout: float = PATIENCE
) -> dict[int, Evaluation]:
    with Pool[int]([parse(function) for function in functions], jobs) as pool:
        pool.submit(asked(pool, *functions), timeout)
        return dict(pool.answers())


def test_every_request_is_answered_once() -> None:
    functions = ["manual", fake("answering", "right"), "stable", fake("answering", "right")] * 3
    found: dict[int, list[Evaluation]] = defaultdict(list)
    with Pool[int]([parse("manual")], None) as pool:
        pool.submit(asked(pool, *functions), PATIENCE)
        for number, evaluation in pool.answers():
            found[number].append(evaluation)
    assert sorted(found) == list(range(len(functions)))
    assert all(len(own) == 1 and isinstance(own[0], Computed) for own in found.values())


def test_one_that_dies_takes_none_with_it() -> None:
    functions = [fake("dying", "segfaults"), "manual", fake("dying", "exits"), "stable"]
    found = answers(functions)
    kinds = [type(found[number]) for number in range(4)]
    assert kinds == [Failed, Computed, Failed, Computed]


def test_workers_run_beside_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XENT_CHECK_MEETING", str(tmp_path))
    found = answers([fake("meeting", "one"), fake("meeting", "two")])
    assert all(isinstance(evaluation, Computed) for evaluation in found.values()), found


def test_one_job_is_one_process_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XENT_CHECK_MEETING", str(tmp_path))
    names = ("alone", "alone_too", "alone_again")
    found = answers([fake("meeting", name) for name in names], jobs=1)
    assert all(isinstance(evaluation, Computed) for evaluation in found.values()), found
    assert len(list(tmp_path.iterdir())) == 3


def _workers() -> set[int]:
    return {child.pid for child in psutil.Process().children() if alive(child.pid)}


def test_leaving_ends_every_process_at_once() -> None:
    before = _workers()
    functions = [fake("hanging", "sleeps"), fake("hanging", "spins"), "manual"]
    with Pool[int]([parse(function) for function in functions], None) as pool:
        pool.submit(asked(pool, *functions), 600)
        assert next(pool.answers())[0] == 2
        assert _workers() > before
        folder = Path(pool.folder.name)
    assert _workers() == before
    assert not folder.exists()


def test_leaving_before_anything_was_asked_ends_every_process() -> None:
    before = _workers()
    with Pool[int]([parse("manual")], None):
        assert until(lambda: _workers() > before)
    assert _workers() == before


def test_a_worker_with_nothing_to_do_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A framework that takes for ever to import, and that no case turned out to need."""
    (tmp_path / "tensorflow.py").write_text("import time; time.sleep(600)")
    (tmp_path / "keras.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    start = time.monotonic()
    for jobs in (None, 1):
        with Pool[int]([parse("tf"), parse("manual")], jobs) as pool:
            pool.submit(asked(pool, "manual"), PATIENCE)
            assert [type(evaluation) for _, evaluation in pool.answers()] == [Computed]
    assert time.monotonic() - start < PATIENCE


def test_an_error_of_our_own_is_raised_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    class BrokenWorker(Worker):
        def evaluate(self, request: Request, timeout: float) -> Evaluation:
            raise ZeroDivisionError

    monkeypatch.setattr(xent_check.pool, "Worker", BrokenWorker)
    with pytest.raises(ZeroDivisionError):
        answers(["manual"])


def test_no_thread_is_left() -> None:
    before = threading.active_count()
    answers(["manual", fake("dying", "exits")])
    assert until(lambda: threading.active_count() <= before)
