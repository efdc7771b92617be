"""Dask clusters on this machine. Who imports this is skipped without dask.distributed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pytest

# Where XENT_CHECK_FURTHER names it, as in .ci/run, it is there, or the import fails.
_ASKED = "distributed" in os.environ.get("XENT_CHECK_FURTHER", "").split(",")
distributed = import_module("distributed") if _ASKED else pytest.importorskip("distributed")


@contextmanager
def two_workers() -> Iterator[Any]:
    """A cluster of two workers, each a process that is started anew where it dies."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
    ) as cluster:
        yield cluster


def worker_pids(address: str) -> list[int]:
    """The processes of the workers themselves, not of those that look after them."""
    with distributed.Client(address, set_as_default=False) as client:
        pids: dict[str, int] = client.run(os.getpid)
        return list(pids.values())


def on_one_worker(address: str, function: Any, *arguments: Any) -> str:
    """The address of a worker, after a function was called in its process."""
    with distributed.Client(address, set_as_default=False) as client:
        worker = str(min(client.nthreads()))
        client.run(function, *arguments, workers=[worker])
        return worker


def restarted(address: str) -> None:
    """Have the scheduler forget all that it was asked, and its workers start anew."""
    with distributed.Client(address, set_as_default=False) as client:
        client.restart(timeout=60)


class Scheduler:
    """A scheduler and some workers, processes that nobody starts anew."""

    def __init__(self, workers: int = 1) -> None:
        self._workers = workers
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        port = self.address.rpartition(":")[2]
        many = ("--nthreads", "1", "--nworkers", str(workers))
        self._arguments = (
            ("dask_scheduler", "--port", port, "--no-dashboard"),
            ("dask_worker", self.address, *many, "--no-dashboard"),
        )
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """All, at the same address as before; the workers are there on return."""
        for name, *words in self._arguments:
            line = [sys.executable, "-m", f"distributed.cli.{name}", *words]
            quiet = subprocess.DEVNULL
            self._processes.append(subprocess.Popen(line, stdout=quiet, stderr=quiet))
        with distributed.Client(self.address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(self._workers, timeout=60)

    def kill(self) -> None:
        """All, by SIGKILL."""
        while self._processes:
            process = self._processes.pop()
            process.kill()
            process.wait()

    def kill_worker(self) -> None:
        """The workers, and what looks after them, alone."""
        process = self._processes.pop()
        process.kill()
        process.wait()

    def __enter__(self) -> Scheduler:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
