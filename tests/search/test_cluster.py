"""A sweep on a Dask cluster: two workers on this machine. Skipped without dask.distributed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from xent_check.errors import UserError
from xent_check.implementations.names import parse
from xent_check.search.sweeping.domain import Domain
from xent_check.search.sweeping.sweep import Plan, sweep

# Where XENT_CHECK_FURTHER names it, as in .ci/run, it is there, or the import fails.
ASKED = "distributed" in os.environ.get("XENT_CHECK_FURTHER", "").split(",")
distributed = import_module("distributed") if ASKED else pytest.importorskip("distributed")
pytestmark = pytest.mark.long


@pytest.fixture
def cluster() -> Any:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        yield cluster


def plan(folder: Path, **fields: Any) -> Plan:
    """Two labels of float16 in small parts, and some of float64, which goes on to the worst."""
    values = tuple(Domain("binary", "logits", "float16", label, -9.0, 9.0) for label in (0, 1))
    wide = Domain("binary", "logits", "float64", 1, 1.0, 2.0, stride=2**43)
    implementations = (parse("stable"), parse("manual"))
    return Plan((*values, wide), implementations, folder / "a.jsonl", values=2000, **fields)


def results(swept: Any) -> list[str]:
    """All bits of what was found, nan among them."""
    return [repr((one.domain, one.implementation.name, one.tally, one.absent)) for one in swept]


def test_a_cluster_gives_the_same_to_the_bit_though_a_worker_is_killed(
    tmp_path: Path, cluster: Any
) -> None:
    here = sweep(plan(tmp_path))
    killed = 0

    def progress(done: int, *_: int) -> None:
        nonlocal killed
        if done > 20_000 and not killed:
            killed = next(iter(worker_pids(cluster)))
            os.kill(killed, signal.SIGKILL)

    there = sweep(plan(tmp_path, scheduler=cluster.scheduler_address), progress)
    assert killed
    assert results(there) == results(here)
    assert not plan(tmp_path).journal.exists()


def worker_pids(cluster: Any) -> list[int]:
    """The processes of the workers themselves, not of those that look after them."""
    with distributed.Client(cluster, set_as_default=False) as client:
        pids: dict[str, int] = client.run(os.getpid)
        return list(pids.values())


def test_a_sweep_of_a_cluster_that_ends_goes_on_here(tmp_path: Path, cluster: Any) -> None:
    whole = sweep(plan(tmp_path / "whole"))

    def progress(done: int, *_: int) -> None:
        if done > 30_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(plan(tmp_path, scheduler=cluster.scheduler_address), progress)
    seen: list[int] = []
    again = sweep(replace(plan(tmp_path), resume=True), lambda done, *_: seen.append(done))
    assert results(again) == results(whole)


def test_a_scheduler_that_dies_ends_the_sweep_and_its_journal_goes_on(tmp_path: Path) -> None:
    whole = sweep(plan(tmp_path / "whole"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    port = address.rpartition(":")[2]
    commands = [
        ("dask_scheduler", "--port", port, "--no-dashboard"),
        ("dask_worker", address, "--nthreads", "1", "--no-dashboard"),
    ]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{name}", *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for name, *words in commands
    ]

    def progress(done: int, *_: int) -> None:
        if done > 20_000:
            processes[0].kill()

    try:
        with distributed.Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(1, timeout=60)
        with pytest.raises(UserError, match="it ended; go on with --resume"):
            sweep(plan(tmp_path, scheduler=address), progress)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert results(sweep(replace(plan(tmp_path), resume=True))) == results(whole)


def test_a_cluster_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^--scheduler tcp:..127\.0\.0\.1:9: "):
        sweep(plan(tmp_path, scheduler="tcp://127.0.0.1:9"))
