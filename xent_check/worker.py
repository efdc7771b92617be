"""A framework's process, both ends. `serve` runs in the child, `Worker` is the parent's handle.

The child imports its framework at once and answers one problem at a time. execnet does the
plumbing; psutil ends a process and tells how it ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shlex
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from .evaluation import (
    Evaluation,
    Failed,
    Missing,
    MissingDeviceError,
    Unsupported,
    UnsupportedError,
)
from .wire import Message, decode_evaluation, decode_problem, encode_evaluation

LOAD_TIMEOUT = 300.0
_TAIL = 400


# ---- in the child -----------------------------------------------------------------------------


def serve(channel: Any, output: str, needs: list[str], env: dict[str, str], folder: str) -> None:
    """Import what is needed, say so, then answer requests until the parent goes away."""
    if hasattr(signal, "SIGINT"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    capture = os.open(output, os.O_WRONLY | os.O_APPEND)
    os.dup2(capture, 1)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    errors = os.open(f"{output}.err", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(errors, 2)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    os.environ.update(env)
    channel.send(_load(needs))
    for request in channel:
        answer = encode_evaluation(_answer(request), Path(folder))
        _flush()
        channel.send(answer)


def _load(needs: list[str]) -> Message:
    import importlib

    try:
        for name in needs:
            importlib.import_module(name)
        _configure(needs)
    except BaseException as error:
        return {"failed": _describe(error)}
    return {"failed": ""}


def _configure(needs: list[str]) -> None:
    """JAX keeps what it compiled, between runs; a shape seen once costs little after that."""
    if "jax" in needs and "XENT_CHECK_CACHE" in os.environ:
        import jax

        jax.config.update("jax_compilation_cache_dir", os.environ["XENT_CHECK_CACHE"])
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def _answer(request: Message) -> Evaluation:
    import importlib

    try:
        module = importlib.import_module(f"xent_check.implementations.{request['module']}")
    except Exception as error:
        return Failed("import", _describe(error))
    problem = decode_problem(request["problem"])
    try:
        evaluation: Evaluation = module.evaluate(problem, request["mode"], request["device"])
    except UnsupportedError as error:
        return Unsupported(str(error))
    except MissingDeviceError as error:
        return Missing(str(error))
    except ImportError as error:
        return Failed("import", _describe(error))
    except Exception as error:
        return Failed("error", _describe(error))
    return evaluation


def _describe(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _flush() -> None:
    """Python's buffers and C's."""
    sys.stdout.flush()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).fflush(None)


# ---- in the parent ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Request:
    """One problem for one implementation."""

    module: str
    mode: str
    device: str
    problem: Message


class Worker:
    """One framework's process. Started once, restarted when it dies; `evaluate` never raises."""

    def __init__(self, environment: str, needs: tuple[str, ...], env: dict[str, str]) -> None:
        self.environment = environment
        self._needs = needs
        self._env = env
        self._gateway: Any = None
        self._channel: Any = None
        self._process: Any = None
        self._load_failure = ""
        self._folder = tempfile.TemporaryDirectory(prefix="xent-check-")
        self._output = Path(self._folder.name) / "stdout"
        self._read_from = 0
        self._closed = False

    def start(self) -> None:
        """Start the process and wait until its framework is imported."""
        import execnet
        import psutil

        self._output.write_bytes(b"")
        self._read_from = 0
        python = shlex.quote(sys.executable)
        self._gateway = execnet.makegateway(f"popen//python={python}")
        paths = [path for path in sys.path if path] + [os.getcwd()]
        self._channel = self._gateway.remote_exec(
            f"import os, sys; sys.path[:] = {paths!r}; channel.send(os.getpid())\n"
            f"from xent_check.worker import serve\n"
            f"serve(channel, {str(self._output)!r}, {list(self._needs)!r}, {self._env!r},"
            f" {self._folder.name!r})"
        )
        try:
            self._process = psutil.Process(self._channel.receive(timeout=LOAD_TIMEOUT))
            if self._closed:
                raise EOFError
            self._load_failure = self._channel.receive(timeout=LOAD_TIMEOUT)["failed"]
        except (EOFError, self._channel.RemoteError) as error:
            self._load_failure = self._ending() or _describe(error)
            self.stop()
        except self._channel.TimeoutError:
            self._load_failure = f"not imported after {LOAD_TIMEOUT:g} s"
            self.stop()

    def evaluate(self, request: Request, timeout: float) -> Evaluation:
        """The answer, or how it failed. After a death or a time-out the next call starts anew."""
        if self._channel is None and not self._load_failure and not self._closed:
            self.start()
        if self._load_failure or self._channel is None:
            return Failed("import", f"{self.environment} cannot be loaded: {self._load_failure}")
        message = {
            "module": request.module,
            "mode": request.mode,
            "device": request.device,
            "problem": request.problem,
        }
        try:
            self._channel.send(message)
            answer = self._channel.receive(timeout=timeout)
        except (EOFError, OSError, self._channel.RemoteError) as error:
            ending, printed = self._ending() or _describe(error), self._printed()
            self.stop()
            return Failed("crash", ending, printed=printed)
        except self._channel.TimeoutError:
            printed = self._printed()
            self.stop()
            return Failed("timeout", f"no answer after {timeout:g} s", printed=printed)
        return decode_evaluation(answer, self._printed())

    def stop(self) -> None:
        """End the process and whatever it started."""
        if self._process is not None:
            import psutil

            with contextlib.suppress(psutil.Error):
                tree = [*self._process.children(recursive=True), self._process]
                for process in tree:
                    with contextlib.suppress(psutil.Error):
                        process.kill()
                psutil.wait_procs(tree, timeout=5)
        if self._gateway is not None:
            with contextlib.suppress(OSError):
                self._gateway.exit()
        self._gateway = self._channel = self._process = None

    def close(self) -> None:
        """Stop for good, and remove the files. Safe while another thread waits for an answer."""
        self._closed = True
        self.stop()
        self._folder.cleanup()

    def _printed(self) -> str:
        with contextlib.suppress(OSError), self._output.open("rb") as stream:
            stream.seek(self._read_from)
            data = stream.read(64 * 1024)
            self._read_from = os.fstat(stream.fileno()).st_size
            return data.decode("utf-8", "replace")
        return ""

    def _ending(self) -> str:
        """How the process ended, with the last words of its standard error."""
        import psutil

        if self._process is None:
            return ""
        try:
            code = self._process.wait(timeout=5)
        except psutil.Error:
            code = None
        if code is None:
            how = "the process ended"
        elif code < 0:
            how = f"the process was killed by {signal.Signals(-code).name}"
        else:
            how = f"the process exited with code {code}"
        words = _last_words(self._output.with_name("stdout.err"))
        return f"{how}; its last words: {words}" if words else how


def _last_words(path: Path) -> str:
    with contextlib.suppress(OSError):
        stream: IO[bytes]
        with path.open("rb") as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - _TAIL))
            lines = stream.read().decode("utf-8", "replace").strip().splitlines()
            return lines[-1].strip() if lines else ""
    return ""
