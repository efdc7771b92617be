"""A run on a Dask cluster on this machine. Skipped without dask.distributed."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import completed
from tests.support.dask_cluster import (
    Scheduler,
    on_one_worker,
    restarted,
    two_workers,
    worker_pids,
)
from tests.support.fake import CASES, fake
from xent_check.errors import ExitCode, UserError
from xent_check.history.plain_values import to_plain
from xent_check.implementations.names import parse
from xent_check.problem.evaluation import Evaluation
from xent_check.results.report import Report
from xent_check.running import node
from xent_check.running.cluster import ClusterError
from xent_check.running.session import check
from xent_check.running.settings import Settings

pytestmark = pytest.mark.long

SLOW = fake("own", "slow_losses")
RIGHT, WRONG = fake("answering", "right"), fake("answering", "off_by_a_bit")
FORMATS = {"json": "a.json", "junit": "a.xml", "html": "a.html", "markdown": "a.md"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with two_workers() as cluster:
        yield cluster


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XENT_CHECK_CACHE", str(tmp_path / "cache"))


def settings(**fields: Any) -> Settings:
    """The cases of known behaviour, for NumPy's implementations and two of a user."""
    chosen = tuple(map(parse, ("stable", "manual", RIGHT, WRONG)))
    return Settings(("corpus:behaviour", "corpus:options"), chosen=chosen, **fields)


def outcomes(report: Report) -> list[str]:
    """Every result to the bit, but for times."""
    return [
        json.dumps(
            [r.case.id, r.implementation, r.status, r.reason, r.notes, timeless(r.evaluation)]
        )
        for r in report.results
    ]


def timeless(evaluation: Evaluation | None) -> Any:
    """An answer as plain values, without how long it took."""
    plain = to_plain(evaluation)
    for fields in plain.values() if isinstance(plain, dict) else ():
        fields |= dict.fromkeys(fields.keys() & {"seconds", "waited"})
    return plain


def unheard(*_: object) -> None:
    """Nobody is told."""


def test_a_run_gives_the_same_to_the_bit_though_a_worker_is_killed(cluster: Any) -> None:
    here = check(settings(), unheard)
    killed = 0

    def progress(count: int, *_: object) -> None:
        nonlocal killed
        if count > 40 and not killed:
            killed = worker_pids(cluster.scheduler_address)[0]
            os.kill(killed, signal.SIGKILL)

    there = check(settings(scheduler=cluster.scheduler_address), progress)
    assert killed
    assert outcomes(there) == outcomes(here)
    assert there.hosts == here.hosts
    assert there.warnings == here.warnings


def test_every_report_of_a_run_is_that_of_a_local_one(tmp_path: Path, cluster: Any) -> None:
    texts = []
    for where in ((), ("--scheduler", cluster.scheduler_address)):
        reports = [f"--report={name}={file}" for name, file in FORMATS.items()]
        who = ("-i", "stable", "-i", WRONG)
        done = completed(
            tmp_path, "run", "corpus:behaviour", *who, *reports, "--report", "table", *where
        )
        assert done.returncode == 1, done.stderr
        files = [tmp_path / file for file in FORMATS.values()]
        texts.append([done.stderr, *map(dateless, [done.stdout, *map(Path.read_text, files)])])
    assert texts[0] == texts[1]


