"""`run --resume` after a kill, and signals in the middle of a case that is asked in chunks."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Command
from tests.support.fake import PATIENCE, fake, until

LARGE = """\
loss: sparse_categorical
logits: {random: normal, shape: [60, 5], scale: 3}
labels: {cycle: [0, 1, 2, 3, 4], shape: [60]}
reduction: [mean, sum]
"""
BOTH = ("cases.yaml", "large.yaml")  # the three small cases of Command, and a large one
SLOW = fake("own", "slow_losses")
ARGUMENTS = ("-i", "stable", "-i", SLOW, "--chunk", "1", "--report", "json", "--resume")


@pytest.fixture
def command(tmp_path: Path) -> Command:
    command = Command(tmp_path)
    command.environment["XENT_CHECK_CACHE"] = str(tmp_path / "cache")
    (tmp_path / "large.yaml").write_text(LARGE)
    return command


def kept_bytes(command: Command) -> int:
    files = Path(command.environment["XENT_CHECK_CACHE"], "journals").glob("*.jsonl")
    return sum(file.stat().st_size for file in files)


def without_times(out: str) -> Any:
    report = json.loads(out)
    report["summary"]["seconds"] = report["origin"] = None
    for result in report["results"]:
        result["seconds"] = None
    return report


def started(command: Command) -> subprocess.Popen[str]:
    return command.start("large.yaml", *ARGUMENTS)


@pytest.mark.long
def test_a_run_that_is_killed_again_and_again_reports_what_an_undisturbed_one_does(
    command: Command,
) -> None:
    """Each time after a random share of its chunks, and at any moment of a chunk. The temporary
    files of those that were killed are gone with the end."""
    undisturbed, _ = started(command).communicate(timeout=PATIENCE)
    assert kept_bytes(command) == 0
    stream, kills = random.Random(0), 0
    for _ in range(60):
        process = started(command)
        enough = kept_bytes(command) + stream.uniform(0, 40_000)
        while process.poll() is None and kept_bytes(command) < enough:
            time.sleep(0.001)
        process.kill()
        out, _ = process.communicate(timeout=PATIENCE)
        if process.returncode >= 0:
            break
        kills += 1
    assert process.returncode == 0
    assert kills > 2
    assert without_times(out) == without_times(undisturbed)
    assert kept_bytes(command) == 0
    command.assert_nothing_is_left()


@pytest.mark.long
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_case_in_chunks_and_that_case_alone_goes_on(
    number: signal.Signals, code: int, command: Command
) -> None:
    process = started(command)
    assert until(lambda: kept_bytes(command) > 10_000)
    os.kill(process.pid, number)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == code
    command.assert_nothing_is_left()
    file = command.folder / "large.yaml"
    file.write_text(LARGE.replace("scale: 3", "scale: 2"))
    refused = command.run(*ARGUMENTS, paths=BOTH)
    assert refused.returncode == 2
    text = "not the run that ended early: large.yaml::large has changed since; without --resume"
    assert text in refused.stderr
    file.write_text(LARGE)
    done = command.run(*ARGUMENTS, paths=BOTH)
    assert "--resume: going on after " in done.stderr
    assert done.returncode == 0
    assert len(json.loads(done.stdout)["results"]) == 8


def test_resume_without_an_earlier_run_says_so_and_runs_all(command: Command) -> None:
    done = command.run("-i", "stable", "--resume")
    assert done.returncode == 0
    text = "--resume: no unfinished run of these cases is kept for this folder; all of it runs\n"
    assert done.stderr == text
    assert kept_bytes(command) == 0
