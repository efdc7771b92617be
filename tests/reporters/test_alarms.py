"""What makes a run fail, and how the reporters that annotate say it."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from tests.support.reports import (
    EXACT,
    agreeing,
    case,
    compared,
    difference,
    every_status,
    report,
    result,
)
from xent_check.errors import ExitCode
from xent_check.problem.evaluation import Missing
from xent_check.reporters.alarms import Alarm, alarms_of, worst_first
from xent_check.reporters.formats import Terminal, reporter
from xent_check.reporters.formats.github import SHOWN
from xent_check.reporters.formats.markdown import ROOM
from xent_check.results.change import Change, ChangeKind, GateResult
from xent_check.results.report import CaseResult, Report


def render(name: str, of: Report) -> str:
    return reporter(name).render(of, Terminal())


def changed(of: CaseResult, kind: ChangeKind, words: str = "moved by 3 ulps") -> Change:
    name = of.implementation
    return Change(of.case.id, name, kind, f"{name} on {of.case.id}: {words}", "agrees", of.status)


def gated(of: Report, *failing: Change, others: tuple[Change, ...] = ()) -> Report:
    gate = GateResult("base.json", 0, (*failing, *others), failing, ("new", "behaviour"))
    return replace(of, gate=gate)


def wrong(name: str, off: float, implementation: str = "torch") -> CaseResult:
    losses = difference([0.5 + off, 0.25, 4.0], EXACT)
    return result(case(name), implementation, "diverges", comparison=compared(losses))


# ---- which ------------------------------------------------------------------------------------


def test_what_diverges_failed_or_is_required_and_missing_is_an_alarm() -> None:
    kinds = [(alarm.implementation, alarm.kind) for alarm in alarms_of(every_status())]
    assert kinds == [
        ("keras", "diverges"), ("tf", "diverges"), ("torch", "failed"), ("optax", "missing"),
        ("jax", "diverges"),
    ]  # fmt: skip
    optional = alarms_of(every_status(required=False))
    assert [alarm.kind for alarm in optional] == ["diverges", "diverges", "failed", "diverges"]


def reports() -> dict[str, Report]:
    """One of each way in which a run ends."""
    good, bad = agreeing(case("good"), "torch"), wrong("bad", 1.0)
    crashed = result(case("crashed"), "torch", "failed", reason="killed")
    gone = Change("cases/demo.yaml::gone", "torch", "removed", "torch on gone: no more")
    return {
        "all agree": report([good]),
        "one diverges": report([good, bad]),
        "one failed": report([good, crashed]),
        "nothing ran": report([]),
        "required and on no case": replace(report([good]), absent=("jax",)),
        "a divergence that was accepted": gated(
            report([good, bad]), others=(changed(bad, "known", "accepted because it clips"),)
        ),
        "a divergence that is new": gated(report([good, bad]), changed(bad, "new")),
        "an agreement that drifted": gated(report([good, bad]), changed(good, "drifted")),
        "an answer that is gone": gated(report([good]), gone),
        "a failure that is new": gated(report([good, crashed]), changed(crashed, "new")),
    }


@pytest.mark.parametrize("name", reports())
def test_there_is_an_alarm_exactly_where_the_run_fails(name: str) -> None:
    of = reports()[name]
    fails = of.exit_code in (ExitCode.DIVERGES, ExitCode.FAILED)
    assert bool(alarms_of(of)) == fails


@pytest.mark.parametrize("name", reports())
def test_every_annotating_reporter_raises_the_same_alarms(name: str) -> None:
    of = reports()[name]
    count = len(alarms_of(of))
    root = ElementTree.fromstring(render("junit", of))
    assert len(root.findall(".//failure") + root.findall(".//error")) == count
    of_nothing = of.exit_code == ExitCode.NOTHING_COMPARED
    assert len(re.findall("^::error ", render("github", of), re.MULTILINE)) == count + of_nothing
    assert render("sarif", of).count('"level": "error"') >= count


def test_a_change_alone_is_told_in_the_change_s_words() -> None:
    good = agreeing(case("good"), "torch")
    (alarm,) = alarms_of(gated(report([good]), changed(good, "drifted")))
    assert alarm.kind == "drifted"
    assert alarm.sentence == ("torch on cases/demo.yaml::good: moved by 3 ulps (against base.json)")
    root = ElementTree.fromstring(render("junit", gated(report([good]), changed(good, "drifted"))))
    failure = root.find(".//failure")
    assert failure is not None
    assert failure.get("type") == "drifted"
    assert failure.get("message") == alarm.sentence


def test_a_divergence_under_a_baseline_says_both() -> None:
    bad = wrong("bad", 1.0)
    words = "agrees before, diverges now"
    (alarm,) = alarms_of(gated(report([bad]), changed(bad, "new", words)))
    assert alarm.kind == "diverges"
    assert alarm.sentence.startswith("torch diverges on cases/demo.yaml::bad, 1 of 3 samples")
    assert alarm.sentence.endswith(f". {words} (against base.json)")


def test_an_accepted_divergence_passes_in_junit_with_its_words() -> None:
    bad = wrong("bad", 1.0)
    root = ElementTree.fromstring(render("junit", gated(report([bad]))))
    assert root.get("failures") == "0"
    assert "torch diverges on" in str(root.findtext(".//system-out"))


def test_an_answer_that_is_gone_is_a_test_of_its_file_in_junit() -> None:
    root = ElementTree.fromstring(render("junit", reports()["an answer that is gone"]))
    names = [test.get("name") for test in root.iter("testcase")]
    assert names == ["good [torch]", "gone [torch]"]
    assert [suite.get("name") for suite in root] == ["cases/demo.yaml"]


# ---- how many ---------------------------------------------------------------------------------


def many(count: int) -> Report:
    """The i-th is off by i + 1; all but the last two are torch's."""
    names = ["torch"] * (count - 2) + ["jax"] * 2
    return report([wrong(f"case-{i}", i + 1.0, name) for i, name in enumerate(names)])


