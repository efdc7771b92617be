"""What runs in a worker of a cluster, and how a run is cut into tasks; without a cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.fake import LOSSES, PROBLEM, fake
from xent_check.casefile.in_memory import case_in_memory
from xent_check.history.machine import Machine, elsewhere, joined
from xent_check.history.plain_values import from_plain
from xent_check.implementations.declaration import Declaration
from xent_check.implementations.names import of_plain, parse
from xent_check.problem.evaluation import Failed
from xent_check.running import node
from xent_check.running.asking import Requests
from xent_check.running.chunk_task import ChunkTask, findings_of
from xent_check.running.cluster_pool import ClusterPool, _tasks, answers_of
from xent_check.running.jobs import Job
from xent_check.running.node import difference, facts
from xent_check.search.sweeping.cluster import found_in
from xent_check.search.sweeping.domain import Domain
from xent_check.workers.pool import Pool, worker_name
from xent_check.workers.wire import encode_problem

PLAIN = encode_problem(PROBLEM, None)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool[Any]]:
    with node._Pool("worker A") as pool:
        yield pool


def asked(*names: str) -> list[Any]:
    return [(parse(name).plain, PLAIN) for name in names]


@pytest.mark.parametrize("name", ["stable", "torch:compile@cuda", f"numpy={fake('own', 'x')}"])
def test_an_implementation_is_the_same_from_its_plain_values(name: str) -> None:
    i = parse(name).said(Declaration(loss=("binary",), set=(("k", 1),)))
    assert of_plain(i.plain) == i


def test_answers_are_those_of_the_problem_in_the_order_asked(pool: Pool[Any]) -> None:
    first, second = answers_of(pool, asked("manual", "stable"), 60.0)["answers"]
    for answer in (first, second):
        losses = from_plain(answer).losses
        np.testing.assert_allclose(losses, LOSSES, rtol=1e-6)
        assert losses.dtype == np.float32
    assert from_plain(first).call != from_plain(second).call


def test_what_is_of_the_place_names_the_worker_and_what_is_of_the_problem_does_not(
    pool: Pool[Any],
) -> None:
    missing, raising = (
        answers_of(pool, asked(name), 60.0)["answers"][0]
        for name in (fake("no_such_file", "loss"), fake("failing", "raises"))
    )
    assert isinstance(from_plain(missing), Failed)
    assert from_plain(missing).message.endswith("(on worker A)")
    assert "worker A" not in from_plain(raising).message


def test_facts_of_the_same_machine_are_not_different() -> None:
    plain = [parse(name).plain for name in ("stable", fake("own", "any_axes"))]
    assert difference(facts(plain, os.getcwd()), facts(plain, "/no/such/folder")) == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"xent_check": "0.0.1"}, "it has xent-check 0.0.1, here is "),
        ({"missing": "a not installed: pip"}, "loss.py:f: a not installed: pip"),
        ({"release": "1.0"}, "it has loss.py:f 1.0, here is 2.0"),
        ({"file": "other"}, "it has another file of loss.py:f, looking from /there; "),
        ({"file": ""}, "it has no file of loss.py:f, looking from /there; "),
    ],
)
def test_what_a_worker_has_in_another_release_is_said(change: dict[str, str], said: str) -> None:
    own = {"missing": "", "release": "2.0", "file": "digest"}
    here = {"xent_check": "1", "implementations": {"loss.py:f": own}, "folder": "/here"}
    there: dict[str, Any] = {**here, "folder": "/there"}
    if "xent_check" in change:
        there |= change
    else:
        there["implementations"] = {"loss.py:f": {**own, **change}}
    assert difference(here, there).startswith(said)


def test_the_file_of_a_loss_is_that_below_the_folder_of_the_run(tmp_path: Path) -> None:
    plain = [parse("mine.py:f").plain]
    before = facts(plain, str(tmp_path))
    (tmp_path / "mine.py").write_text("f = 1")
    after = facts(plain, str(tmp_path))
    assert before["implementations"]["mine.py:f"]["file"] == ""
    assert after["implementations"]["mine.py:f"]["file"] != ""


def test_processes_start_with_the_variables_and_in_the_folder_of_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    before = os.getcwd()
    with node._as_there({"XLA_FLAGS": "--a"}, str(tmp_path)):
        assert os.getcwd() == str(tmp_path)
        assert "OMP_NUM_THREADS" not in os.environ
        assert os.environ["XLA_FLAGS"] == "--a"
    assert (os.getcwd(), os.environ["OMP_NUM_THREADS"]) == (before, "1")
    assert "XLA_FLAGS" not in os.environ


def test_the_processes_of_a_run_end_once_nobody_asks_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(node, "_POOLS", {})
    with node._processes("run", "worker A") as pool:
        node._end(node.IDLE)
        assert node._POOLS["run"].pool is pool
    node._end(0.0)
    assert not node._POOLS
    assert not Path(pool.folder.name).exists()


def requests(shapes: list[int], names: list[str]) -> Requests:
    """Problems of so many classes each, for these."""
    made = []
    for classes in shapes:
        posed = case_in_memory(
            {"loss": "sparse_categorical", "logits": [[0.0] * classes], "labels": [0]}
        )
        message = encode_problem(posed.problem, None)
        made += [(i, (job := Job(posed, i, message)), job.request) for i in map(parse, names)]
    return made


def test_a_task_has_problems_of_one_framework_those_of_a_shape_together() -> None:
    every = requests([2, 3] * 30, ["stable", "torch"])
    tasks = list(_tasks(every))
    assert sorted(id(job) for task in tasks for _, job, _ in task) == sorted(
        id(job) for _, job, _ in every
    )
    assert [len(task) for task in tasks] == [32, 32, 28, 28]
    for task in tasks:
        assert len({i for i, _, _ in task}) == 1
        classes = [job.posed.problem.num_classes for _, job, _ in task]
        assert classes == sorted(classes)


def test_machines_are_named_where_one_is_another() -> None:
    here, other = Machine(processor="A"), Machine(processor="B")
    assert elsewhere((here,), here) == ""
    assert elsewhere((other,), here).startswith("computed on another machine than this; ")
    assert elsewhere((here, other), here).endswith(": A; B")
    assert joined((other,)) == other
    assert joined((here, other)).line == "A; B"


class Recorded:
    """In place of a cluster: what it is handed."""

    workers = ("a", "b")

    def __init__(self) -> None:
        self.arguments: tuple[Any, ...] = ()

    def submit(self, function: Any, *arguments: Any, where: Any) -> object:
        self.arguments = (function, *arguments)
        return object()


def test_what_goes_there_and_comes_back_is_a_function_of_ours_and_plain_values(
    pool: Pool[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Recorded()
    monkeypatch.setattr(ClusterPool, "__init__", lambda self: None)
    asking = ClusterPool()  # type: ignore[call-arg]
    asking._cluster, asking._timeout = cluster, 60.0  # type: ignore[assignment]
    own = parse(fake("answering", "right")).said(Declaration(returns="losses"))
    asking._names = ["custom", worker_name(own)]
    posed = case_in_memory({"loss": "sparse_categorical", "logits": [[0.0, 1.0]], "labels": [0]})
    job = Job(posed, own, encode_problem(posed.problem, None))
    asking._submitted([(own, job, job.request)])
    function, *arguments = cluster.arguments
    assert function is answers_of
    assert is_plain(arguments)
    assert is_plain(answers_of(pool, *arguments))
    assert is_plain(facts([own.plain], "/"))
    domain = Domain("binary", "logits", "float16", 1, 1.0, 1.5)
    found = found_in(pool, asdict(domain), 0, 10, [parse("stable").plain], 60.0)
    assert is_plain([asdict(domain), found])
    chunk = ChunkTask(0, posed, (slice(0, 1),), [own], strict=False)
    assert is_plain(chunk.plain)
    assert is_plain(findings_of(pool, *chunk.plain, 60.0))


def is_plain(value: Any) -> bool:
    """Whether it is of Python's own texts, numbers and bytes, and of lists and mappings of them."""
    if type(value) in (list, tuple):
        return all(map(is_plain, value))
    if type(value) is dict:
        return all(map(is_plain, (*value, *value.values())))
    return value is None or type(value) in (str, int, float, bool, bytes)
