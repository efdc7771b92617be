"""Chunks that a cluster takes as a whole, with a made-up cluster and made-up answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from tests.support.answered import HIDDEN, MadeUp, posed, right
from xent_check.casefile.loading import PosedCase
from xent_check.errors import UserError
from xent_check.history.plain_values import from_plain, to_plain
from xent_check.history.run_journal import Heading, RunJournal
from xent_check.implementations.names import parse
from xent_check.problem.evaluation import Evaluation, Failed, Unsupported
from xent_check.problem.problem import Problem
from xent_check.reference.enclosure import Enclosure
from xent_check.results.joining import Finding
from xent_check.results.report import CaseResult
from xent_check.running import chunking, cluster_pool, in_chunks, jobs, judging
from xent_check.running.asking import Asking, KeptAnswers
from xent_check.running.chunk_task import ChunkTask, findings_of
from xent_check.running.chunking import Chunking, require_small_wholes
from xent_check.running.cluster_pool import ClusterPool
from xent_check.running.run import run
from xent_check.workers.pool import Pool

NAMES = ("torch", "jax")
SPARSE = """\
loss: sparse_categorical
logits: {random: normal, shape: [11, 4], scale: 3}
labels: {cycle: [0, 1, 2, 3], shape: [11]}
reduction: [mean, sum]
check: [value, gradient]
"""
AUTO = SPARSE + "tolerance: auto\nsample_weight: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]\n"
RELATIVE = SPARSE.replace("check: [value, gradient]", "check: [gradient]")
RELATIVE += "tolerance: {atol: 0, rtol: 1.0e-5, ulps: 0}\n"


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without explanations, which take most of the time."""
    monkeypatch.setattr(jobs, "why_missing", lambda _: None)
    for module in (judging, in_chunks):
        monkeypatch.setattr(module, "diagnosed", lambda result: result)


class Backwards:
    """In place of a cluster: it takes four chunks at a time, and answers the last one first."""

    def __init__(self, answer: Callable[[Problem], Evaluation]) -> None:
        self._answer = answer
        self.asked: list[tuple[int, list[str]]] = []

    def chunks(
        self, tasks: Iterator[ChunkTask], timeout: float
    ) -> Iterator[tuple[ChunkTask, Enclosure, Mapping[str, Finding]]]:
        while together := [*islice(tasks, 4)]:
            for task in reversed(together):
                self.asked.append((task.number, [i.name for i in task.implementations]))
                pool = cast(Pool[Any], MadeUp(self._answer))
                found = findings_of(pool, *task.plain, timeout)
                findings = {name: from_plain(one) for name, one in found["findings"].items()}
                yield task, from_plain(found["exact"]), findings

    def introduction_of(self, _: object) -> Mapping[str, Any]:
        return {}


def results(
    case: PosedCase,
    answer: Callable[[Problem], Evaluation],
    cluster: Backwards | ClusterPool | None,
    journal: RunJournal | None = None,
) -> list[CaseResult]:
    """Of chunks of two rows."""
    journal = journal or RunJournal(None, None)
    pool = KeptAnswers(cast(Asking, MadeUp(answer)), journal)
    how = Chunking(2, journal=journal, cluster=cast(ClusterPool, cluster))
    chosen = [parse(name) for name in NAMES]
    return list(run([case], chosen, pool, 60.0, strict=True, chunking=how))


def plain(found: list[CaseResult]) -> list[Any]:
    """All that a report may show of them."""
    return [
        (
            r.implementation, r.status, r.reason, r.notes, r.vacuous, to_plain(r.evaluation),
            to_plain(r.comparison), to_plain(r.reference.losses),
        )
        for r in found
    ]  # fmt: skip


def off(problem: Problem) -> Evaluation:
    """A loss that is a thousandth too large where it is above 2."""
    computed = right(problem)
    scale = np.where(computed.losses > 2, np.float32(1.001), np.float32(1))
    return replace(computed, losses=computed.losses * scale)


def out_of_range(problem: Problem) -> Evaluation:
    """A failure where a score is above 4."""
    return Failed("error", "too large") if problem.values.max() > 4 else right(problem)


def unsupported_below(problem: Problem) -> Evaluation:
    """No answer where a score is below -4.5."""
    return Unsupported("too small") if problem.values.min() < -4.5 else off(problem)


