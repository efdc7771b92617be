"""Bootstrap: the first code that a worker's process runs. It needs nothing but Python."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys
from typing import Any

from xent_check.errors import describe

from .streams import Streams, redirect

_PR_SET_PDEATHSIG = 1
# `python -E` makes another interpreter ignore them; the processes that it starts would not.
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
    """Prepare the process, then serve. elsewhere: it runs another Python than the parent's."""
    _live_and_die_with(parent)
    streams = _streams(output)
    redirect(streams)
    faulthandler.enable(2)  # where it was as it died
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
    """Make a process group, which the parent ends as one and a terminal's Ctrl-C misses.

    On Linux the kernel ends the process when its parent ends, for whatever reason. Elsewhere
    execnet sees the connection close, and ends it within 15 seconds.
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
    """An empty standard input, and files for standard output and standard error."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
    empty = os.open(os.devnull, os.O_RDONLY)
    return empty, os.open(output, flags, 0o600), os.open(f"{output}.err", flags, 0o600)
