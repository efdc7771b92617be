"""Worker: the parent's handle of a framework's process, which runs bootstrap.py and child.py.

The process imports its framework at once and answers one problem at a time. It may be of another
interpreter, which needs NumPy and the framework alone. execnet does the plumbing; psutil ends a
process and tells how it ended.
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
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xent_check.errors import describe, visible
from xent_check.problem.evaluation import Evaluation, Failed

from .wire import Message, decode_evaluation

LOAD_TIMEOUT = 300.0
_BOOT_TIMEOUT = 60.0
_LAST_WORDS = 400
_MAX_PRINTED = 64 * 1024
MAX_DEATHS = 3  # in a row while it starts, before it is given up


@dataclass(frozen=True)
class Request:
    """One problem for one implementation."""

    module: str
    mode: str
    device: str
    problem: Message


class Worker:
    """One framework's process. Started once, restarted when it dies; `evaluate` never raises.

    On Linux the process lives no longer than the thread that started it. `close` is the one
    method that another thread may call, at any time.
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
        self._gateway: Any = None
        self._channel: Any = None
        self._process: Any = None
        self._load_failure = ""  # what makes another start useless
        self._death = ""  # how it ended while it started; "" once it has
        self._deaths = 0  # of those, in a row
        self._closed = False
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
        spec = execnet.XSpec("popen")
        if self._python:  # set here, for a text cannot hold every path; -E: our PYTHONPATH is ours
            spec.python = shlex.join([self._python, "-E"])
        with _no_interrupt():
            self._gateway = execnet.makegateway(spec)
        self._channel = channel = self._gateway.remote_exec(
            f"import os, sys; sys.path[:] = {self._paths()}; channel.send(os.getpid())\n"
            "from xent_check.workers.bootstrap import start\n"
            f"start(channel, *{arguments!r})"
        )
        self._process = psutil.Process(channel.receive(timeout=_BOOT_TIMEOUT))
        return channel

    def _paths(self) -> str:
        """Where the process looks for modules, as an expression: where we do; in another
        interpreter where that does, and this package before all, of which it may have another
        release."""
        if not self._python:
            return repr([path for path in sys.path if path] + [os.getcwd()])
        alone = self._folder / "package"
        if not alone.exists():
            alone.mkdir()
            package = Path(__file__).resolve().parents[1]
            try:
                (alone / package.name).symlink_to(package, target_is_directory=True)
            except OSError:  # Windows lets only some users make links
                shutil.copytree(package, alone / package.name)
        return f"[{str(alone)!r}, *filter(None, sys.path)]"

    def evaluate(self, request: Request, timeout: float) -> Evaluation:
        """The answer, or how it failed. After a death or a time-out the next call starts anew, but
        not after MAX_DEATHS of starting processes in a row."""
        import execnet

        if self._channel is None and not self._load_failure and not self._closed:
            self.start()
        channel = self._channel
        if failure := self._load_failure or self._death:
            return Failed("import", f"{self.environment} cannot be loaded: {failure}")
        if channel is None:
            return Failed("crash", "the run was stopped")
        message = {
            "module": request.module,
            "mode": request.mode,
            "device": request.device,
            "problem": request.problem,
        }
        try:
            channel.send(message)
            answer = channel.receive(timeout=timeout)
        except execnet.TimeoutError:
            ending = self._ending(wait=0)  # a child it forked may hold the connection open
            late = Failed("timeout", f"no answer after {timeout:g} s", printed=self._printed())
            failed = Failed("crash", ending, printed=late.printed) if ending else late
        except (EOFError, OSError, execnet.RemoteError) as error:
            ending = self._ending(wait=2) or f"the connection closed ({describe(error)})"
            failed = Failed("crash", ending, printed=self._printed())
        else:
            return decode_evaluation(answer, self._printed())
        self.stop()
        return failed

    def stop(self) -> None:
        """End the process and whatever it started."""
        import psutil

        gateway, process = self._gateway, self._process
        self._gateway = self._channel = self._process = None
        if process is not None:
            with contextlib.suppress(psutil.Error):
                for descendant in [*process.children(recursive=True), process]:
                    with contextlib.suppress(psutil.Error):
                        descendant.kill()
            with contextlib.suppress(OSError, AttributeError):  # those whose own parent is gone
                os.killpg(process.pid, signal.SIGKILL)
            with contextlib.suppress(psutil.Error):
                process.wait(timeout=5)
        if gateway is not None:
            with contextlib.suppress(OSError, ValueError):
                gateway.exit()

    def close(self) -> None:
        """Stop for good. Safe while another thread starts it or waits for an answer."""
        self._closed = True
        self.stop()

    def _printed(self) -> str:
        """What was written to standard output since the last call; standard error is dropped."""
        with contextlib.suppress(OSError):
            os.truncate(self._errors, 0)
        with contextlib.suppress(OSError), self._output.open("r+b") as stream:
            size = os.fstat(stream.fileno()).st_size
            lines = stream.read(_MAX_PRINTED).decode("utf-8", "replace").split("\n")
            stream.truncate(0)
            text = "\n".join(visible(line) for line in lines)
            return text if size <= _MAX_PRINTED else f"{text}... ({size} bytes in all)"
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
            how = "the process ended"
        elif code < 0:
            how = f"the process was killed by {_signal_name(-code)}"
        else:
            how = f"the process exited with code {code}"
        words = _last_words(self._errors)
        return f"{how}; its last words: {words}" if words else how


@contextlib.contextmanager
def _no_interrupt() -> Iterator[None]:
    """A process started here is deaf to Ctrl-C until it has a process group of its own."""
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


def _last_words(path: Path) -> str:
    with contextlib.suppress(OSError), path.open("rb") as stream:
        stream.seek(max(0, os.fstat(stream.fileno()).st_size - _LAST_WORDS))
        lines = stream.read().decode("utf-8", "replace").strip().splitlines()
        return visible(lines[-1].strip()) if lines else ""
    return ""
