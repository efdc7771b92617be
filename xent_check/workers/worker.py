"""Worker: the parent's handle of a framework's process, which runs bootstrap.py and child.py.

The process imports its framework at once and answers one problem at a time; small ones are sent
ahead, so that it need not wait for this process between two of them. It may be of another
interpreter, which needs only NumPy and the framework. execnet starts it and carries the messages;
psutil ends it and tells how it ended.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from xent_check.errors import describe, visible
from xent_check.implementations.names import Implementation
from xent_check.implementations.own.raised import place_of_fault
from xent_check.problem.evaluation import Evaluation, Failed, after

from .heap import with_heap
from .printed import printed_text
from .wire import Message, decode_evaluation, inline_bytes

LOAD_TIMEOUT = 300.0
_EXIT_TIMEOUT = 0.5  # seconds for a process that has not begun our code; then it is killed
_BOOT_TIMEOUT = 60.0  # seconds, as LOAD_TIMEOUT
_LAST_WORDS = 8 * 1024  # bytes at the end of standard error, a traceback of Python's among them
_AHEAD = 16  # problems at most that a process has beside the one that it answers
_SMALL = 64 * 1024  # bytes of arrays; of problems that are larger it has one at a time
MAX_DEATHS = 3  # deaths in a row at the start, after which it is not started again


@dataclass(frozen=True)
class Request:
    """One problem for one implementation."""

    module: str  # the adapter
    mode: str  # of the implementation; of the user's own, `[framework=]module:attribute`
    device: str  # "cpu" or "cuda"
    problem: Message  # the problem, encoded
    introduced: bool = False  # whether it is asked, before its first problem, what it is
    declared: Message | None = None  # what is said of the user's own, as plain values

    @classmethod
    def of(cls, i: Implementation, problem: Message) -> Request:
        """The request to the worker of an implementation."""
        if not i.function:
            return cls(i.entry.module, i.mode, i.device, problem)
        return cls(i.entry.module, i.own, i.device, problem, True, asdict(i.declared))

    @cached_property
    def is_small(self) -> bool:
        """Whether its arrays are few bytes."""
        return inline_bytes(self.problem) <= _SMALL


class Worker:
    """A framework's process, restarted when it dies; `answers` raises nothing.

    On Linux the process lives no longer than the thread that started it. Another thread may call
    `close`, at any time, and no other method.
    """

    def __init__(
        self,
        environment: str,
        needs: tuple[str, ...],
        env: dict[str, str],
        folder: Path,
        python: str = "",
    ) -> None:
        self.environment = environment
        self._python = python
        self._needs = needs
        self._env = env
        self._folder = Path(tempfile.mkdtemp(dir=folder))
        self._output = self._folder / "stdout"
        self._errors = self._folder / "stdout.err"
        self._group: Any = None  # the process, as execnet has it
        self._channel: Any = None
        self._process: Any = None
        self._load_failure = ""  # why another start is useless; "" where it is not
        self._death = ""  # how it ended while it started; "" where it did not
        self._deaths = 0  # such ends in a row
        self._closed = False
        self.introduction: Message | None = None  # None until one was asked for, {} without answer
        self.starting = self.answering = 0.0  # seconds, of all its processes

    def start(self) -> None:
        """Start the process and wait until its framework is imported."""
        start = time.perf_counter()
        try:
            self._start()
        finally:
            self.starting += time.perf_counter() - start

    def _start(self) -> None:
        import execnet

        try:
            channel = self._launch()
            if self._closed:
                self.stop()
                return
            self._load_failure = channel.receive(timeout=LOAD_TIMEOUT)["failed"]
            self._death, self._deaths = "", 0
        except execnet.TimeoutError:
            self._load_failure = f"not imported after {LOAD_TIMEOUT:g} s"
        except Exception as error:  # execnet gives up in several ways when a process dies early
            self._death, self._deaths = self._ending(wait=2) or describe(error), self._deaths + 1
            if self._deaths == MAX_DEATHS:
                self._load_failure = f"{self._death}, at each of {MAX_DEATHS} starts"
        if self._load_failure or self._death:
            self.stop()
        self._printed()

    def _launch(self) -> Any:
        import execnet
        import psutil

        arguments = (
            os.getpid(), str(self._output), list(self._needs), self._env, str(self._folder),
            bool(self._python),
        )  # fmt: skip
        spec = execnet.XSpec("popen")  # the words are set here: its text cannot hold every path
        spec.python = shlex.join([*with_heap(), *self._interpreter()])
        with _no_interrupt():
            self._group = group = execnet.Group()
            gateway = group.makegateway(spec)
        self._channel = channel = gateway.remote_exec(
            f"import os, sys; sys.path[:] = {self._paths()}; channel.send(os.getpid())\n"
            "from xent_check.workers.bootstrap import start\n"
            f"start(channel, *{arguments!r})"
        )
        self._process = psutil.Process(channel.receive(timeout=_BOOT_TIMEOUT))
        return channel

    def _interpreter(self) -> list[str]:
        """The words that start the interpreter; -E: without PYTHONPATH."""
        return [self._python, "-E"] if self._python else [sys.executable]

    def _paths(self) -> str:
        """The expression for the process's sys.path: the parent's; in another interpreter its own,
        after a folder that has only this package, of which it may have another release."""
        if not self._python:
            return repr([path for path in sys.path if path] + [os.getcwd()])
        folder = self._folder / "package"
        if not folder.exists():
            folder.mkdir()
            package = Path(__file__).resolve().parents[1]
            try:
                (folder / package.name).symlink_to(package, target_is_directory=True)
            except OSError:  # Windows lets only some users make links
                shutil.copytree(package, folder / package.name)
        return f"[{str(folder)!r}, *filter(None, sys.path)]"

    def evaluate(self, request: Request, timeout: float) -> Evaluation:
        """The answer to one problem; as of `answers`."""
        (answer,) = self.answers([request], timeout)
        return answer

    def answers(
        self, requests: Sequence[Request], timeout: float
    ) -> Generator[Evaluation, None, None]:
        """The answer to each problem in turn, or how it failed. timeout: seconds for each.

        The problem that a process dies of is the first that it has not answered: it sends each
        answer before it begins the next. After a death or a time-out another process gets those
        that follow, but none after MAX_DEATHS deaths in a row at the start. Who leaves early waits
        for the answers to what was sent ahead.
        """
        remaining = deque(requests)
        while remaining:
            channel = self._ready(remaining[0], timeout)
            if channel is not None:
                yield from self._answers_of_one_process(channel, remaining, timeout)
                continue
            remaining.popleft()
            failure = self._load_failure or self._death
            text = f"{self.environment} cannot be loaded: {failure}"
            yield Failed("import", text) if failure else Failed("crash", "the run was stopped")

    def _ready(self, request: Request, timeout: float) -> Any:
        """The channel of a process that has loaded its framework; None where there is none."""
        if self._channel is None and not self._load_failure and not self._closed:
            self.start()
        if request.introduced and self.introduction is None and self._channel is not None:
            self._introduce(request, timeout)
        return None if self._load_failure or self._death else self._channel

    def _answers_of_one_process(
        self, channel: Any, remaining: deque[Request], timeout: float
    ) -> Iterator[Evaluation]:
        """The answers to what remains, each taken off when it is there; where the process dies or
        is late, that failure is the last."""
        sent = deque[Request]()  # the first ones of those that remain
        try:
            while remaining:
                start = time.perf_counter()
                try:
                    for request in self._to_send(remaining, sent):
                        channel.send(self._message(request))
                        sent.append(request)
                    reply = channel.receive(timeout=timeout)
                except Exception as error:
                    failed = self._failed(error, timeout)
                    self.stop()
                    sent.clear()
                    remaining.popleft()
                    yield after(time.perf_counter() - start, failed)
                    return
                sent.popleft()
                remaining.popleft()
                yield after(reply["waited"], decode_evaluation(reply["answer"], reply["printed"]))
        finally:
            self._drop(channel, len(sent), timeout)

    @staticmethod
    def _to_send(remaining: deque[Request], sent: deque[Request]) -> Iterator[Request]:
        """Those that the process gets now: one where it has none, more where all are small."""
        for request in islice(remaining, len(sent), _AHEAD + 1):
            if sent and not (request.is_small and sent[-1].is_small):
                return
            yield request

    def _message(self, request: Request) -> Message:
        return {
            "module": request.module,
            "mode": request.mode,
            "device": request.device,
            "problem": request.problem,
            "introduction": self.introduction,
            "declared": request.declared,
        }

    def _failed(self, error: Exception, timeout: float) -> Failed:
        """How the process failed to answer, which raised this."""
        import execnet

        if isinstance(error, execnet.TimeoutError):
            ending = self._ending(wait=0)  # its forked child may keep the connection open
            text = f"no answer after {timeout:g} s; `run --timeout` waits longer"
            late = Failed("timeout", text, printed=self._printed())
            return Failed("crash", ending, printed=late.printed) if ending else late
        if isinstance(error, EOFError | OSError | execnet.RemoteError):
            ending = self._ending(wait=2) or f"the connection closed ({describe(error)})"
            return Failed("crash", ending, printed=self._printed())
        raise error

    def _drop(self, channel: Any, count: int, timeout: float) -> None:
        """Wait for answers that nobody wants."""
        try:
            for _ in range(count):
                channel.receive(timeout=timeout)
        except Exception:
            self.stop()

    def _introduce(self, request: Request, timeout: float) -> None:
        """Ask what the user's own function is, in the time of one problem. Where the process hangs
        or dies, another one starts, and the problems show how."""
        import execnet

        start, channel = time.perf_counter(), self._channel
        self.introduction = {}
        try:
            channel.send(
                {
                    "module": request.module,
                    "mode": request.mode,
                    "device": request.device,
                    "declared": request.declared,
                }
            )
            self.introduction = channel.receive(timeout=timeout)
        except (execnet.TimeoutError, EOFError, OSError, execnet.RemoteError):
            self.stop()
        self.starting += time.perf_counter() - start
        if self._channel is None and not self._closed:
            self.start()

    def stop(self) -> None:
        """End the process and whatever it started."""
        import psutil

        group, process = self._group, self._process
        self._group = self._channel = self._process = None
        if process is not None:
            with contextlib.suppress(psutil.Error):
                for descendant in [*process.children(recursive=True), process]:
                    with contextlib.suppress(psutil.Error):
                        descendant.kill()
            with contextlib.suppress(OSError, AttributeError):  # processes whose parent ended
                os.killpg(process.pid, signal.SIGKILL)
            with contextlib.suppress(psutil.Error):
                process.wait(timeout=5)
        if group is not None:
            with contextlib.suppress(OSError, ValueError):
                group.terminate(timeout=_EXIT_TIMEOUT)

    def close(self) -> None:
        """Stop for good. Safe while another thread starts it or waits for an answer."""
        self._closed = True
        self.stop()

    def _printed(self) -> str:
        """The standard output that no answer has told; standard error is dropped."""
        with contextlib.suppress(OSError):
            os.truncate(self._errors, 0)
        with contextlib.suppress(OSError), self._output.open("r+b") as stream:
            return printed_text(stream.fileno())
        return ""

    def _ending(self, wait: float) -> str:
        """How the process ended, with the last words of its standard error; "" if it did not."""
        import psutil

        if self._process is None:
            return ""
        try:
            code = self._process.wait(timeout=wait)
        except psutil.TimeoutExpired:
            return ""
        if code is None:
            ending = "the process ended"
        elif code < 0:
            ending = f"the process was killed by {_signal_name(-code)}"
        else:
            ending = f"the process exited with code {code}"
        words, place = _last_words(self._errors)
        ending += f" (at {place})" * bool(place)
        return f"{ending}; its last words: {words}" if words else ending


@contextlib.contextmanager
def _no_interrupt() -> Iterator[None]:
    """Ctrl-C does not reach a process started here before it has made its process group."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_words(path: Path) -> tuple[str, str]:
    """The last line of standard error, and the line of the user's own code at which the process
    died; each "" where there is none."""
    with contextlib.suppress(OSError), path.open("rb") as stream:
        stream.seek(max(0, os.fstat(stream.fileno()).st_size - _LAST_WORDS))
        text = stream.read().decode("utf-8", "replace")
        words, _, dump = text.partition("Fatal Python error: ")
        lines = words.strip().splitlines()
        return visible(lines[-1].strip()) if lines else "", visible(place_of_fault(dump))
    return "", ""
