"""`--durations`: where the time of a run went, from the run to each reporter."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fake import CASES, LOSSES, fake
from tests.support.reports import agreeing, case, every_status, report, result
from xent_check.cli import group
from xent_check.problem.evaluation import Computed, Failed, Missing, Unsupported, after
from xent_check.reporters.formats import Terminal, reporter
from xent_check.results.durations import sections, slowest, time_parts
from xent_check.results.report import Report
from xent_check.timing import Spent

SPENT = (
    Spent("starting", "tensorflow", 2.5),
    Spent("starting", "torch", 1.0),
    Spent("answering", "tensorflow", 0.4),
    Spent("reading", "", 0.05),
    Spent("reference", "cases/demo.yaml::a", 0.1),
    Spent("reference", "cases/demo.yaml::b", 0.7),
    Spent("judging", "cases/demo.yaml::a", 0.002),
    Spent("judging", "cases/demo.yaml::b", 0.002),
)


def timed(durations: int) -> Report:
    """Two answers and a time-out, in 3.2 seconds."""
    fast, slow = agreeing(case("a"), "torch"), agreeing(case("b"), "keras")
    assert isinstance(fast.evaluation, Computed)
    assert isinstance(slow.evaluation, Computed)
    late = Failed("timeout", "no answer after 2 s", waited=2.0)
    results = [
        replace(fast, evaluation=replace(fast.evaluation, seconds=0.001, waited=0.01)),
        replace(slow, evaluation=replace(slow.evaluation, seconds=0.25, waited=0.3)),
        result(case("b"), "jax", "failed", reason="no answer after 2 s", evaluation=late),
    ]
    return replace(report(results), spent=SPENT, durations=durations)


def test_parts_are_summed_over_cases_and_the_longest_is_first() -> None:
    found = [(part.activity, part.process, round(part.seconds, 6)) for part in time_parts(timed(1))]
    assert found == [
        ("starting", "tensorflow", 2.5),
        ("starting", "torch", 1.0),
        ("reference", "", 0.8),
        ("answering", "tensorflow", 0.4),
        ("reading", "", 0.05),
        ("judging", "", 0.004),
    ]


def test_the_slowest_are_answers_failures_and_exact_values() -> None:
    found = [(wait.implementation, wait.seconds) for wait in slowest(timed(4))]
    assert found == [("jax", 2.0), ("reference", 0.7), ("keras", 0.3), ("reference", 0.1)]
    assert len(slowest(timed(2))) == 2
    assert len(slowest(timed(99))) == 5


def test_table_has_them_before_the_summary() -> None:
    text = reporter("table").render(timed(3), Terminal(80))
    assert text.rpartition("\n\nkeras 3.15.1")[0].endswith(
        """
where 3.2 s went, side by side
  2.500 s  78%  starting tensorflow
  1.000 s  31%  starting torch
  0.800 s  25%  the exact values
  0.400 s  12%  answers of tensorflow
  0.050 s   2%  reading the cases
  0.004 s   0%  judging the answers

the 3 slowest answers, from request to answer
  2.000 s  62%  jax on cases/demo.yaml::b
  0.700 s  22%  reference on cases/demo.yaml::b
  0.300 s   9%  keras on cases/demo.yaml::b (0.250 s in the calls)"""
    )


def test_markdown_has_them_folded() -> None:
    text = reporter("markdown").render(timed(1), Terminal())
    assert text.count("<details>") == text.count("</details>") == 2
    assert "<summary>the slowest answer, from request to answer</summary>\n\n| seconds |" in text
    assert "| 2.000 s | 62% | jax on cases/demo.yaml::b |" in text


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_json_has_them_where_they_were_asked_for(form: str) -> None:
    def durations(of: Report) -> object:
        text = reporter(form).render(of, Terminal())
        document = json.loads(text.splitlines()[-1] if form == "jsonl" else text)
        return document["durations"]

    assert durations(timed(0)) is None
    found = durations(timed(2))
    assert isinstance(found, dict)
    assert found["parts"][0] == {
        "what": "starting",
        "process": "tensorflow",
        "seconds": 2.5,
        "share": 0.7812,
    }
    assert found["slowest"][0] == {
        "case": "cases/demo.yaml::b",
        "implementation": "jax",
        "seconds": 2.0,
        "share": 0.625,
        "calls": None,
    }


def test_nothing_is_said_unless_asked() -> None:
    assert sections(timed(0)) == []
    assert sections(replace(every_status(), results=(), durations=3)) == []


def test_only_an_answer_that_was_waited_for_keeps_how_long() -> None:
    assert after(2.0, Failed("crash", "gone")) == Failed("crash", "gone", waited=2.0)
    for evaluation in (Missing("x"), Unsupported("x")):
        assert after(2.0, evaluation) is evaluation


@pytest.mark.long
def test_a_run_measures_what_it_waits_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XENT_CHECK_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cases.yaml").write_text(CASES)
    arguments = ["run", "cases.yaml", "-k", "first", "-i", "manual", "--durations", "9"]
    arguments += ["-i", fake("hanging", "sleeps"), "--timeout", "1.5", "--report", "json"]
    assert group(arguments, standalone_mode=False) == 4
    report = json.loads(capsys.readouterr().out)
    late, *others = report["durations"]["slowest"]
    assert late["implementation"].endswith("sleeps")
    assert 1.5 <= late["seconds"] <= report["summary"]["seconds"]
    assert {wait["implementation"] for wait in others} == {"manual", "reference"}
    (manual,) = (wait for wait in others if wait["implementation"] == "manual")
    assert 0 < manual["calls"] <= manual["seconds"] < 1.5
    parts = {
        (part["what"], part["process"]): part["seconds"] for part in report["durations"]["parts"]
    }
    assert {what for what, _ in parts} == {
        "starting", "answering", "reading", "reference", "judging"
    }  # fmt: skip
    assert manual["seconds"] <= parts["answering", "numpy"] <= report["summary"]["seconds"]
    assert 0 < parts["starting", "numpy"] < report["summary"]["seconds"]
    assert len(report["results"][0]["losses"] or LOSSES) == 3
