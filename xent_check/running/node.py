"""Node: what runs in a worker of a Dask cluster, which is called a node here.

A node has a pool of frameworks' processes for each run that asks it, so that a framework starts
once, and a run that was edited since meets no process of an earlier one. It ends them where nobody
asked for a while: the run may have ended, or died.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from xent_check import __version__
from xent_check.errors import UserError
from xent_check.history.machine import this_machine
from xent_check.implementations.names import Implementation, of_plain, why_missing
from xent_check.implementations.table import CHOOSING_CODE
from xent_check.problem.evaluation import Evaluation, Failed, Missing
from xent_check.workers.pool import Pool

from .resuming import source_digest

Plain = dict[str, Any]  # texts, numbers, bytes, and lists and mappings of these
IDLE = 120.0  # seconds, after which the processes of a run end

_LOCK = threading.Lock()  # of a node's threads one asks its processes at a time
_POOLS: dict[str, _Kept] = {}


@dataclass(eq=False)
class _Kept:
    """The processes of a run."""

    pool: _Pool
    used: float = field(default_factory=time.monotonic)
    """when they were last asked"""


class _Pool(Pool[Any]):
    """A pool whose answers name the node, where they are of the place and not of the problem."""

    def __init__(self, node: str) -> None:
        super().__init__((), None, keep=True)
        self._node = node

    def answers(self) -> Iterator[tuple[Any, Evaluation]]:
        """As of Pool."""
        for tag, answer in super().answers():
            if isinstance(answer, Missing):
                answer = Missing(f"{answer.reason} (on {self._node})")
            elif isinstance(answer, Failed) and answer.kind in ("import", "timeout"):
                answer = replace(answer, message=f"{answer.message} (on {self._node})")
            yield tag, answer


def facts(asked: Sequence[Plain], folder: str) -> Plain:
    """What has to be the same wherever an answer comes from: the release of xent-check and, by
    name, that of each implementation; of the user's own the file that it stands in, too. And what
    was asked for; and the machine and the working folder, which are told.

    folder: that of the run, for where there is one of that name.
    """
    folder = folder if os.path.isdir(folder) else os.getcwd()
    return {
        "asked": list(asked),
        "xent_check": __version__,
        "implementations": {i.name: _release(i, Path(folder)) for i in map(of_plain, asked)},
        "machine": _machine(),
        "folder": folder,
    }


@cache
def _machine() -> Plain:
    return this_machine().plain()


def _release(i: Implementation, folder: Path) -> Plain:
    file = source_digest(i.function, folder) if i.function else ""
    release = f"{i.version} {i.declared}".strip()
    return {"missing": why_missing(i) or "", "release": release, "file": file}


def task(
    run: str, expected: Plain, function: Callable[..., Any], arguments: Sequence[Any]
) -> tuple[str, Plain, Any]:
    """The node's name, its machine, and what a function gives that asks the processes of a run.
    UserError where the node has not what is expected of it.

    expected: the facts of the machine that the run is of, with what was asked for. function: of
    ours; it is given the pool, and arguments that are plain values.
    """
    node, here = f"worker {_address()}", facts(expected["asked"], expected["folder"])
    if why := difference(expected, here):
        raise UserError(f"{node}: {why}")
    variables = expected["machine"]["variables"]
    with _LOCK, _as_there(variables, here["folder"]), _processes(run, node) as pool:
        return node, {**here["machine"], "variables": variables}, function(pool, *arguments)


def _address() -> str:
    from distributed import get_worker

    address: str = get_worker().address
    return address


@contextlib.contextmanager
def _as_there(variables: Mapping[str, str], folder: str) -> Iterator[None]:
    """What processes that start here have as on the run's machine: the folder, and the variables
    that choose a library's code. Dask gives its workers one thread of OpenMP's, and sums in other
    parts have other last bits."""
    ours = {name: os.environ.pop(name) for name in CHOOSING_CODE if name in os.environ}
    with contextlib.chdir(folder):
        os.environ.update(variables)
        try:
            yield
        finally:
            for name in variables:
                del os.environ[name]
            os.environ.update(ours)


@contextlib.contextmanager
def _processes(run: str, node: str) -> Iterator[Pool[Any]]:
    """The processes of a run, for who has the lock."""
    if run not in _POOLS:
        _POOLS[run] = _Kept(_Pool(node))
        atexit.register(_end, 0.0)
    try:
        yield _POOLS[run].pool
    finally:
        _POOLS[run].used = time.monotonic()
        timer = threading.Timer(IDLE + 1, _end_idle)
        timer.daemon = True
        timer.start()


def _end_idle() -> None:
    with _LOCK:
        _end(IDLE)


def _end(idle: float) -> None:
    """End the processes that nobody has asked for so many seconds."""
    for run, kept in [*_POOLS.items()]:
        if time.monotonic() - kept.used >= idle:
            _POOLS.pop(run).pool.__exit__()


def difference(here: Mapping[str, Any], there: Mapping[str, Any]) -> str:
    """What a node lacks of the facts here, in words; "" where nothing."""
    if there["xent_check"] != here["xent_check"]:
        return f"it has xent-check {there['xent_check']}, here is {here['xent_check']}"
    for name, release in here["implementations"].items():
        other = there["implementations"][name]
        if other["missing"]:
            return f"{name}: {other['missing']}"
        if release["file"] != other["file"]:
            has = "another file of" if other["file"] else "no file of"
            return (
                f"it has {has} {name}, looking from {there['folder']}; "
                "give it the same file there, or at an absolute path that you name"
            )
        if release["release"] != other["release"]:
            return f"it has {name} {other['release']}, here is {release['release']}"
    return ""
