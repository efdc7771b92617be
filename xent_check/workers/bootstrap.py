"""Starting: the first that a worker's process runs. It needs nothing but Python."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Any

from xent_check.errors import describe

from .streams import Streams, redirect

_PR_SET_PDEATHSIG = 1
# Another interpreter ignores them (python -E), but the processes that it starts would not.
_OF_THE_PARENT = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")


def start(
    channel: Any,
    parent: int,
    output: str,
    needs: list[str],
    env: dict[str, str],
    folder: str,
    elsewhere: bool,
) -> None:
    """Get a process ready to be served from, then serve. elsewhere: not the parent's Python."""
    _live_and_die_with(parent)
    streams = _streams(output)
    redirect(streams)
    if elsewhere:
        for name in _OF_THE_PARENT:
            os.environ.pop(name, None)
    os.environ.update(env)
    try:
        from .child import serve
    except BaseException as error:  # NumPy, of a release that is too old or broken
        channel.send({"failed": describe(error)})
    else:
        serve(channel, streams, needs, folder)


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


def _streams(output: str) -> Streams:
    """Nothing to read; files for what is written to standard output and standard error."""
    how = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    nothing = os.open(os.devnull, os.O_RDONLY)
    return nothing, os.open(output, how, 0o600), os.open(f"{output}.err", how, 0o600)