def test_the_worst_come_first() -> None:
    alarms = alarms_of(many(5))
    assert worst_first(alarms) == list(reversed(alarms))
    kinds = ["removed", "missing", "failed", "behaviour", "diverges"]
    mixed = [Alarm(kind, "", "", "") for kind in kinds]
    assert [alarm.kind for alarm in worst_first(mixed)] == list(reversed(kinds))


def test_nan_is_worse_than_any_number() -> None:
    nan = difference([float("nan"), 0.25, 4.0], EXACT)
    results = [wrong("far", 1e30), result(case("x"), "torch", "diverges", comparison=compared(nan))]
    first, _ = worst_first(alarms_of(report(results)))
    assert first.case.endswith("::x")


def test_the_tenth_error_says_how_many_more_and_whose() -> None:
    lines = render("github", many(14)).splitlines()
    errors = [line for line in lines if line.startswith("::error ")]
    assert len(errors) == 15
    assert errors[SHOWN - 1] == (
        "::error title=xent-check::and 5 more in the log of this step: torch 5"
    )
    assert "case-13" in errors[0]
    assert "case-0" in errors[-1]


def test_ten_errors_are_all_shown() -> None:
    assert "more" not in render("github", many(SHOWN))


def test_the_tenth_warning_says_how_many_more() -> None:
    of = report([agreeing(case("good"), "torch")], warnings=tuple(f"w{i}" for i in range(30)))
    warnings = [x for x in render("github", of).splitlines() if x.startswith("::warning ")]
    assert len(warnings) == 31
    assert "and 21 more" in warnings[SHOWN - 1]


def test_nothing_compared_is_an_error_and_not_a_notice() -> None:
    missing = result(case("x"), "torch", "missing", reason="no torch", evaluation=Missing("no"))
    last = render("github", report([missing])).splitlines()[-1]
    assert last.startswith("::error title=xent-check::nothing compared")


@pytest.mark.long
def test_markdown_stays_below_what_a_step_summary_may_weigh() -> None:
    text = render("markdown", many(3000))
    assert ROOM < len(text.encode()) < 1_000_000
    left = re.search(r"^and (\d+) more; `--report html`", text, re.MULTILINE)
    assert left is not None
    shown = len(re.findall(r"^- \w+ diverges on", text, re.MULTILINE))
    assert shown + int(left[1]) == 3000
