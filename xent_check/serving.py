"""Serving: a framework's own process, started by a Worker. It answers one problem at a time.

What an implementation raises or prints goes with its answer; how it dies is the parent's to see.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path
from typing import IO, Any

from .errors import visible
from .evaluation import (
    Evaluation,
    Failed,
    Missing,
    MissingDeviceError,
    Unsupported,
    UnsupportedError,
)
from .wire import Message, decode_problem, encode_evaluation

_PR_SET_PDEATHSIG = 1


def serve(
    channel: Any, parent: int, output: str, needs: list[str], env: dict[str, str], folder: str
) -> None:
    """Import what is needed, say so, then answer requests until the parent goes away."""
    _live_and_die_with(parent)
    streams = _streams(output)
    _redirect(streams)
    os.environ.update(env)
    loaded = _load(needs)
    _flush()
    channel.send(loaded)
    for request in channel:
        _redirect(streams)
        reply = _reply(request, Path(folder))
        _flush()
        channel.send(reply)


def _live_and_die_with(parent: int) -> None:
    """A process group of its own, which the parent ends as one and a terminal's Ctrl-C misses.

    On Linux the kernel ends the process when its parent is gone, however it went. Elsewhere
    execnet sees the connection close, and ends it 15 seconds later at most.
    """
    if hasattr(os, "setsid"):
        os.setsid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _streams(output: str) -> tuple[int, int, int]:
    """Nothing to read; files for what is written to standard output and standard error."""
    how = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    nothing = os.open(os.devnull, os.O_RDONLY)
    return nothing, os.open(output, how, 0o600), os.open(f"{output}.err", how, 0o600)


def _redirect(streams: tuple[int, int, int]) -> None:
    """Point the standard streams there, whatever an implementation did to them before."""
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
    sys.stdout, sys.stderr = _writer(1), _writer(2)


def _writer(number: int) -> IO[str]:
    return open(
        number, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False
    )


def _load(needs: list[str]) -> Message:
    import importlib

    try:
        for name in needs:
            importlib.import_module(name)
        _configure(needs)
    except BaseException as error:
        return {"failed": describe(error)}
    return {"failed": ""}


def _configure(needs: list[str]) -> None:
    """JAX keeps what it compiled, between runs; a shape seen once costs little after that."""
    if "jax" in needs and "XENT_CHECK_CACHE" in os.environ:
        import jax

        jax.config.update("jax_compilation_cache_dir", os.environ["XENT_CHECK_CACHE"])
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def _reply(request: Message, folder: Path) -> Message:
    """The answer to a request. Whatever is raised, an exit and an interrupt too, is an answer."""
    try:
        return encode_evaluation(_answer(request), folder)
    except UnsupportedError as error:
        evaluation: Evaluation = Unsupported(visible(str(error)))
    except MissingDeviceError as error:
        evaluation = Missing(visible(str(error)))
    except ImportError as error:
        evaluation = Failed("import", describe(error))
    except BaseException as error:
        call, calls = getattr(error, "xent_check_calls", ("", {}))
        evaluation = Failed("error", describe(error), call, calls=calls)
    return encode_evaluation(evaluation, folder)


def _answer(request: Message) -> Evaluation:
    import importlib

    name = f"xent_check.implementations.{request['module']}"
    try:
        module = importlib.import_module(name)
    except BaseException as error:
        raise ImportError(describe(error)) from error
    evaluation: Evaluation = module.evaluate(
        decode_problem(request["problem"]), request["mode"], request["device"]
    )
    return evaluation


def describe(error: BaseException) -> str:
    """Its class and its message, on one line that any report can hold."""
    try:
        text = visible(" ".join(str(error).split()))
    except Exception as unreadable:
        text = f"its message cannot be read: {type(unreadable).__name__}"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _flush() -> None:
    """Python's buffers and C's."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).fflush(None)
