"""A run that ends early and goes on: the results are those of one that was not disturbed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from tests.support.answered import MadeUp, posed
from xent_check.casefile.loading import PosedCase
from xent_check.errors import UserError
from xent_check.history.plain_values import to_plain
from xent_check.history.run_journal import Heading, RunJournal
from xent_check.implementations.names import parse
from xent_check.problem.evaluation import Computed, Evaluation
from xent_check.problem.problem import Problem
from xent_check.reference.truth import truth
from xent_check.results.report import CaseResult
from xent_check.running import in_chunks, jobs, judging
from xent_check.running.asking import Asking, KeptAnswers
from xent_check.running.chunking import Chunking
from xent_check.running.resuming import journal_of
from xent_check.running.run import run
from xent_check.running.selection import asked_of
from xent_check.running.settings import Settings

TEXT = """\
defaults: {loss: sparse_categorical, reduction: [mean, sum]}
cases:
  - {name: whole, logits: [[1, 2, 3]], labels: [0]}
  - name: large
    logits: {random: normal, shape: [11, 4], scale: 3}
    labels: {cycle: [0, 1, 2, 3], shape: [11]}
    check: [value, gradient]
  - {name: other, logits: [[3, 2, 1]], labels: [2]}
"""
HEADING = Heading("1", "", {}, {}, {})
NAMES = ("torch", "jax")


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XENT_CHECK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(jobs, "why_missing", lambda _: None)
    for module in (judging, in_chunks):
        monkeypatch.setattr(module, "diagnosed", lambda result: result)


class Answering:
    """Answers that are a little off, until the process is killed."""

    def __init__(self, until: int | None = None) -> None:
        self.count, self._until = 0, until

    def __call__(self, problem: Problem) -> Evaluation:
        if self.count == self._until:
            raise Killed
        self.count += 1
        exact = truth(problem).reference
        losses = exact.losses.high.astype(np.float32) * np.float32(1 + 1e-6)
        totals: Any = {r: np.float32(t.high) for r, t in exact.totals.items()}
        gradient = None if exact.gradient is None else exact.gradient.high.astype(np.float32)
        return Computed(losses, totals, "loss(x)", 0.25, gradient)


def results(
    cases: tuple[PosedCase, ...], answer: Callable[[Problem], Evaluation], file: Path
) -> Iterator[CaseResult]:
    with RunJournal(file, HEADING, resume=True) as journal:
        journal._open()
        pool = KeptAnswers(cast(Asking, MadeUp(answer)), journal)
        chosen = [parse(name) for name in NAMES]
        yield from run(cases, chosen, pool, 60.0, chunking=Chunking(3, journal=journal))


def plain(found: list[CaseResult]) -> list[Any]:
    """Everything that a report may show of them."""
    return [
        (
            r.case.id, r.implementation, r.status, r.reason, r.notes, r.vacuous,
            to_plain(replace(r.evaluation, gradient=None)),  # type: ignore[type-var]
            to_plain(r.comparison and replace(r.comparison, bounds=None)),
            to_plain(r.reference.losses),
        )
        for r in sorted(found, key=lambda r: (r.case.id, r.implementation))
    ]  # fmt: skip


@pytest.mark.parametrize("after", [0, 1, 3, 4, 5, 8, 11])
def test_what_was_finished_is_not_asked_again_and_nothing_is_lost(
    after: int, tmp_path: Path
) -> None:
    """2 x 2 whole cases and 4 chunks for each of two: 12 answers."""
    cases = posed(tmp_path, TEXT)
    undisturbed = plain(list(results(cases, Answering(), tmp_path / "other")))
    file, first, second = tmp_path / "journal", Answering(after), Answering()
    with pytest.raises(Killed):
        list(results(cases, first, file))
    assert plain(list(results(cases, second, file))) == undisturbed
    assert (first.count, second.count) == (after, 12 - after)
    third = Answering(0)
    assert plain(list(results(cases, third, file))) == undisturbed


def heading_of(folder: Path, settings: Settings, text: str) -> Heading:
    cases = posed(folder, text)
    implementations = [parse("torch"), parse(f"{folder / 'own.py'}:loss")]
    asked = asked_of(cases, lambda _: implementations)
    with journal_of(settings, cases, asked, implementations) as journal:
        return Heading(**journal._subject)


@pytest.mark.parametrize(
    ("text", "settings", "source", "told"),
    [
        (TEXT.replace("[0]", "[1]"), {}, "", "::whole has changed since"),
        (TEXT.replace("{loss", "{tolerance: auto, loss"), {}, "", "::whole has changed since"),
        (TEXT, {"chunk": 4}, "", "--chunk was None, and is 4"),
        (TEXT, {"sample": 4}, "", "--sample was None, and is 4"),
        (TEXT, {"strict": True}, "", "--strict was False, and is True"),
        (TEXT, {}, "# edited", "own.py:loss was "),
        (TEXT, {"timeout": 1.0, "jobs": 1}, "", ""),
        (TEXT + "\n# a comment\n", {}, "", ""),
    ],
)
def test_what_changes_an_answer_makes_it_another_run(
    text: str, settings: Any, source: str, told: str, tmp_path: Path
) -> None:
    """A time-out may be longer, and a case file may have another comment."""
    base = Settings(("cases.yaml",), resume=False)
    (tmp_path / "own.py").write_text("def loss(logits, labels): ...")
    before = heading_of(tmp_path, base, TEXT)
    (tmp_path / "own.py").write_text("def loss(logits, labels): ..." + source)
    after = heading_of(tmp_path, replace(base, **settings), text)
    change = before.change_to(after)
    assert told in change if told else not change


def test_a_run_of_other_paths_has_a_journal_of_its_own(tmp_path: Path) -> None:
    cases = posed(tmp_path, TEXT)
    files = set()
    for paths in (("cases.yaml",), ("other.yaml",)):
        with journal_of(Settings(paths, resume=False), cases, (), ()) as journal:
            files.add(journal._file)
    assert len(files) == 2


def test_a_journal_of_another_run_is_no_journal_of_this(tmp_path: Path) -> None:
    cases = posed(tmp_path, TEXT)
    settings = Settings(("cases.yaml",), resume=True)
    with journal_of(settings, cases, (), [parse("torch")]) as journal:
        journal._open()
    with pytest.raises(UserError, match="it does not have the implementation jax"):
        journal_of(settings, cases, (), [parse("torch"), parse("jax")])
