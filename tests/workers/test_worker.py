"""A process that misbehaves: what is said of its problem, and that the next one gets its answer."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.support.fake import FAKES, LOSSES, PATIENCE, PROBLEM, alive, fake, until
from xent_check.problem.evaluation import Computed, Evaluation, Failed, Missing, Unsupported
from xent_check.problem.problem import Problem
from xent_check.workers.wire import encode_problem
from xent_check.workers.worker import Request, Worker


class Bench:
    """A worker, and how to ask it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.worker = Worker("numpy", ("numpy",), {}, folder)

    def ask(
        self,
        file: str,
        function: str,
        timeout: float = PATIENCE,
        problem: Problem = PROBLEM,
    ) -> Evaluation:
        request = Request(
            "user_function", fake(file, function), "cpu", encode_problem(problem, self.folder)
        )
        return self.worker.evaluate(request, timeout)

    def losses(self, file: str, function: str) -> list[float]:
        answer = self.ask(file, function)
        assert isinstance(answer, Computed), answer
        return [float(loss) for loss in answer.losses]

    def process_id(self) -> int:
        return int(self.losses("answering", "process_id")[0])

    def failure(self, file: str, function: str, timeout: float = PATIENCE) -> Failed:
        answer = self.ask(file, function, timeout)
        assert isinstance(answer, Failed), answer
        return answer

    def assert_answers_right(self) -> None:
        assert self.losses("answering", "right") == pytest.approx(LOSSES, abs=1e-6)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One for all the tests: what a misbehaving process leaves behind meets the next of them."""
    bench = Bench(tmp_path_factory.mktemp("worker"))
    yield bench
    bench.worker.close()


@pytest.fixture
def own_bench(tmp_path: Path) -> Iterator[Bench]:
    """For a test that closes it."""
    bench = Bench(tmp_path)
    yield bench
    bench.worker.close()


# ---- one that answers -------------------------------------------------------------------------


def test_a_worker_answers_and_keeps_its_process(bench: Bench) -> None:
    bench.worker.start()
    first = bench.process_id()
    bench.assert_answers_right()
    assert bench.process_id() == first != os.getpid()


@pytest.mark.parametrize(
    ("function", "dtype"),
    [
        ("right", "float32"),
        ("wider", "float64"),
        ("narrower", "float16"),
        ("other_byte_order", "float32"),
        ("strided", "float32"),
        ("as_list", "float64"),
    ],
)
def test_an_answer_travels_in_its_own_dtype(bench: Bench, function: str, dtype: str) -> None:
    answer = bench.ask("answering", function)
    assert isinstance(answer, Computed)
    assert answer.dtype.name == dtype
    np.testing.assert_allclose(answer.losses.astype(np.float64), LOSSES, atol=4e-3)


def test_an_answer_in_bfloat16_stays_bfloat16(bench: Bench) -> None:
    import ml_dtypes

    values = PROBLEM.values.astype(ml_dtypes.bfloat16)
    answer = bench.ask(
        "answering", "right", problem=replace(PROBLEM, values=values, dtype="bfloat16")
    )
    assert isinstance(answer, Computed)
    assert answer.dtype == ml_dtypes.bfloat16


def test_a_large_problem_is_answered(bench: Bench) -> None:
    values = np.zeros((8, 2**21), dtype=np.float32)  # 64 MiB
    problem = replace(PROBLEM, values=values, labels=np.arange(8))
    answer = bench.ask("answering", "right", problem=problem)
    assert isinstance(answer, Computed)
    np.testing.assert_allclose(answer.losses, np.full(8, 21 * np.log(2)), rtol=1e-5)


def defined_at(file: str, function: str) -> int:
    """The line of a fake's `def`."""
    lines = (FAKES / f"{file}.py").read_text().splitlines()
    return next(n for n, line in enumerate(lines, 1) if line.startswith(f"def {function}("))


# ---- raising ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("raises", "ValueError: no such label at all"),
        ("exits", "SystemExit: 3"),
        ("interrupts", "KeyboardInterrupt"),
        ("ends_the_file", "EOFError: EOF when reading a line"),
        ("unreadable", "UnreadableError: its message cannot be read: RuntimeError"),
        ("unprintable", r"ValueError: \x1b[31m red \x00 \udcff"),
    ],
)
def test_an_exception_is_an_error_of_that_problem(
    bench: Bench, function: str, message: str
) -> None:
    failure = bench.failure("failing", function)
    line = defined_at("failing", function) + 1
    told = f"{message} (at failing.py:{line}, in {function})"
    told += "; a loss returns or raises, and does not exit" * (function == "exits")
    assert (failure.kind, failure.message) == ("error", told)
    assert failure.call.endswith(f"failing.py:{function}(logits, labels)")
    bench.assert_answers_right()


