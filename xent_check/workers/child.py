"""Child: the loop of a framework's process. It answers one problem at a time.

What an implementation raises or prints goes with its answer, which is sent before the next problem
is begun; the parent sees how a process dies.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import time
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from xent_check.errors import describe, visible
from xent_check.implementations.conduct import with_conduct
from xent_check.implementations.own.raised import place_of, traceback_of
from xent_check.problem.evaluation import (
    Evaluation,
    Failed,
    FailureKind,
    Missing,
    MissingDeviceError,
    Unsupported,
    UnsupportedError,
)

from .collector import collect_seldom
from .printed import drop, printed_text
from .streams import Streams, redirect
from .wire import Message, decode_problem, encode_evaluation


def serve(channel: Any, streams: Streams, needs: list[str], folder: str) -> None:
    """Import the modules `needs`, report that, then answer requests until the parent ends."""
    collect_seldom()
    loaded = _load(needs)
    _flush()
    channel.send(loaded)
    for request in channel:
        redirect(streams)
        if "problem" not in request:
            introduction = _introduction(request)
            _flush()
            channel.send(introduction)
            continue
        start = time.perf_counter()
        answer = _reply(request, Path(folder))
        _flush()
        _, output, errors = streams
        printed, waited = printed_text(output), time.perf_counter() - start
        drop(errors)
        channel.send({"answer": answer, "printed": printed, "waited": waited})


def _load(needs: list[str]) -> Message:
    import importlib

    try:
        for name in needs:
            importlib.import_module(name)
    except BaseException as error:
        return {"failed": describe(error)}
    return {"failed": ""}


def _reply(request: Message, folder: Path) -> Message:
    """The answer to a request. Any exception is an answer, an exit and an interrupt included."""
    try:
        return encode_evaluation(_answer(request), folder)
    except BaseException as error:
        return encode_evaluation(evaluation_of(error), folder)


def evaluation_of(error: BaseException) -> Evaluation:
    """What an implementation answered that raised this."""
    if isinstance(error, UnsupportedError):
        return Unsupported(visible(str(error)))
    if isinstance(error, MissingDeviceError):
        return Missing(visible(str(error)))
    call, calls = getattr(error, "xent_check_calls", ("", {}))
    place, advice = visible(place_of(error)), getattr(error, "xent_check_advice", "")
    message = describe(error) + f" (at {place})" * bool(place) + f"; {advice}" * bool(advice)
    kind: FailureKind = "import" if isinstance(error, ImportError) else "error"
    return Failed(kind, message, call, calls=calls, traceback=traceback_of(error))


def _introduction(request: Message) -> Message:
    """What the user's own function is; empty where that cannot be found out."""
    try:
        introduce = _adapter(request["module"]).introduce
        arguments = request["mode"], request["device"], request["declared"]
        return asdict(introduce(*arguments, _be_quiet))
    except BaseException:  # its problems will tell
        return {}


def _be_quiet() -> None:
    """Drop what is written until the next request."""
    _flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _answer(request: Message) -> Evaluation:
    evaluate = _adapter(request["module"]).evaluate
    problem, introduction = decode_problem(request["problem"]), request["introduction"]
    own = () if introduction is None else (introduction, request["declared"])
    how = request["mode"], request["device"], *own
    return with_conduct(problem, lambda grouped: evaluate(grouped, *how))


@cache
def _adapter(name: str) -> Any:
    """The adapter of that name; ImportError for whatever is raised. Its function `prepare`, where
    it has one, gets the folder for files kept between runs, before the first problem."""
    import importlib

    try:
        module = importlib.import_module(f"xent_check.implementations.adapters.{name}")
        folder = os.environ.get("XENT_CHECK_CACHE")
        if folder and hasattr(module, "prepare"):
            module.prepare(Path(folder))
    except BaseException as error:
        raise ImportError(describe(error)) from error
    return module


def _flush() -> None:
    """Write out the buffers of Python and of C."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).fflush(None)