def dateless(text: str) -> str:
    """The words of a report, without what tells when, how long and by which command: lines break
    where a time is longer."""
    if text.startswith("{"):
        report = json.loads(text)
        report["summary"]["seconds"] = report["origin"] = None
        for result in report["results"]:
            result["seconds"] = None
        return json.dumps(report)
    text = re.sub(r" --scheduler tcp://[\d.:]+", "", text)
    text = re.sub(r'(time|timestamp)="[^"]*"', "", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?Z?", "", text)
    return " ".join(re.sub(r"\b\d[\d.e-]* m?s\b", "", text).split())


def restarting(tmp_path: Path) -> Settings:
    """A few cases, one implementation of which is asked while a scheduler is killed."""
    cases = tmp_path / "cases.yaml"
    cases.write_text(CASES)
    chosen = (parse("stable"), parse(SLOW))
    return replace(settings(resume=True), paths=(str(cases),), chosen=chosen)


def test_a_run_goes_on_where_its_scheduler_is_killed_and_started_again(tmp_path: Path) -> None:
    asked = restarting(tmp_path)
    whole = check(asked, unheard)
    with Scheduler(workers=2) as scheduler:
        again = False

        def progress(*_: object) -> None:
            nonlocal again
            if not again:
                again = True
                scheduler.kill()
                scheduler.start()

        there = check(replace(asked, scheduler=scheduler.address), progress)
    assert again
    assert outcomes(there) == outcomes(whole)
    assert there.warnings == whole.warnings


def test_a_run_goes_on_where_its_scheduler_is_told_to_restart(cluster: Any) -> None:
    here = check(settings(), unheard)

    def progress(count: int, *_: object) -> None:
        if count == 40:
            restarted(cluster.scheduler_address)

    there = check(settings(scheduler=cluster.scheduler_address), progress)
    assert outcomes(there) == outcomes(here)


def test_a_scheduler_that_does_not_come_back_ends_the_run_which_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xent_check.running.cluster.BACK", 1.0)
    asked = restarting(tmp_path)
    whole = check(asked, unheard)
    with Scheduler() as scheduler:
        asked = replace(asked, scheduler=scheduler.address)
        message = "it ended, and was not there again within 1 s; go on with --resume"
        with pytest.raises(ClusterError, match=message) as ended:
            check(asked, lambda *_: scheduler.kill())
        assert ended.value.exit_code == ExitCode.FAILED
        scheduler.start()
        said: list[str] = []
        again = check(asked, unheard, say=said.append)
    assert re.fullmatch(r"going on after \d answers? of an earlier run", said[0])
    assert outcomes(again) == outcomes(whole)


def test_a_cluster_whose_last_worker_is_gone_ends_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("xent_check.running.cluster.PATIENCE", 1.0)
    monkeypatch.setattr("xent_check.running.cluster._LOOK", 0.5)
    with Scheduler() as scheduler:

        def progress(count: int, *_: object) -> None:
            if count == 40:
                scheduler.kill_worker()

        with pytest.raises(ClusterError, match="it has had no worker for 1 s; go on with --resume"):
            check(settings(scheduler=scheduler.address), progress)


def test_what_one_worker_lacks_is_an_error_that_names_it() -> None:
    with two_workers() as cluster:
        address = cluster.scheduler_address
        worker = on_one_worker(
            address, setattr, node, "why_missing", partial(str.format, "no {0.name}")
        )
        with pytest.raises(UserError, match=rf"worker {re.escape(worker)}: stable: no stable"):
            check(settings(scheduler=address), unheard)


def test_a_worker_of_another_release_is_refused_at_the_start_and_where_it_comes_later() -> None:
    with two_workers() as cluster:
        address = cluster.scheduler_address

        def progress(count: int, *_: object) -> None:
            if count == 1:
                on_one_worker(address, setattr, node, "__version__", "0.0.1")

        for told in (progress, unheard):
            with pytest.raises(UserError, match=r"worker tcp:\S+: it has xent-check 0\.0\.1, here"):
                check(settings(scheduler=address), told)


def test_a_file_that_the_workers_do_not_have_is_refused() -> None:
    with two_workers() as cluster:
        absent = partial(str.format, "")
        worker = on_one_worker(cluster.scheduler_address, setattr, node, "source_digest", absent)
        message = rf"worker {re.escape(worker)}: it has no file of \S+answering\.py:right, looking"
        with pytest.raises(UserError, match=message):
            check(settings(scheduler=cluster.scheduler_address), unheard)


def test_a_path_below_the_folder_of_the_run_is_one_where_the_workers_have_it(
    tmp_path: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.py").write_text(Path(RIGHT.partition(":")[0]).read_text())
    (tmp_path / "cases.yaml").write_text(CASES)
    monkeypatch.chdir(tmp_path)
    asked = settings(scheduler=cluster.scheduler_address)
    asked = replace(asked, paths=("cases.yaml",), chosen=(parse("mine.py:right"),))
    assert check(asked, unheard).exit_code == ExitCode.AGREES


def test_an_edited_loss_is_asked_anew_by_the_same_cluster(tmp_path: Path, cluster: Any) -> None:
    file, cases = tmp_path / "mine.py", tmp_path / "cases.yaml"
    cases.write_text(CASES)
    asked = replace(settings(scheduler=cluster.scheduler_address), paths=(str(cases),))
    statuses = []
    for name in ("right", "off_by_a_bit"):
        text = Path(RIGHT.partition(":")[0]).read_text()
        file.write_text(f"{text}\n\nmine = {name}\n")
        report = check(replace(asked, chosen=(parse(f"{file}:mine"),)), unheard)
        statuses.append(report.exit_code)
    assert statuses == [ExitCode.AGREES, ExitCode.DIVERGES]


@pytest.mark.parametrize("option", [("--watch",), ("--durations", "3"), ("-j", "2")])
def test_an_option_about_this_machine_is_refused(tmp_path: Path, option: tuple[str, ...]) -> None:
    done = completed(tmp_path, "run", "corpus:", "--scheduler", "tcp://127.0.0.1:9", *option)
    assert done.returncode == 2
    assert f"{option[0]} and --scheduler: " in done.stderr


CHUNKED = """\
defaults:
  {loss: sparse_categorical, reduction: [mean, sum], check: [value, gradient], tolerance: auto}
cases:
  - {name: small, logits: [[1, 2, 3]], labels: [0]}
  - name: large
    logits: {random: normal, shape: [600, 50], scale: 3}
    labels: {random: integers, low: 0, high: 50, shape: [600]}
  - name: hidden
    hidden: {random: normal, shape: [90, 8]}
    weight: {random: normal, shape: [20, 8], seed: 1}
    labels: {random: integers, low: 0, high: 20, shape: [90]}
"""


def in_chunks(tmp_path: Path, **fields: Any) -> Settings:
    """Cases in chunks of ten rows, for NumPy's implementations, a loss that is wrong and one that
    fails."""
    file = tmp_path / "cases.yaml"
    file.write_text(CHUNKED)
    names = ("stable", "manual", WRONG, fake("failing", "raises"))
    return replace(
        settings(chunk=10, **fields), paths=(str(file),), chosen=tuple(map(parse, names))
    )


def test_cases_in_chunks_are_those_of_this_machine_a_worker_killed_meanwhile(
    tmp_path: Path, cluster: Any
) -> None:
    here = check(in_chunks(tmp_path), unheard)
    assert any("asked in 60 chunks of 10 rows at most" in note for note in notes_of(here))
    killed = 0

    def told(case: str, rows: int, of: int) -> None:
        nonlocal killed
        if not killed and rows >= 50:
            killed = worker_pids(cluster.scheduler_address)[0]
            os.kill(killed, signal.SIGKILL)

    there = check(in_chunks(tmp_path, scheduler=cluster.scheduler_address), unheard, told=told)
    assert killed
    assert outcomes(there) == outcomes(here)
    assert parts_of(there) == parts_of(here)
    assert there.warnings == here.warnings


def test_cases_in_chunks_go_on_through_a_restart_and_resume(tmp_path: Path) -> None:
    whole = check(in_chunks(tmp_path), unheard)
    with Scheduler(workers=2) as scheduler:
        asked = in_chunks(tmp_path, scheduler=scheduler.address, resume=True)
        again = False

        def restart(case: str, rows: int, of: int) -> None:
            nonlocal again
            if not again:
                again = True
                scheduler.kill()
                scheduler.start()
            if case.endswith("large") and rows >= 300:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            check(asked, unheard, told=restart)
        said: list[str] = []
        there = check(asked, unheard, say=said.append)
    assert again
    assert int(said[0].split()[3]) >= 90  # thirty chunks of three, and what was ahead of its turn
    assert outcomes(there) == outcomes(whole)
    assert parts_of(there) == parts_of(whole)


def notes_of(report: Report) -> list[str]:
    return [note for r in report.results for note in r.notes]


def parts_of(report: Report) -> list[Any]:
    """Every comparison and exact loss to the bit."""
    return [[to_plain(r.comparison), to_plain(r.reference.losses)] for r in report.results]
