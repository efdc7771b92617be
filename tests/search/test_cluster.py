"""A sweep and a fuzz on a Dask cluster on this machine. Skipped without dask.distributed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.dask_cluster import Scheduler, restarted, two_workers, worker_pids
from tests.support.fake import fake
from xent_check.errors import ExitCode, UserError
from xent_check.implementations.names import parse
from xent_check.running.cluster import ClusterError
from xent_check.search.fuzzing import fuzz as fuzzing
from xent_check.search.fuzzing.draw import Scope
from xent_check.search.fuzzing.fuzz import Fuzzed, fuzz
from xent_check.search.sweeping.domain import Domain
from xent_check.search.sweeping.sweep import Plan, sweep

pytestmark = pytest.mark.long


@pytest.fixture
def cluster() -> Iterator[Any]:
    with two_workers() as cluster:
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
            killed = worker_pids(cluster.scheduler_address)[0]
            os.kill(killed, signal.SIGKILL)

    there = sweep(plan(tmp_path, scheduler=cluster.scheduler_address), progress)
    assert killed
    assert results(there) == results(here)
    assert not plan(tmp_path).journal.exists()


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


def test_a_sweep_goes_on_where_its_scheduler_is_killed_and_started_again(tmp_path: Path) -> None:
    whole = sweep(plan(tmp_path / "whole"))
    with Scheduler(workers=2) as scheduler:
        again = 0

        def progress(done: int, *_: int) -> None:
            nonlocal again
            if done > 20_000 * (again + 1) and again < 2:
                again += 1
                scheduler.kill()
                scheduler.start()

        there = sweep(plan(tmp_path, scheduler=scheduler.address), progress)
    assert again == 2
    assert results(there) == results(whole)


def test_a_sweep_goes_on_where_its_scheduler_is_told_to_restart(
    tmp_path: Path, cluster: Any
) -> None:
    whole = sweep(plan(tmp_path / "whole"))
    told = False

    def progress(done: int, *_: int) -> None:
        nonlocal told
        if done > 20_000 and not told:
            told = True
            restarted(cluster.scheduler_address)

    there = sweep(plan(tmp_path, scheduler=cluster.scheduler_address), progress)
    assert told
    assert results(there) == results(whole)


def test_a_scheduler_that_does_not_come_back_ends_the_sweep_and_its_journal_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xent_check.running.cluster.BACK", 1.0)
    whole = sweep(plan(tmp_path / "whole"))
    with Scheduler() as scheduler:

        def progress(done: int, *_: int) -> None:
            if done > 20_000:
                scheduler.kill()

        message = "it ended, and was not there again within 1 s; go on with --resume"
        with pytest.raises(ClusterError, match=message) as ended:
            sweep(plan(tmp_path, scheduler=scheduler.address), progress)
        assert ended.value.exit_code == ExitCode.FAILED
        scheduler.start()
        again = sweep(replace(plan(tmp_path, scheduler=scheduler.address), resume=True))
    assert results(again) == results(whole)


def test_a_cluster_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^--scheduler tcp:..127\.0\.0\.1:9: "):
        sweep(plan(tmp_path, scheduler="tcp://127.0.0.1:9"))


NEGATED = fake("sought", "wrong_far_out")


def fuzz_plan(folder: Path, scheduler: str = "", examples: int = 40) -> fuzzing.Plan:
    """Problems of one loss, for a right one and one that is wrong beyond 1e4."""
    scope = Scope(losses=("sparse_categorical",), options=("label_smoothing",))
    implementations = (parse("stable"), parse(NEGATED))
    return fuzzing.Plan(
        implementations, scope, examples=examples, seed=3, database=folder, scheduler=scheduler
    )


def finds(fuzzed: Fuzzed) -> list[str]:
    return [repr((find.key, find.posed.case.source)) for find in fuzzed.finds]


def test_a_fuzz_finds_the_same_on_a_cluster_though_a_worker_is_killed(
    tmp_path: Path, cluster: Any
) -> None:
    here = fuzz(fuzz_plan(tmp_path / "here"))
    killed = 0

    def progress(examples: int, *_: object) -> None:
        nonlocal killed
        if examples > 10 and not killed:
            killed = worker_pids(cluster.scheduler_address)[0]
            os.kill(killed, signal.SIGKILL)

    there = fuzz(fuzz_plan(tmp_path / "there", cluster.scheduler_address), progress=progress)
    assert killed
    assert finds(there) == finds(here)
    assert finds(here)
    assert (there.examples, there.answers, there.ended) == (here.examples, here.answers, None)


def test_a_fuzz_whose_scheduler_dies_says_so_and_keeps_its_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xent_check.running.cluster.BACK", 1.0)
    with Scheduler() as scheduler:

        def progress(_: int, __: object, finds: int) -> None:
            if finds:
                scheduler.kill()

        fuzzed = fuzz(fuzz_plan(tmp_path, scheduler.address, examples=10_000), progress=progress)
    assert fuzzed.finds
    said = "it ended, and was not there again within 1 s; what was found by then is written"
    assert said in str(fuzzed.ended)
    assert fuzzed.ended is not None
    assert fuzzed.ended.exit_code == ExitCode.FAILED
