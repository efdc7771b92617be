"""Ending: SIGINT and SIGTERM end the process within two seconds, whatever the main thread does.

Python runs a signal's handler in the main thread, between two of its instructions: not while NumPy
sorts a hundred million numbers there, or writes them to a disk. So a second thread is woken by the
signal at once. Where the main thread has not begun to clean up after PATIENCE, or not ended after
CLEANING, the second thread cleans up and ends the process.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from typing import Any

from xent_check.errors import ExitCode
from xent_check.workers.leftovers import clear

PATIENCE = 1.0  # seconds
CLEANING = 5.0  # seconds


class Terminated(BaseException):
    """SIGTERM arrived. No Exception, so that only `main` catches it."""


_ENDS = {  # for each signal: what it raises, the word that the command prints, the exit code
    signal.SIGINT: (KeyboardInterrupt, "interrupted", ExitCode.INTERRUPTED),
    signal.SIGTERM: (Terminated, "terminated", ExitCode.TERMINATED),
}


def obey_signals() -> None:
    """Make the signals raise KeyboardInterrupt or Terminated in the main thread, once: cleaning up
    takes seconds at most. Where SIGINT is ignored, as under nohup, it stays so."""
    handled = threading.Event()
    for number, (exception, _, _) in _ENDS.items():
        if number != signal.SIGINT or signal.getsignal(number) is signal.default_int_handler:
            signal.signal(number, _raising(exception, handled))
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reader, handled), daemon=True).start()


def _raising(exception: type[BaseException], handled: threading.Event) -> Any:
    def handle(*_: Any) -> None:
        handled.set()
        for number in _ENDS:
            signal.signal(number, signal.SIG_IGN)
        raise exception

    return handle


def _watch(reader: int, handled: threading.Event) -> None:
    """End the process where the main thread does not handle a signal within PATIENCE, or where it
    has not ended CLEANING after that: a thread that it waits for may wait for a deaf process."""
    while True:
        for number in os.read(reader, 64):
            if number in _ENDS:
                if handled.wait(PATIENCE):
                    time.sleep(CLEANING)
                _, word, code = _ENDS[signal.Signals(number)]
                with contextlib.suppress(OSError):
                    os.write(2, f"{word}\n".encode())
                clear()
                os._exit(code)
