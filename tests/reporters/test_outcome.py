"""The last line of a run: cases and answers counted apart, and what made it fail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.reports import agreeing, case, compared, difference, every_status, report, result
from xent_check.errors import ExitCode
from xent_check.problem.evaluation import Failed, Unsupported
from xent_check.reporters.formats import Terminal, reporter
from xent_check.reporters.outcome import summary
from xent_check.results.change import Change, GateResult
from xent_check.results.report import CaseResult, Report, Ungated

NAMES = ("reference", "torch", "jax", "keras")


def diverging(name: str, implementation: str) -> CaseResult:
    losses = compared(difference([1.0, 0.25, 4.0], [0.5, 0.25, 4.0]))
    return result(case(name), implementation, "diverges", comparison=losses)


def two_of_three() -> list[CaseResult]:
    """Three cases, eight answers, one unsupported; two cases diverge in three answers."""
    return [
        diverging("a", "torch"), diverging("a", "jax"), agreeing(case("a"), "keras"),
        diverging("b", "torch"), agreeing(case("b"), "jax"), agreeing(case("b"), "keras"),
        agreeing(case("c"), "torch"), agreeing(case("c"), "jax"),
        result(case("c"), "keras", "unsupported", evaluation=Unsupported("no")),
    ]  # fmt: skip


def gated(
    results: list[CaseResult], *failing: Change, fail_on: tuple[str, ...] = ("new",)
) -> Report:
    gate = GateResult("base.json", 0, failing, failing, fail_on)
    return replace(report(results, names=NAMES), gate=gate)


def test_cases_and_answers_are_counted_apart() -> None:
    assert summary(report(two_of_three(), names=NAMES)) == (
        "diverges: 2 of 3 cases diverge (3 of 8 answers); 5 agree, 1 unsupported"
    )


def test_one_that_diverges_and_one_that_fails_have_the_verbs_of_one() -> None:
    failed = result(case("c"), "keras", "failed", evaluation=Failed("crash", "killed"))
    results = [diverging("a", "torch"), agreeing(case("b"), "torch"), failed]
    assert summary(report(results, names=NAMES)) == (
        "diverges: 1 of 3 cases diverges (1 of 3 answers), 1 fails (1 answer); 1 agrees"
    )


def test_where_all_agree_all_are_counted() -> None:
    of = report([agreeing(case("a"), "torch"), agreeing(case("b"), "torch")], names=NAMES)
    assert summary(of) == "agrees: 2 cases, 2 answers; 2 agree"
    assert summary(of, timed=True) == "agrees: 2 cases, 2 answers; 2 agree in 3.2 s"


def test_a_run_of_nothing_says_so() -> None:
    none = [result(case("a"), "torch", "unsupported", evaluation=Unsupported("no"))]
    assert summary(report(none, names=NAMES)) == "nothing compared: 1 case; 1 unsupported"
    assert summary(report([])) == "nothing compared: 0 cases; nothing ran"


def test_the_reference_is_no_answer_where_nothing_else_was_compared() -> None:
    exact = (0.5, 0.25, 4.0)
    pinned = compared(difference(exact, exact), expected=difference(exact, exact))
    results = [
        result(case("a"), "reference", "agrees", comparison=pinned),
        result(case("a"), "torch", "unsupported", evaluation=Unsupported("no")),
    ]
    assert summary(report(results, names=NAMES)) == (
        "nothing compared: 1 case; 1 reference agrees, 1 unsupported"
    )


def test_what_is_required_and_missing_made_it_fail() -> None:
    of = every_status()
    assert of.exit_code == ExitCode.DIVERGES
    assert summary(of).endswith("; failed: optax required and missing")
    absent = replace(report([agreeing(case("a"), "torch")], names=NAMES), absent=("jax",))
    assert summary(absent).endswith("; failed: jax required and missing")


def test_a_gated_run_says_what_made_it_fail() -> None:
    new = Change("cases/demo.yaml::a", "torch", "new", "...", "agrees", "diverges")
    of = gated([diverging("a", "torch"), agreeing(case("b"), "torch")], new)
    assert summary(of) == (
        "diverges: 1 of 2 cases diverges (1 of 2 answers); 1 agrees; "
        "failed: 1 newly diverging (--fail-on new)"
    )


def test_a_change_fails_a_run_in_which_all_agrees() -> None:
    moved = Change("cases/demo.yaml::a", "torch", "drifted", "...", "agrees", "agrees")
    of = gated([agreeing(case("a"), "torch")], moved, fail_on=("new", "drift"))
    assert of.exit_code == ExitCode.DIVERGES
    assert summary(of) == (
        "diverges: 1 case, 1 answer; 1 agrees; "
        "failed: 1 drifted within the tolerance (--fail-on new,drift)"
    )


def test_divergences_that_do_not_fail_are_told_apart_from_those_that_do() -> None:
    of = gated([diverging("a", "torch"), diverging("b", "torch")], fail_on=("drift",))
    assert of.exit_code == ExitCode.AGREES
    assert summary(of) == (
        "diverges: 2 of 2 cases diverge (2 of 2 answers); "
        "not failed: 2 answers that --fail-on drift lets diverge"
    )


def test_what_the_baseline_excuses_is_counted() -> None:
    excused = replace(
        diverging("a", "torch"), status="known", reason="accepted in the baseline: old",
        ungated=Ungated("diverges", None),
    )  # fmt: skip
    of = gated([excused, agreeing(case("b"), "torch")])
    assert summary(of) == (
        "agrees: 2 cases, 2 answers; 1 agrees, 1 known (1 accepted in base.json)"
    )


@pytest.mark.parametrize("name", ["table", "markdown", "github", "html", "sarif"])
def test_every_format_that_has_it_has_the_same_sentence(name: str) -> None:
    of = report(two_of_three(), names=NAMES)
    text = " ".join(reporter(name).render(of, Terminal(120)).split())
    assert summary(of).partition(": ")[2] in text
