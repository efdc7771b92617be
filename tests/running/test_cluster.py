"""What is not answered is sent again where a scheduler is lost. Dask is a fake here, and real in
test_on_cluster."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest

from xent_check.errors import UserError
from xent_check.history.machine import this_machine
from xent_check.implementations.names import parse
from xent_check.running.cluster import Cluster, ClusterError


class CancelledError(Exception):
    """What Dask raises for a future of a scheduler that has forgotten it."""


class ClosedClientError(Exception):
    """What Dask raises where it gave the scheduler up."""


class CommClosedError(OSError):
    """What Dask says of a worker that died while it was asked."""


class KilledWorker(Exception):  # noqa: N818 (Dask's name)
    """What Dask raises for a task that took several workers with it."""


@dataclass(eq=False)
class Future:
    """Done at once; an outcome that is an exception is raised."""

    outcome: Any
    status: str = "finished"

    def result(self) -> Any:
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return "a worker", this_machine().plain(), self.outcome

    def add_done_callback(self, call: Callable[[Future], object]) -> None:
        call(self)

    def release(self) -> None:
        """As Dask's."""


@dataclass(eq=False)
class Dask:
    """Schedulers, one after the other: what becomes of each task that is sent to it."""

    schedulers: list[Callable[[str], Future]]
    sent: list[str] = field(default_factory=list)
    of_another: BaseException = field(default_factory=CommClosedError)
    """what is heard of another worker where all are asked"""

    def client(self, *_: object, **__: object) -> Client:
        if not self.schedulers:
            raise OSError("nobody there")
        return Client(self, self.schedulers.pop(0))


@dataclass(eq=False)
class Client:
    """A connection. Its worker is gone when it is asked for again, so that who waits for what does
    not come is told so."""

    dask: Dask
    answer: Callable[[str], Future]
    status: str = "running"
    workers: list[str] = field(default_factory=lambda: ["a worker"])

    def nthreads(self) -> dict[str, int]:
        return {self.workers.pop(): 1} if self.workers else {}

    def run(self, *_: object, **__: object) -> dict[str, BaseException]:
        return {"another worker": self.dask.of_another}

    def submit(self, *call: Any, **_: object) -> Future:
        name = call[3]  # where the function of a task stands
        self.dask.sent.append(name)
        return self.answer(name)

    def close(self, timeout: float = 0) -> None:
        """As Dask's."""


@pytest.fixture
def dask(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Dask]:
    monkeypatch.setattr("xent_check.running.cluster._LOOK", 0.1)
    monkeypatch.setattr("xent_check.running.cluster.PATIENCE", 0.1)

    def made(*schedulers: Callable[[str], Future]) -> Dask:
        dask = Dask([*schedulers])
        modules = {name: ModuleType(name) for name in ("distributed", "distributed.client")}
        modules["distributed.comm"] = ModuleType("distributed.comm")
        vars(modules["distributed"]).update(
            Client=dask.client, CancelledError=CancelledError, KilledWorker=KilledWorker
        )
        vars(modules["distributed.client"]).update(ClosedClientError=ClosedClientError)
        vars(modules["distributed.comm"]).update(
            get_address_host_port=str, CommClosedError=CommClosedError
        )
        for name, module in modules.items():
            monkeypatch.setitem(sys.modules, name, module)
        return dask

    return made


def works(name: str) -> Future:
    return Future(f"{name} done")


def forgets(*names: str) -> Callable[[str], Future]:
    """A scheduler that ends before it answers these."""
    return lambda n: Future(CancelledError(), "cancelled") if n in names else works(n)


def raises(error: Exception) -> Callable[[str], Future]:
    """A task that raises."""
    return lambda _: Future(error, "error")


def results(cluster: Cluster, *names: Any) -> dict[str, str]:
    tasks = {cluster.submit(name): name for name in names}  # of the fake: names as functions
    return {tasks[task]: result for task, result in (cluster.next_result() for _ in tasks)}


def test_what_a_lost_scheduler_did_not_answer_is_sent_to_the_next_once(dask: Any) -> None:
    asked = dask(forgets("b", "c"), works)
    with Cluster("tcp://a:1") as cluster:
        assert results(cluster, "a", "b", "c") == {n: f"{n} done" for n in "abc"}
    assert asked.sent == ["a", "b", "c", "b", "c"]


def test_a_worker_that_dies_while_it_is_asked_what_it_has_is_no_other_release(dask: Any) -> None:
    asked = dask(works, works)
    with Cluster("tcp://a:1") as cluster:
        cluster.require([parse("stable")])
        assert results(cluster, "a") == {"a": "a done"}
    asked.of_another = ModuleNotFoundError("No module named 'xent_check'")
    message = "worker another worker: it cannot load this release of xent-check"
    with Cluster("tcp://a:1") as cluster, pytest.raises(UserError, match=message):
        cluster.require([parse("stable")])


def test_a_scheduler_that_is_not_there_again_ends_it(dask: Any) -> None:
    dask(forgets("a"))
    message = "tcp://a:1: it ended, and was not there again within 60 s; go on with --resume"
    with Cluster("tcp://a:1") as cluster, pytest.raises(ClusterError, match=message):
        results(cluster, "a")


def test_a_task_that_ends_every_scheduler_is_not_sent_forever(dask: Any) -> None:
    asked = dask(*[forgets("b")] * 9)
    with (
        Cluster("tcp://a:1") as cluster,
        pytest.raises(ClusterError, match="it ended 4 times without an answer between; go on"),
    ):
        results(cluster, "a", "b")
    assert asked.sent == ["a", "b", "b", "b", "b"]


def test_schedulers_that_answer_between_may_be_lost_often(dask: Any) -> None:
    names = "abcdefg"
    dask(*[forgets(*names[n:]) for n in range(1, 8)])
    with Cluster("tcp://a:1") as cluster:
        assert list(results(cluster, *names)) == list(names)


def test_a_client_that_gave_up_meanwhile_connects_anew(dask: Any) -> None:
    """While this machine judged, nothing was in flight."""
    dask(works, works)
    with Cluster("tcp://a:1") as cluster:
        assert results(cluster, "a") == {"a": "a done"}
        cluster._client.status = "closed"
        assert results(cluster, "b") == {"b": "b done"}


@pytest.mark.parametrize("error", [OSError("No space left"), KilledWorker("a died of it")])
def test_an_error_of_a_task_is_no_lost_scheduler(dask: Any, error: Exception) -> None:
    asked = dask(raises(error), works)
    with (
        Cluster("tcp://a:1") as cluster,
        pytest.raises(ClusterError, match=f"tcp://a:1: {error}; go on with --resume"),
    ):
        results(cluster, "a")
    assert asked.sent == ["a"]


def test_what_is_forgotten_is_not_sent_again(dask: Any) -> None:
    asked = dask(forgets("b"), works)
    with Cluster("tcp://a:1") as cluster:
        first, _ = cluster.submit("a"), cluster.submit("b")  # type: ignore[arg-type]
        cluster.forget(first)
        assert cluster.next_result()[1] == "b done"
    assert asked.sent == ["a", "b", "b"]