@pytest.mark.parametrize(
    ("function", "found"),
    [
        ("none", "None; is a `return` missing?"),
        ("text", "a str; return one array of numpy"),
        ("complex_numbers", "complex64 numbers; losses are numbers in "),
        ("whole_numbers", "int64 numbers; losses are numbers in "),
    ],
)
def test_what_is_no_loss_is_an_error_that_says_what_came(
    bench: Bench, function: str, found: str
) -> None:
    failure = bench.failure("answering", function)
    assert failure.kind == "error"
    assert failure.message.startswith(f"AnswerError: it returned {found}")


def test_a_ragged_answer_is_an_error(bench: Bench) -> None:
    assert bench.failure("answering", "ragged").kind == "error"
    bench.assert_answers_right()


# ---- what cannot be imported ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "function", "message"),
    [
        ("broken", "any", "cannot be imported: RuntimeError: broken on purpose"),
        ("leaving", "any", "cannot be imported: SystemExit: leaving on purpose"),
        ("absent", "any", "cannot be imported: FileNotFoundError: no file"),
        ("answering", "rihgt", "has no function 'rihgt'; did you mean 'right'?"),
        ("answering", "not_callable", "cannot be called: its type is int; name a function"),
        ("failing", "needs_a_module", "No module named 'no_such_module_anywhere'"),
    ],
)
def test_what_cannot_be_imported_is_said_so(
    bench: Bench, file: str, function: str, message: str
) -> None:
    failure = bench.failure(file, function)
    assert failure.kind == "import"
    assert message in failure.message
    bench.assert_answers_right()


def broken(bench: Bench, folder: Path, patch: pytest.MonkeyPatch, ending: str) -> Path:
    """Give the bench a framework of this code, which may use `tries`: how often it was imported
    before. The file returned holds an x for each."""
    tries = folder / "tries"
    tries.touch()
    code = (
        f"import os\ntries = os.path.getsize({str(tries)!r})\nopen({str(tries)!r}, 'a').write('x')"
    )
    (folder / "broken_framework.py").write_text(f"{code}\n{ending}\n")
    patch.syspath_prepend(folder)
    bench.worker = Worker("that", ("broken_framework",), {}, folder)
    return tries


