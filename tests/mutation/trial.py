"""Each mutant in a process of its own, forked from one that has imported and collected everything.

The code of the mutated module's functions is put into the functions that are there, so that nothing
is imported anew; what runs at import, or does not fit so, goes to a fresh pytest. The mutated file
lies on disk meanwhile, for the commands that tests start.
"""

from __future__ import annotations

import gc
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType

import pytest
from _pytest.runner import runtestprotocol

from tests.mutation.mutants import Mutant
from tests.support.sources import source_file

PATIENCE = 600.0  # seconds without a word, of a test that sleeps
CPU, TIMES = 60, 5  # and the seconds of the processor for all tests, beside TIMES what they took
UNFIT = "unfit"  # in place of a test's id: its code does not fit the functions that are there


@dataclass(frozen=True)
class Outcome:
    """noticed: the test that failed or did not end, "" where the mutant survived."""

    mutant: Mutant
    noticed: str
    tests: int
    seconds: float


class Trials:
    """A pytest plugin: after the collection, the mutants in place of the tests."""

    def __init__(
        self,
        mutants: Sequence[Mutant],
        tests_of: Callable[[Mutant], Mapping[str, float]],
        tell: Callable[[Outcome], None],
    ) -> None:
        self.mutants, self.tests_of, self.tell = mutants, tests_of, tell
        self.outcomes: list[Outcome] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        for mutant in self.mutants:
            started = time.monotonic()
            seconds = {t: s for t, s in self.tests_of(mutant).items() if t in items}
            with planted(mutant) as source:
                noticed = UNFIT if seconds else ""
                if mutant.function and seconds:
                    noticed = _forked(mutant, source, [items[test] for test in seconds], seconds)
                if noticed == UNFIT:
                    noticed = afresh(seconds)
            outcome = Outcome(mutant, noticed, len(seconds), time.monotonic() - started)
            self.outcomes.append(outcome)
            self.tell(outcome)
        return True


@contextmanager
def planted(mutant: Mutant) -> Iterator[str]:
    """The mutant in its file, below the working directory; gives the mutated source."""
    file = source_file(Path("xent_check"), mutant.module)
    source, times = file.read_text(encoding="utf-8"), file.stat()
    mutated = mutant.applied(source)
    file.write_text(mutated, encoding="utf-8")
    try:
        yield mutated
    finally:
        file.write_text(source, encoding="utf-8")
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def _forked(
    mutant: Mutant, source: str, items: Sequence[pytest.Item], seconds: Mapping[str, float]
) -> str:
    """The first test that notices, in a child; it writes the number of each test it begins, then
    its verdict. Tests that take far longer than they did have noticed, too."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setsid()
            limit = CPU + TIMES * int(sum(seconds.values()))
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
            silence = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(silence, stream)
            _exchange(source_file(Path("xent_check"), mutant.module), source)
            os.write(writing, _first_failure(items, writing))
        except BaseException:
            os.write(writing, b"unfit\n")
        finally:
            os._exit(0)
    os.close(writing)
    try:
        return _verdict(reading, items)
    finally:
        os.close(reading)
        try:
            os.killpg(child, signal.SIGKILL)
        except ProcessLookupError:
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _first_failure(items: Sequence[pytest.Item], writing: int) -> bytes:
    """The tests one after the other, until one fails."""
    for i, item in enumerate(items):
        os.write(writing, f"{i}\n".encode())
        following = items[i + 1] if i + 1 < len(items) else None
        reports = runtestprotocol(item, log=False, nextitem=following)
        if any(report.failed for report in reports):
            return b"noticed\n"
    return b"survived\n"


def _verdict(reading: int, items: Sequence[pytest.Item]) -> str:
    at, told = 0, b""
    while True:
        ready, _, _ = select.select([reading], [], [], PATIENCE)
        piece = os.read(reading, 4096) if ready else b""
        if not piece:
            return f"{items[at].nodeid} (no end)" if not ready else f"{items[at].nodeid} (died)"
        told += piece
        *words, told = told.split(b"\n")
        for word in words:
            if word == b"survived":
                return ""
            if word == b"unfit":
                return UNFIT
            if word == b"noticed":
                return items[at].nodeid
            at = int(word)


def _exchange(file: Path, source: str) -> None:
    """The code of this source into the functions that were made of that file."""
    path = str(file.resolve())
    new = {code.co_qualname: code for code in _codes(compile(source, path, "exec"))}
    functions = [
        f
        for f in gc.get_objects()
        if isinstance(f, FunctionType) and f.__code__.co_filename == path
    ]
    if not functions:
        raise LookupError(path)
    for function in functions:
        function.__code__ = new[function.__code__.co_qualname]


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def afresh(seconds: Mapping[str, float]) -> str:
    """The tests in a new pytest, which stops at the first that fails."""
    Path("chosen").write_text("\n".join(seconds), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--no-header"]
    process = subprocess.Popen(
        [*command, "--tb=line", "@chosen"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        text, _ = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return "a fresh pytest (no end)"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    if process.returncode == 0:
        return ""
    failed = [line.split()[1] for line in text.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0] if failed else "the import"
