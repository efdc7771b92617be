"""Killing `accept` at any moment leaves the old baseline or the new one, never half.

A process that has everything loaded forks one for each kill, so that the kills fall on the command
itself and not on Python's imports.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.command import xent_check

pytestmark = pytest.mark.long

KILLS = 200
FROM_NOTHING = 4  # kills of a command started by itself
CASES = "\n".join(
    [
        "defaults: {loss: sparse_categorical, labels: [0, 1]}",
        "cases:",
        *(f"  - {{name: c{i}, logits: [[{i}.5, 1.0], [0.25, 2.0]]}}" for i in range(100)),
    ]
)
ACCEPT = ("accept", "--results", "run.json", "--baseline", "base.json")
FORKING = """
import os, sys
import xent_check.history.baseline_file, xent_check.history.gate, xent_check.history.saved.read
import xent_check.cli.accept_command
from xent_check.cli import main
for line in sys.stdin:
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.argv = ["xent-check", *line.split()]
        try: main()
        finally: os._exit(0)
    print(child, flush=True)
    sys.stdin.readline()
    os.waitpid(child, 0)  # not before: its number stays its own until it was killed
    print("over", flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a saved run and a baseline of an earlier one."""
    (tmp_path / "c.yaml").write_text(CASES)
    done = xent_check(tmp_path, "run", "c.yaml", "-i", "stable", "--report", "json=run.json")
    assert done.code == 0
    assert xent_check(tmp_path, *ACCEPT).code == 0
    return tmp_path


def test_a_kill_at_any_moment_leaves_the_old_file_or_the_new(folder: Path) -> None:
    file = folder / "base.json"
    new = file.read_bytes()
    old = new.replace(b'"status": "agrees"', b'"status": "known"')
    assert old != new
    left = {old: 0, new: 0}
    dice = random.Random(0)
    with subprocess.Popen(
        [sys.executable, "-c", FORKING],
        cwd=folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as forking:  # fmt: skip
        assert forking.stdin is not None
        assert forking.stdout is not None
        takes = 0.0  # seconds; a busy machine changes it from kill to kill
        for kill in range(KILLS + 1):
            file.write_bytes(old)
            forking.stdin.write(" ".join(ACCEPT) + "\n")
            forking.stdin.flush()
            child = int(forking.stdout.readline())
            start = time.perf_counter()
            if kill:  # the first tells how long it takes
                time.sleep(dice.uniform(0, 2 * takes))
                os.kill(child, signal.SIGKILL)
            forking.stdin.write("\n")
            forking.stdin.flush()
            assert forking.stdout.readline() == "over\n"
            takes = takes or time.perf_counter() - start
            found = file.read_bytes()
            assert found in left, f"half a baseline of {len(found)} bytes"
            left[found] += 1
            takes *= 1.1 if found == old else 0.9
        forking.stdin.close()
    # Kills that all came too early, or too late, would have shown nothing.
    assert min(left.values()) > KILLS / 20, left
    json.loads(file.read_bytes())


DYING = """
import os, pathlib, signal, sys

def die(): os.kill(os.getpid(), signal.SIGKILL)

def half(self, text, **options):
    with open(self, "w") as out:
        out.write(text[:len(text) // 2])
    die()

if STEP == "writing": pathlib.Path.write_text = half
else: pathlib.Path.replace = lambda *_: die()
from xent_check.cli import main
main()
"""


@pytest.mark.parametrize("step", ["writing", "replacing"])
def test_a_death_half_way_leaves_the_old_file(folder: Path, step: str) -> None:
    file = folder / "base.json"
    old = file.read_bytes().replace(b'"status": "agrees"', b'"status": "known"')
    file.write_bytes(old)
    code = DYING.replace("STEP", repr(step))
    done = subprocess.run([sys.executable, "-c", code, *ACCEPT], cwd=folder, capture_output=True)
    assert done.returncode == -signal.SIGKILL
    assert file.read_bytes() == old


def test_a_kill_of_the_command_itself(folder: Path) -> None:
    file = folder / "base.json"
    new = file.read_bytes()
    old = new.replace(b'"status": "agrees"', b'"status": "known"')
    for kill in range(FROM_NOTHING):
        file.write_bytes(old)
        command = [sys.executable, "-m", "xent_check", *ACCEPT]
        with subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL) as process:
            time.sleep(0.25 * (kill + 1))
            process.kill()
        assert file.read_bytes() in (old, new)