def lacks_a_gradient(problem: Problem) -> Evaluation:
    """No gradient, or none by a weight, which was asked for; and a failure on the last row."""
    if len(problem.labels) == 1:
        return Failed("error", "the last")
    computed, no = right(problem), Unsupported("no such gradient")
    if problem.weight is None:
        return replace(computed, gradient=no)
    return replace(computed, by_parameters=dict.fromkeys(computed.by_parameters, no))


@pytest.mark.parametrize("text", [SPARSE, AUTO, RELATIVE, HIDDEN])
@pytest.mark.parametrize("answer", [right, off, out_of_range, unsupported_below, lacks_a_gradient])
def test_a_cluster_finds_what_this_machine_finds_whatever_the_order(
    text: str, answer: Callable[[Problem], Evaluation], tmp_path: Path
) -> None:
    (case,) = posed(tmp_path, text)
    cluster = Backwards(answer)
    there = results(case, answer, cluster)
    assert plain(there) == plain(results(case, answer, None))
    chunks = -(-len(case.problem.labels) // 2)
    assert sorted(number for number, _ in cluster.asked) == [*range(chunks)]


def test_who_failed_on_a_chunk_is_asked_no_chunk_that_is_handed_out_later(tmp_path: Path) -> None:
    (case,) = posed(tmp_path, SPARSE)

    def fails(problem: Problem) -> Evaluation:
        return Failed("error", "no")

    cluster = Backwards(fails)
    results(case, fails, cluster)
    assert dict(cluster.asked) == {n: list(NAMES) if n < 4 else [] for n in range(6)}


def test_what_an_earlier_run_found_is_not_sent_again(tmp_path: Path) -> None:
    (case,) = posed(tmp_path, SPARSE)
    undisturbed = plain(results(case, off, None))
    file, heading = tmp_path / "journal", Heading("1", "", {}, {}, {})

    class Killed(BaseException):
        """The process ends here."""

    def killed(problem: Problem) -> Evaluation:
        if len(first.asked) == 3:
            raise Killed
        return off(problem)

    first, second, third = Backwards(killed), Backwards(off), Backwards(off)
    with RunJournal(file, heading, resume=True) as journal:
        journal._open()
        with pytest.raises(Killed):
            results(case, killed, first, journal)
    for cluster in (second, third):
        with RunJournal(file, heading, resume=True) as journal:
            assert plain(results(case, off, cluster, journal)) == undisturbed
    assert [number for number, _ in first.asked] == [3, 2, 1]  # the third was not answered
    assert sorted(number for number, _ in second.asked) == [0, 1, 4, 5]
    assert third.asked == []


def test_a_large_array_that_every_chunk_has_whole_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = Chunking(2).split(posed(tmp_path, HIDDEN))[1]
    require_small_wholes(cut)
    monkeypatch.setattr(chunking, "_SENT", 4 * 5 * 3 - 1)  # bytes, one less than the weight's
    with pytest.raises(UserError, match=r"in chunks, and its weight \(0 MiB\) would be sent"):
        require_small_wholes(cut)


class OneAfterTheOther:
    """In place of a cluster: it is done with what it was handed first."""

    workers = ("a",)

    def __init__(self, at_once: int) -> None:
        self.at_once, self.most = at_once, 0
        self._flying: list[tuple[object, Any]] = []

    def require(self, _: object) -> None: ...

    def submit(self, function: Any, *arguments: Any) -> object:
        pool = cast(Pool[Any], MadeUp(right))
        self._flying.append((object(), function(pool, *arguments)))
        self.most = max(self.most, len(self._flying))
        return self._flying[-1][0]

    def next_result(self) -> tuple[object, Any]:
        return self._flying.pop(0)


@pytest.mark.parametrize(("room", "at_once", "most"), [(1, 9, 1), (49, 9, 2), (10**9, 3, 3)])
def test_a_cluster_is_handed_a_chunk_once_it_has_room_for_it(
    room: int, at_once: int, most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunks of 48 bytes: two rows of four scores, and their labels."""
    (case,) = posed(tmp_path, SPARSE)
    monkeypatch.setattr(cluster_pool, "_CHUNKS_AT_ONCE", room)
    monkeypatch.setattr(ClusterPool, "__init__", lambda self: None)
    pool, cluster = ClusterPool(), OneAfterTheOther(at_once)  # type: ignore[call-arg]
    pool._cluster, pool._introductions = cluster, {}  # type: ignore[assignment]
    assert plain(results(case, right, pool)) == plain(results(case, right, None))
    assert cluster.most == most
