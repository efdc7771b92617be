"""Many workers at once: who runs beside whom, and that none is left."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Generator, Sequence
from pathlib import Path

import psutil
import pytest

from tests.support.fake import PATIENCE, PROBLEM, alive, fake, until
from xent_check.implementations.names import Implementation, parse
from xent_check.problem.evaluation import Computed, Evaluation, Failed
from xent_check.workers import pool as pools
from xent_check.workers.pool import Pool
from xent_check.workers.wire import encode_problem
from xent_check.workers.worker import Request, Worker

Asked = tuple[Implementation, int, Request]
Answers = Generator[Evaluation, None, None]


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
        def answers(self, requests: Sequence[Request], timeout: float) -> Answers:
            raise ZeroDivisionError

    monkeypatch.setattr(pools, "Worker", BrokenWorker)
    with pytest.raises(ZeroDivisionError):
        answers(["manual"])


def test_an_interrupt_while_the_threads_start_leaves_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever made the pool did not get it, and cannot leave it."""
    made: list[Pool[int]] = []

    def interrupted(pool: Pool[int], implementations: object) -> None:
        made.append(pool)
        add(pool, [parse("manual")])
        raise KeyboardInterrupt

    add = Pool._add
    monkeypatch.setattr(Pool, "_add", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Pool[int]([parse("manual")], 1)
    (pool,) = made
    assert [thread for thread in pool._threads if thread.is_alive()] == []
    assert not Path(pool.folder.name).exists()


def test_no_thread_is_left() -> None:
    before = threading.active_count()
    answers(["manual", fake("dying", "exits")])
    assert until(lambda: threading.active_count() <= before)


# ---- one submission after another -------------------------------------------------------------


def of(pool: Pool[int], *functions: str) -> dict[int, Evaluation]:
    """One more submission and its answers."""
    pool.submit(asked(pool, *functions), PATIENCE)
    return dict(pool.answers())


def process_id(pool: Pool[int]) -> int:
    answer = of(pool, fake("answering", "process_id"))[0]
    assert isinstance(answer, Computed), answer
    return int(answer.losses[0])


def test_kept_processes_answer_one_submission_after_another() -> None:
    with Pool[int]([], None, keep=True) as pool:
        first = process_id(pool)
        assert of(pool) == {}
        for functions in (["manual"], ["manual", "stable", "manual"], ["stable"]):
            found = of(pool, *functions)
            assert sorted(found) == list(range(len(functions)))
            assert all(isinstance(evaluation, Computed) for evaluation in found.values())
        assert process_id(pool) == first
        assert alive(first)
    assert not alive(first)


def test_processes_that_are_not_kept_end_with_their_last_request_and_start_again() -> None:
    with Pool[int]([], None) as pool:
        first = process_id(pool)
        assert until(lambda: not alive(first))
        assert process_id(pool) != first


def test_kept_processes_that_a_submission_does_not_need_stay() -> None:
    with Pool[int]([parse("manual")], None, keep=True) as pool:
        first = process_id(pool)
        assert isinstance(of(pool, "manual")[0], Computed)
        assert alive(first)
        assert process_id(pool) == first


def test_no_more_processes_are_kept_than_jobs() -> None:
    """Those that do not fit make place for each other, whoever comes when."""
    functions = [fake("answering", name) for name in ("process_id", "right", "wider")]
    before = _workers()
    with Pool[int]([], 2, keep=True) as pool:
        first = process_id(pool)
        found = of(pool, *functions)
        assert all(isinstance(evaluation, Computed) for evaluation in found.values())
        assert until(lambda: len(_workers() - before) <= 2)
        for function in functions * 2:
            assert isinstance(of(pool, function)[0], Computed)
        assert until(lambda: not alive(first))
    assert _workers() == before


def test_what_fits_the_jobs_is_kept() -> None:
    with Pool[int]([], 1, keep=True) as pool:
        assert process_id(pool) == process_id(pool)


@pytest.mark.long
def test_a_submission_gives_up_what_is_left_of_the_one_before() -> None:
    with Pool[int]([], None, keep=True) as pool:
        pool.submit(asked(pool, *["manual"] * 500, fake("answering", "right")), PATIENCE)
        assert next(pool.answers())
        message = encode_problem(PROBLEM, Path(pool.folder.name))
        request = Request("stable", "", "cpu", message)
        pool.submit([(parse("stable"), 1000, request)], PATIENCE)
        assert [number for number, _ in pool.answers()] == [1000]


def test_a_restart_brings_the_new_code_and_a_process_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def f(logits, labels): return logits[:, 0] * 0")
    function = f"{file}:f"
    with Pool[int]([], None, keep=True) as pool:
        assert isinstance(of(pool, function)[0], Computed)
        other = process_id(pool)
        file.write_text("def f(logits, labels): return logits[:, 0] * 0 + 1.5")
        pool.restart(parse(function))
        answer = of(pool, function)[0]
        assert isinstance(answer, Computed)
        assert list(answer.losses) == [1.5] * 3
        assert process_id(pool) == other


def test_a_restart_does_not_wait_for_what_hangs() -> None:
    function = fake("hanging", "sleeps")
    start = time.monotonic()
    with Pool[int]([], None, keep=True) as pool:
        pool.submit(asked(pool, function, "manual"), 600)
        assert next(pool.answers())[0] == 1
        pool.restart(parse(function))
        assert isinstance(of(pool, "manual")[0], Computed)
    assert time.monotonic() - start < PATIENCE


def test_leaving_ends_kept_processes_and_their_threads() -> None:
    before, threads = _workers(), threading.active_count()
    with Pool[int]([], 1, keep=True) as pool:
        of(pool, "manual")
        pool.submit(asked(pool, fake("hanging", "spins"), "stable"), 600)
    assert _workers() == before
    assert until(lambda: threading.active_count() <= threads)


def test_an_error_of_our_own_does_not_hold_up_the_next_submission(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class OnceBroken(Worker):
        broken = True

        def answers(self, requests: Sequence[Request], timeout: float) -> Answers:
            if OnceBroken.broken:
                OnceBroken.broken = False
                raise ZeroDivisionError
            return super().answers(requests, timeout)

    monkeypatch.setattr(pools, "Worker", OnceBroken)
    with Pool[int]([], None, keep=True) as pool:
        with pytest.raises(ZeroDivisionError):
            of(pool, "manual")
        assert isinstance(of(pool, "manual")[0], Computed)
