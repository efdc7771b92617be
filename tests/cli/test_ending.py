"""A signal ends the command, also while the main thread is deaf to it."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.support.fake import alive
from xent_check.cli import main

# Months in one call of C, which lets other threads run: nothing in Python can interrupt it.
DEAF = "import hashlib; hashlib.pbkdf2_hmac('sha256', b'', b'', 2**31 - 1)"
# It outlives its parent by itself. Its id is told when the main thread has long been in that call.
CHILD = """
import subprocess, sys, threading
sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
child = subprocess.Popen(sleep, stdout=-3, stderr=-3)
threading.Timer(1, lambda: print(child.pid, flush=True)).start()
"""
START = """
from xent_check.cli.ending import Terminated, obey_signals
from xent_check.workers.leftovers import FOLDERS
obey_signals()
"""


def started(text: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", START + text], stdout=-1, stderr=-1, text=True)


@pytest.mark.long
@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")],
)
def test_a_signal_ends_a_process_whose_main_thread_is_deaf(
    number: signal.Signals, code: int, word: str
) -> None:
    """Nothing that it started is left: no process, no folder."""
    folder = tempfile.mkdtemp()
    (Path(folder) / "large.bin").write_bytes(b"numbers")
    process = started(f"FOLDERS.add({folder!r})\n{CHILD}\n{DEAF}")
    assert process.stdout is not None
    child = int(process.stdout.readline())
    try:
        process.send_signal(number)
        _, told = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, told) == (code, f"{word}\n")
    assert not Path(folder).exists()
    for _ in range(100):  # its parent is gone: init takes it when it gets to it
        if not alive(child):
            break
        time.sleep(0.1)
    assert not alive(child)


def test_a_main_thread_that_hears_ends_by_itself() -> None:
    """For as long as cleaning up may take, the thread that watches leaves it alone."""
    text = """
import threading, time
from xent_check.cli.ending import PATIENCE
try:
    print("ready", flush=True)
    threading.Event().wait()
except Terminated:
    time.sleep(1.5 * PATIENCE)
    print("cleaned up")
"""
    process = started(text)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "cleaned up\n")


def test_a_main_thread_that_hears_and_never_ends_is_ended() -> None:
    text = """
import threading
from xent_check.cli import ending
ending.CLEANING = 0.2
try:
    print("ready", flush=True)
    threading.Event().wait()
except Terminated:
    threading.Event().wait()
"""
    process = started(text)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    try:
        _, said = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (process.returncode, said) == (143, "terminated\n")


def test_an_ignored_interrupt_stays_ignored() -> None:
    text = "import os, signal; os.kill(os.getpid(), signal.SIGINT); print('on')"
    process = subprocess.Popen(
        [sys.executable, "-c", f"import signal; signal.signal(2, signal.SIG_IGN)\n{START}\n{text}"],
        stdout=-1,
        text=True,
    )
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "on\n")


def test_a_signal_at_the_start_ends_it_in_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """While the command gets ready for signals, one may come."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("xent_check.cli.obey_signals", interrupted)
    with pytest.raises(BaseException) as ended:  # noqa: PT011 (an interrupt would end pytest)
        main()
    assert isinstance(ended.value, SystemExit)
    assert (ended.value.code, capsys.readouterr().err) == (130, "interrupted\n")
