"""How much of a run the table shows: files, the matrix, samples, or failures alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len

from tests.support.reports import (
    agreeing,
    case,
    compared,
    difference,
    every_status,
    report,
    result,
)
from tests.support.snapshots import assert_expected
from xent_check.errors import ExitCode
from xent_check.problem.evaluation import Failed, Missing, Unsupported
from xent_check.reporters.formats import Terminal, reporter
from xent_check.reporters.level import MAX_CHANGED
from xent_check.reporters.remarks import MAX_NOTES
from xent_check.results.change import Change, ChangeKind, GateResult
from xent_check.results.report import CaseResult, Report, Scope

NAMES = ("reference", "torch", "jax", "keras", "keras:xla", "tf:xla", "mine:loss")
FILES, QUIET = 0, -1


def shown(of: Report, verbosity: int = 0, width: int = 80, height: int = 40) -> str:
    terminal = Terminal(width, height, verbosity=verbosity)
    return reporter("table").render(of, terminal)


def of(results: list[CaseResult]) -> Report:
    return report(results, names=NAMES)


def wrong(name: str, implementation: str = "torch", file: str = "cases/demo.yaml") -> CaseResult:
    losses = compared(difference([1.0, 0.25, 4.0], [0.5, 0.25, 4.0]))
    return result(case(name, file=file), implementation, "diverges", comparison=losses)


def many(count: int = 300) -> list[CaseResult]:
    """So many cases of one file in which all agree."""
    return [agreeing(case(f"good-{i}"), "torch") for i in range(count)]


# ---- which level --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "verbosity", "height"),
    [("files", 0, 8), ("files-verbose", 1, 8), ("files-samples", 2, 8), ("quiet", -1, 40)],
)
def test_every_level_is_as_expected(name: str, verbosity: int, height: int) -> None:
    assert_expected(f"table-{name}.txt", shown(every_status(), verbosity, 80, height))


def test_a_matrix_that_fits_the_screen_is_shown_and_a_larger_one_is_not() -> None:
    lines = 3 + 1 + 10  # headings, rule, file, rows
    ten = of(many(10))
    matrix = shown(ten).split("\n\n")[0]
    assert len(matrix.splitlines()) == lines - 1
    assert shown(ten, height=lines - 1).split("\n\n")[0] == matrix
    assert "good-0" not in shown(ten, height=lines - 2)


def test_each_v_adds_a_level_and_vv_shows_every_sample_of_any_run() -> None:
    samples = "call: torch.loss(logits, labels)"
    large, small = of(many()), of(many(3))
    assert "good-7 " not in shown(large)
    assert "  good-7 " in shown(large, 1)
    assert samples not in shown(large, 1)
    assert shown(large, 2).count(samples) == 300
    assert "  good-2 " in shown(small)
    assert samples not in shown(small)
    assert shown(small, 1).count(samples) == shown(small, 2).count(samples) == 3


def test_a_green_run_is_a_line_for_each_file() -> None:
    files = [f"cases/{name}.yaml" for name in "abc"]
    results = [agreeing(case(f"x{i}", file=file), "torch") for file in files for i in range(100)]
    text = shown(of(results))
    assert text.splitlines()[:3] == [f"{file}  100 cases  100 agree" for file in files]
    assert len(text.splitlines()) <= 3 + 6


def test_how_to_see_more_is_said_where_something_is_not_shown() -> None:
    hint = "-v shows the matrix of 300 cases, -vv every sample"
    assert hint in shown(of(many()))
    assert hint not in shown(of(many()), 1)


# ---- what is wrong is always there --------------------------------------------------------------


@pytest.mark.parametrize("verbosity", [-1, 0, 1, 2])
def test_one_divergence_among_many_is_shown_at_every_level(verbosity: int) -> None:
    text = shown(of([*many(), wrong("bad")]), verbosity)
    assert "torch diverges on cases/demo.yaml::bad, 1 of 3 samples" in text
    assert "[0]         0" in text
    assert "diverges: 1 of 301 cases diverges (1 of 301 answers)" in text


def test_its_row_and_its_file_stand_out_among_the_files() -> None:
    text = shown(of([*many(), wrong("bad", file="cases/other.yaml")]))
    assert "cases/demo.yaml   300 cases  300 agree\n" in text
    assert "cases/other.yaml    1 case     1 diverges\n" in text
    assert "  bad  ✗ 0.5\n" in text
    assert "good-" not in text


@pytest.mark.parametrize("verbosity", [-1, 0, 1, 2])
def test_a_crash_is_shown_at_every_level(verbosity: int) -> None:
    crash = Failed("crash", "killed by SIGSEGV")
    bad = result(case("bad"), "torch", "failed", evaluation=crash, reason=crash.message)
    text = shown(of([*many(), bad]), verbosity)
    assert "torch failed on cases/demo.yaml::bad (crash): killed by SIGSEGV" in text


@pytest.mark.parametrize("verbosity", [-1, 0, 1, 2])
def test_what_is_required_and_missing_is_told_once(verbosity: int) -> None:
    missing = Missing("keras not installed: pip install it")
    absent = [
        result(r.case, "keras", "missing", evaluation=missing, reason=missing.reason, required=True)
        for r in many()
    ]
    whole = of([*many(), *absent])
    assert whole.exit_code == ExitCode.FAILED
    text = shown(whole, verbosity)
    assert text.count("keras is missing: keras not installed: pip install it") == 1
    assert "failed: keras required and missing" in text


def test_those_missing_for_one_reason_are_told_of_together() -> None:
    missing = Missing("keras not installed: pip install it")
    absent = [
        result(case("a"), name, "missing", evaluation=missing, reason=missing.reason)
        for name in ("keras", "keras:xla")
    ]
    text = shown(of([*many(), agreeing(case("a"), "torch"), *absent]))
    assert "note: keras, keras:xla are missing: keras not installed: pip install it\n" in text
    assert "301 cases  301 agree\n" in text


def test_required_on_no_case_and_missing_is_told_with_q() -> None:
    text = shown(replace(of(many()), absent=("keras",)), QUIET)
    assert "keras is required and missing: nothing ran on it" in text


@pytest.mark.parametrize("verbosity", [-1, 0, 1, 2])
def test_why_nothing_was_compared_is_told(verbosity: int) -> None:
    no = Unsupported("torch: no such loss")
    results = [
        result(r.case, "torch", "unsupported", evaluation=no, reason=no.reason) for r in many()
    ]
    text = " ".join(shown(of(results), verbosity).split())
    assert "torch does not support 300 cases, the first cases/demo.yaml::good-0: torch: no" in text
    assert "nothing compared: 300 cases; 300 unsupported" in text
    assert "numbers:" not in text


def test_an_implementation_that_supports_nothing_is_told_of_among_the_files() -> None:
    no = Unsupported("jax: no such loss")
    results = [
        result(r.case, "jax", "unsupported", evaluation=no, reason=no.reason) for r in many()
    ]
    text = shown(of([*many(), *results]))
    assert "note: jax supports none of its cases; of the first: jax: no such loss" in text
    assert "300 agree\n" in text
    assert "300 unsupported" in text


def test_q_shows_failures_and_the_summary_alone() -> None:
    green = of(many())
    assert shown(green, QUIET) == "agrees: 300 cases, 300 answers; 300 agree in 3.2 s\n"


# ---- against a baseline -------------------------------------------------------------------------


def gated(kind: ChangeKind, names: list[str], failing: bool = False) -> Report:
    changes = tuple(
        Change(f"cases/demo.yaml::{name}", "torch", kind, f"torch on {name}: {kind}")
        for name in names
    )
    gate = GateResult("base.json", 300, changes, changes if failing else (), ("new",))
    return replace(of(many()), gate=gate)


@pytest.mark.parametrize("kind", ["new", "behaviour", "inputs", "fixed", "added"])
def test_what_a_baseline_has_otherwise_has_its_row(kind: ChangeKind) -> None:
    text = shown(gated(kind, ["good-7"]))
    assert "  good-7  ✓ 1e-7\n" in text
    assert "good-8 " not in text


def test_a_drift_has_a_row_only_where_it_fails() -> None:
    assert "  good-7  ✓ 1e-7\n" not in shown(gated("drifted", ["good-7"]))
    assert "  good-7  ✓ 1e-7\n" in shown(gated("drifted", ["good-7"], failing=True))


def test_a_failing_change_is_told_with_q_and_another_is_not() -> None:
    assert "torch on good-7: drifted (against base.json)" in shown(
        gated("drifted", ["good-7"], failing=True), QUIET
    )
    assert "good-7" not in shown(gated("drifted", ["good-7"]), QUIET)


def test_rows_that_nothing_fails_for_are_few() -> None:
    text = shown(gated("added", [f"good-{i}" for i in range(300)]))
    assert text.count("✓ 1e-7") == MAX_CHANGED
    assert f"and {300 - MAX_CHANGED} more cases that the baseline has otherwise" in text
    failing = shown(gated("inputs", [f"good-{i}" for i in range(300)], failing=True))
    assert failing.count("✓ 1e-7") == 300


# ---- columns ------------------------------------------------------------------------------------


def unsupported(name: str, implementation: str) -> CaseResult:
    return result(case(name), implementation, "unsupported", evaluation=Unsupported("no"))


def heading(text: str) -> str:
    return text.split("───")[0]


def test_a_mode_has_a_column_only_where_it_ran() -> None:
    results = [agreeing(case("a"), "torch"), unsupported("a", "keras"), unsupported("a", "tf:xla")]
    results += [unsupported("a", "mine:loss"), agreeing(case("b"), "keras:xla")]
    text = shown(of(results))
    assert heading(text).split() == ["torch", "keras", "keras:", "mine:", "xla", "loss"]
    assert "tf:xla" not in text
    asked = replace(of(results), scope=Scope(chosen=("torch", "tf:xla")))
    assert "not shown, since none ran here: tf:xla" in shown(asked)


def test_modes_alone_that_support_nothing_are_shown() -> None:
    text = shown(of([unsupported("a", "tf:xla")]))
    assert heading(text).split() == ["tf:", "xla"]


def test_a_column_without_an_answer_in_the_rows_is_left_out() -> None:
    results = [*many(), wrong("bad"), *(agreeing(r.case, "jax") for r in many())]
    assert heading(shown(of(results)).split("every sample\n")[1]).split() == ["torch"]


# ---- lines of files -----------------------------------------------------------------------------


@pytest.mark.parametrize("width", [40, 60, 80])
def test_lines_of_files_stay_within_the_width(width: int) -> None:
    long = "cases/" + "very-" * 8 + "long.yaml"
    results = [agreeing(case(f"x{i}", file="cases/short.yaml"), "torch") for i in range(50)]
    error = Failed("error", "x")
    results += [
        wrong("bad", file=long),
        result(case("c", file=long), "torch", "failed", reason="x", evaluation=error),
        agreeing(case("d", file=long), "torch"),
        result(case("e", file=long), "torch", "known", reason="so"),
    ]
    lines = shown(of(results), width=width).split("\n\n")[0].splitlines()
    assert all(cell_len(line) <= max(width, len(long)) for line in lines)
    words = " ".join(" ".join(lines).split())
    assert f"{long} 4 cases 1 diverges, 1 failed, 1 agrees, 1 known" in words


# ---- remarks ------------------------------------------------------------------------------------


def vacuous(count: int) -> Report:
    good = many(count)
    words = "the tolerance would accept a loss of 0 or of twice its size for 1 of 3 (first: [0])"
    return of([replace(r, vacuous=words) for r in good])


def test_tolerances_that_accept_anything_are_counted_and_with_v_listed() -> None:
    text = shown(vacuous(26))
    assert text.count("would accept") == 1
    assert "note: 26 cases whose tolerance would accept a loss of 0, or another wrong" in text
    assert shown(vacuous(26), 1).count("the tolerance would") == 26


def test_one_such_tolerance_is_told_in_full() -> None:
    told = "note: cases/demo.yaml::good-0: the tolerance would accept a loss of 0"
    assert told in shown(vacuous(1))


@pytest.mark.parametrize("name", ["markdown", "github", "sarif"])
def test_other_reports_count_them_likewise(name: str) -> None:
    text = reporter(name).render(vacuous(26), Terminal())
    assert text.count("would accept") == 1
    all_of_them = replace(vacuous(26), verbose=True)
    assert reporter(name).render(all_of_them, Terminal()).count("would accept") == 26


def test_notes_are_few_unless_all_are_asked_for() -> None:
    noted = [replace(r, notes=(f"it printed {i}",)) for i, r in enumerate(many())]
    text = shown(of(noted))
    assert text.count("it printed") == MAX_NOTES - 1
    assert f"note: and {300 - MAX_NOTES + 1} more such notes: -v lists them" in text
    assert shown(of(noted), 1).count("it printed") == 300