def test_a_framework_that_cannot_be_imported_fails_each_problem_and_is_tried_once(
    own_bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = broken(own_bench, tmp_path, monkeypatch, "raise OSError('no such library')")
    for _ in range(2):
        failure = own_bench.failure("answering", "right")
        message = "that cannot be loaded: OSError: no such library"
        assert (failure.kind, failure.message) == ("import", message)
    assert tries.read_text() == "x"


def test_a_death_while_it_starts_is_that_problem_s_and_the_next_gets_a_fresh_process(
    own_bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(own_bench, tmp_path, monkeypatch, "if tries == 0: os.kill(os.getpid(), 9)")
    failure = own_bench.failure("answering", "right")
    message = "that cannot be loaded: the process was killed by SIGKILL"
    assert (failure.kind, failure.message) == ("import", message)
    own_bench.assert_answers_right()
    own_bench.assert_answers_right()


def test_a_start_ahead_of_the_first_problem_that_dies_costs_no_problem(
    own_bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(own_bench, tmp_path, monkeypatch, "if tries == 0: os._exit(7)")
    own_bench.worker.start()
    own_bench.assert_answers_right()


def test_a_framework_that_always_dies_is_given_up_after_three_starts(
    own_bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = broken(own_bench, tmp_path, monkeypatch, "os._exit(7)")
    told = [own_bench.failure("answering", "right").message for _ in range(5)]
    once = "that cannot be loaded: the process exited with code 7"
    assert told == [once, once, *[f"{once}, at each of 3 starts"] * 3]
    assert tries.read_text() == "xxx"


# ---- dying ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("segfaults", "the process was killed by SIGSEGV (at dying.py:{}, in segfaults)"),
        (
            "aborts",
            "the process was killed by SIGABRT (at dying.py:{}, in aborts); its last words: "
            "assertion failed: the last words",
        ),
        ("exits", "the process exited with code 3"),
        ("killed", "the process was killed by SIGKILL"),
        ("prints_then_exits", "the process exited with code 0"),
    ],
)
def test_a_death_is_a_crash_that_says_how_and_the_next_problem_gets_a_fresh_process(
    bench: Bench, function: str, message: str
) -> None:
    before = bench.process_id()
    failure = bench.failure("dying", function)
    last = defined_at("dying", function) + {"segfaults": 2, "aborts": 3}.get(function, 0)
    assert (failure.kind, failure.message) == ("crash", message.format(last))
    assert not alive(before)
    bench.assert_answers_right()
    assert bench.process_id() != before


def test_the_last_words_are_those_of_the_problem_that_crashed(bench: Bench) -> None:
    bench.ask("noisy", "complains")
    assert bench.failure("dying", "exits").message == "the process exited with code 3"


def test_a_worker_survives_a_segfault_after_a_segfault(bench: Bench) -> None:
    for _ in range(3):
        assert bench.failure("dying", "segfaults").kind == "crash"
    bench.assert_answers_right()


def test_what_was_printed_before_a_death_is_kept(bench: Bench) -> None:
    assert bench.failure("dying", "prints_then_exits").printed == "nearly there\n"
    assert bench.failure("dying", "exits").printed == ""


@pytest.mark.long
def test_a_death_is_a_crash_even_where_a_fork_keeps_the_connection_open(bench: Bench) -> None:
    bench.worker.start()
    failure = bench.failure("dying", "leaves_a_fork", timeout=2)
    assert (failure.kind, failure.message) == ("crash", "the process exited with code 3")
    bench.assert_answers_right()


@pytest.mark.long
def test_a_process_that_closes_its_connection_is_a_crash_and_is_ended(bench: Bench) -> None:
    before = bench.process_id()
    failure = bench.failure("dying", "hangs_up")
    assert failure.kind == "crash"
    assert "the connection closed" in failure.message
    assert not alive(before)
    bench.assert_answers_right()


# ---- hanging ----------------------------------------------------------------------------------


@pytest.mark.parametrize("function", ["sleeps", "spins", "holds_the_gil"])
def test_a_hang_is_ended_when_its_time_is_over(bench: Bench, function: str) -> None:
    before = bench.process_id()
    failure = bench.failure("hanging", function, timeout=0.5)
    assert (failure.kind, failure.message) == (
        "timeout",
        "no answer after 0.5 s; `run --timeout` waits longer",
    )
    assert not alive(before)
    bench.assert_answers_right()
    assert bench.process_id() != before


# ---- leaving processes behind -----------------------------------------------------------------


@pytest.mark.parametrize("function", ["child", "session"])
def test_a_child_that_the_worker_started_is_ended_with_it(bench: Bench, function: str) -> None:
    child = int(bench.losses("lingering", function)[0])
    assert alive(child)
    bench.worker.stop()
    assert until(lambda: not alive(child))


@pytest.mark.parametrize(("function", "dies"), [("orphan", False), ("child_then_death", True)])
def test_an_orphan_of_the_worker_is_ended_with_it(bench: Bench, function: str, dies: bool) -> None:
    group = bench.process_id()
    answer = bench.ask("lingering", function)
    assert isinstance(answer, Failed) == dies
    if not dies:
        assert _members(group)
        bench.worker.stop()
    assert until(lambda: not _members(group))


def _members(group: int) -> list[int]:
    import psutil

    found = []
    for process_id in psutil.pids():
        try:
            if os.getpgid(process_id) == group and alive(process_id):
                found.append(process_id)
        except ProcessLookupError:
            continue
    return found


def test_a_child_of_a_hang_is_ended_with_it(bench: Bench) -> None:
    group = bench.process_id()
    assert bench.failure("hanging", "waits_for_a_child", timeout=1).kind == "timeout"
    assert until(lambda: not _members(group))


# ---- garbage ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "printed"),
    [
        ("prints", "garbage, from print → here\n"),
        ("prints_unflushed", "garbage, without an end"),
        ("writes", "garbage, from write �\n"),
        ("puts", "garbage, from puts\n"),
        ("echoes", "garbage, from echo\n"),
        ("complains", ""),
        ("closes", ""),
        ("replaces", ""),
    ],
)
def test_garbage_is_told_beside_the_right_answer(
    bench: Bench, capfd: pytest.CaptureFixture[str], function: str, printed: str
) -> None:
    answer = bench.ask("noisy", function)
    assert isinstance(answer, Computed), answer
    np.testing.assert_allclose(answer.losses, LOSSES, atol=1e-6)
    assert answer.printed == printed
    assert capfd.readouterr() == ("", "")


def test_control_characters_in_garbage_are_written_out(bench: Bench) -> None:
    answer = bench.ask("noisy", "controls")
    assert isinstance(answer, Computed)
    assert answer.printed.startswith(r"\x1b[2J\x00garbage, [bold]from control[/bold]")
    assert answer.printed.replace("\n", "").isprintable()


def test_garbage_belongs_to_the_problem_that_printed_it(bench: Bench) -> None:
    printed = []
    for function in ("prints", "complains", "writes"):
        answer = bench.ask("noisy", function)
        assert isinstance(answer, Computed)
        printed.append(answer.printed)
    assert printed == ["garbage, from print → here\n", "", "garbage, from write �\n"]


@pytest.mark.parametrize("function", ["closes", "replaces"])
def test_garbage_is_caught_again_after_an_implementation_meddled_with_the_streams(
    bench: Bench, function: str
) -> None:
    bench.ask("noisy", function)
    for noise in ("prints", "echoes"):
        answer = bench.ask("noisy", noise)
        assert isinstance(answer, Computed), answer
        assert answer.printed.startswith("garbage, from ")


def test_megabytes_of_garbage_are_cut_and_counted(bench: Bench) -> None:
    answer = bench.ask("noisy", "megabytes")
    assert isinstance(answer, Computed)
    assert answer.printed.startswith("garbage\n" * 1000)
    assert answer.printed.endswith(f"... ({8 * 2**20} bytes in all)")
    assert len(answer.printed) < 100_000
    quiet = bench.ask("answering", "right")
    assert isinstance(quiet, Computed)
    assert quiet.printed == ""


# ---- stopping ---------------------------------------------------------------------------------


def test_closing_ends_a_hang_that_another_thread_waits_for(own_bench: Bench) -> None:
    before = own_bench.process_id()
    answers: list[Evaluation] = []
    thread = threading.Thread(target=lambda: answers.append(own_bench.ask("hanging", "sleeps")))
    thread.start()
    own_bench.worker.close()
    thread.join(PATIENCE)
    assert not alive(before)
    assert isinstance(answers[0], Failed)


def test_a_closed_worker_starts_no_process(own_bench: Bench) -> None:
    own_bench.worker.close()
    assert own_bench.failure("answering", "right").message == "the run was stopped"


def test_closing_while_it_starts_leaves_no_process(tmp_path: Path) -> None:
    import psutil

    before = {process.pid for process in psutil.Process().children(recursive=True)}
    for delay in (0.0, 0.02, 0.05, 0.1, 0.2):
        worker = Worker("numpy", ("numpy",), {}, tmp_path)
        thread = threading.Thread(target=worker.start)
        thread.start()
        thread.join(delay)
        worker.close()
        thread.join(PATIENCE)
        assert not thread.is_alive()
    started = {process.pid for process in psutil.Process().children(recursive=True)} - before
    assert until(lambda: not any(alive(process_id) for process_id in started))


# ---- refusals ---------------------------------------------------------------------------------


def test_closing_ends_a_process_that_has_not_begun_our_code(tmp_path: Path) -> None:
    """It answers execnet's first byte with a 1, as a Python does, and nothing after that."""
    python, mark = tmp_path / "python", tmp_path / "mark"
    python.write_text(f"#!/bin/sh\nprintf 1\necho $$ > {mark}\nexec sleep 600\n")
    python.chmod(0o755)
    worker = Worker("numpy", ("numpy",), {}, tmp_path, str(python))
    thread = threading.Thread(target=worker.start, daemon=True)
    thread.start()
    assert until(lambda: mark.exists() and mark.read_text() != "")
    assert until(lambda: worker._channel is not None)
    worker.close()
    thread.join(PATIENCE / 4)  # it waits a minute for the process to begin
    assert not thread.is_alive()
    assert not alive(int(mark.read_text()))


def test_what_an_implementation_does_not_support_is_no_failure(bench: Bench) -> None:
    problem = replace(PROBLEM, ignore_index=-100)
    answer = bench.ask("answering", "right", problem=problem)
    assert isinstance(answer, Unsupported)
    assert "ignore_index" in answer.reason


def test_a_missing_device_is_missing(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "no_device.py").write_text(
        "from xent_check.problem.evaluation import MissingDeviceError\n"
        "def f(logits, labels): raise MissingDeviceError('no such device')\n"
    )
    request = Request(
        "user_function", f"{tmp_path}/no_device.py:f", "cpu", encode_problem(PROBLEM, tmp_path)
    )
    assert bench.worker.evaluate(request, PATIENCE) == Missing("no such device")


@pytest.mark.skipif(sys.platform != "linux", reason="variables of glibc")
def test_the_threads_of_a_process_share_one_heap_from_its_start(bench: Bench) -> None:
    """And it keeps what is freed; what the environment says of it holds."""
    started_with = psutil.Process(bench.process_id()).environ()
    settings = {"MALLOC_ARENA_MAX": 1, "MALLOC_TRIM_THRESHOLD_": 2**27}
    for name, value in settings.items():
        assert started_with[name] == os.environ.get(name, str(value))
