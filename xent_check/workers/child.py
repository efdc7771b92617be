"""Serving: a framework's own process, once it has started. It answers one problem at a time.

What an implementation raises or prints goes with its answer; how it dies is the parent's to see.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from pathlib import Path
from typing import Any

from xent_check.errors import describe, visible
from xent_check.problem.evaluation import (
    Evaluation,
    Failed,
    Missing,
    MissingDeviceError,
    Unsupported,
    UnsupportedError,
)

from .streams import Streams, redirect
from .wire import Message, decode_problem, encode_evaluation


def serve(channel: Any, streams: Streams, needs: list[str], folder: str) -> None:
    """Import what is needed, say so, then answer requests until the parent goes away."""
    loaded = _load(needs)
    _flush()
    channel.send(loaded)
    for request in channel:
        redirect(streams)
        reply = _reply(request, Path(folder))
        _flush()
        channel.send(reply)


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

    name = f"xent_check.implementations.adapters.{request['module']}"
    try:
        module = importlib.import_module(name)
    except BaseException as error:
        raise ImportError(describe(error)) from error
    evaluation: Evaluation = module.evaluate(
        decode_problem(request["problem"]), request["mode"], request["device"]
    )
    return evaluation


def _flush() -> None:
    """Python's buffers and C's."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).fflush(None)
