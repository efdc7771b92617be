"""What was asked for or stated, and not compared: said in every report, and no success."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.support.command import xent_check
from tests.support.loaded import mistakes, posed_cases
from xent_check.casefile.loading import PosedCase
from xent_check.errors import ExitCode
from xent_check.history.rejudge import rejudge
from xent_check.history.saved.read import load_report
from xent_check.problem.evaluation import Computed, Evaluation, Unsupported
from xent_check.reference.bounds import bounds
from xent_check.reference.reference import reference
from xent_check.reference.truth import Truth
from xent_check.reporters.formats import Terminal, reporter
from xent_check.results.behaviour import gradient_status, judgement_lines
from xent_check.results.report import CaseResult, Report
from xent_check.results.verdict import gaps, judge

# One sample of two equal logits: the loss is log 2, and so is every total; the gradient is
# softmax - one-hot = [-1/2, 1/2].
CASE = "{loss: sparse_categorical, logits: [[0.0, 0.0]], labels: [0], "
LOG2 = np.float32(0.6931472)
NONE = Unsupported("it has none")


def one(folder: Path, more: str) -> PosedCase:
    (posed,) = posed_cases(f"{CASE}{more}}}", folder)
    return posed


def gave(loss: Any = LOG2, gradient: Any = NONE, **totals: Any) -> Computed:
    """An answer; totals that are not given are not there at all."""
    made = {r: t if isinstance(t, Unsupported) else np.float32(t) for r, t in totals.items()}
    array = np.array([loss], dtype=np.float32)
    if not isinstance(gradient, Unsupported | None):
        gradient = np.array([gradient], dtype=np.float32)
    return Computed(array, made, "call", 0.0, gradient)  # type: ignore[arg-type]


def judged(of: PosedCase, answer: Evaluation, strict: bool = False) -> CaseResult:
    exact = reference(of.problem)
    truth = Truth(exact, bounds(of.problem, exact))
    entries = of.expectations.get("torch", ())
    expectation = entries[0] if entries else None
    return judge(of.case, of.problem, "torch", answer, truth, expectation, strict)


def report_of(*results: CaseResult) -> Report:
    return Report(results, len(results), ("torch",), {}, 0.0)


RIGHT = [-0.5, 0.5]
BOTH = "check: [value, gradient]"


# ---- asked for and not given -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "answer", "note"),
    [
        ("reduction: sum", gave(sum=NONE), "sum not compared: it has none"),
        ("reduction: sum", gave(), "sum not compared: it gave none"),
        (
            "reduction: [mean, sum]",
            gave(mean=LOG2, sum=NONE),
            "sum not compared: it has none",
        ),
        (BOTH, gave(), "gradient not compared: it has none"),
        (BOTH, gave(gradient=None), "gradient not compared: it gave none"),
        (
            f"{BOTH}, reduction: [mean, sum]",
            gave(mean=NONE, sum=NONE),
            "mean, sum, gradient not compared: it has none",
        ),
    ],
)
def test_a_part_that_was_asked_for_and_not_given_is_said_and_fails_when_strict(
    tmp_path: Path, asked: str, answer: Computed, note: str
) -> None:
    of = one(tmp_path, asked)
    result = judged(of, answer)
    assert (result.status, result.notes) == ("agrees", (note,))
    strict = judged(of, answer, strict=True)
    assert (strict.status, strict.notes) == ("diverges", ())
    assert "not compared" in str(strict.reason)


def test_what_nobody_asked_this_one_for_is_no_gap(tmp_path: Path) -> None:
    """A total that is computed because an `expect` states it for another implementation."""
    result = judged(one(tmp_path, "expect: {jax: {sum: 0.6931}}"), gave(sum=NONE), strict=True)
    assert (result.status, result.notes) == ("agrees", ())


def test_a_known_divergence_hides_no_gap_when_strict(tmp_path: Path) -> None:
    of = one(tmp_path, f"{BOTH}, expect: {{torch: {{losses: [0.5], because: halved}}}}")
    assert judged(of, gave(0.5)).status == "known"
    assert judged(of, gave(0.5), strict=True).status == "diverges"


# ---- nothing that was asked for ------------------------------------------------------------------


def test_a_gradient_alone_that_is_not_given_is_unsupported(tmp_path: Path) -> None:
    result = judged(one(tmp_path, "check: gradient"), gave())
    assert (result.status, result.reason) == ("unsupported", "gradient not compared: it has none")
    assert result.notes == ("gradient not compared: it has none",)
    assert report_of(result).exit_code == ExitCode.NOTHING_COMPARED
    assert report_of(result).compared == 0
    assert judged(one(tmp_path, "check: gradient"), gave(), strict=True).status == "diverges"


def test_losses_diverge_also_where_only_the_gradient_is_asked_for(tmp_path: Path) -> None:
    of = one(tmp_path, "check: gradient")
    assert judged(of, gave(0.5)).status == "diverges"
    assert judged(of, gave(0.5, gradient=RIGHT)).status == "diverges"
    assert judged(of, gave(gradient=RIGHT)).status == "agrees"
    assert judged(of, gave(gradient=[0.0, 0.0])).status == "diverges"


def test_a_total_beside_a_gradient_that_is_not_given_is_something(tmp_path: Path) -> None:
    of = one(tmp_path, "check: gradient, reduction: mean")
    assert judged(of, gave(mean=LOG2)).status == "agrees"
    assert judged(of, gave(mean=NONE)).status == "unsupported"


EMPTY = """
{loss: sparse_categorical, logits: {shape: [0, 2], fill: 0}, labels: {shape: [0], fill: 0},
 reduction: [mean, sum], MORE}
"""


def empty(folder: Path, more: str, **totals: Any) -> CaseResult:
    (of,) = posed_cases(EMPTY.replace("MORE", more), folder)
    answer = gave(gradient=None, **totals)
    gradient = np.zeros((0, 2), np.float32) if of.problem.gradient else None
    return judged(of, replace(answer, losses=np.zeros(0, np.float32), gradient=gradient))


@pytest.mark.parametrize("more", ["", BOTH, "expect: {torch: {mean: .nan}}"])
def test_zero_numbers_are_no_agreement(tmp_path: Path, more: str) -> None:
    nothing = empty(tmp_path, more, mean=NONE, sum=NONE)
    stated = "expect" in more
    assert nothing.status == ("diverges" if stated else "unsupported")
    assert report_of(nothing).exit_code == (1 if stated else ExitCode.NOTHING_COMPARED)
    assert empty(tmp_path, more, mean=np.nan, sum=NONE).status == "agrees"
    assert empty(tmp_path, more, mean=np.nan, sum=0.0).notes == ()
    assert empty(tmp_path, more, mean=np.nan, sum=1.0).status == "diverges"


def test_ignored_samples_are_numbers(tmp_path: Path) -> None:
    assert judged(one(tmp_path, "ignore_index: 0"), gave(0.0)).status == "agrees"


# ---- stated and not given -----------------------------------------------------------------------


@pytest.mark.parametrize("because", ["", ", because: known"])
@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ("sum: 99.5", "`expect` states sum 99.5, not compared: it has none"),
        (
            "gradient: [[9.5, 1.0]]",
            "`expect` states gradient [[9.5, 1.0]], not compared: it has none",
        ),
        ("losses: [0.6931472], sum: 99.5", "`expect` states sum 99.5, not compared: it has none"),
    ],
)
def test_a_stated_number_that_is_not_compared_is_a_divergence(
    tmp_path: Path, stated: str, told: str, because: str
) -> None:
    of = one(tmp_path, f"{BOTH}, expect: {{torch: {{{stated}{because}}}}}")
    gradient = RIGHT if "gradient" not in stated else NONE
    result = judged(of, gave(gradient=gradient, sum=NONE))
    assert (result.status, result.reason, result.notes) == ("diverges", told, ())


def test_an_answer_that_is_unsupported_as_a_whole_leaves_its_expectation_a_warning(
    tmp_path: Path,
) -> None:
    of = one(tmp_path, "expect: {torch: {sum: 99.5}}")
    for strict in (False, True):
        result = judged(of, NONE, strict)
        assert result.status == "unsupported"
        assert len(result.notes) == 1


def test_an_entry_that_no_answer_could_meet_is_a_mistake(tmp_path: Path) -> None:
    text = f"{CASE}expect: {{torch: [{{mean: 1.0}}, {{mean: 2.0, versions: '>=2'}}]}}}}"
    (told,) = mistakes(text, tmp_path)
    assert "expect.torch[1]: never reached" in told
    one(tmp_path, "expect: {torch: [{mean: 1.0, versions: '<2'}, {mean: 2.0}]}")


def test_the_reference_is_one_row_and_diverges_where_one_of_its_entries_does(
    tmp_path: Path,
) -> None:
    case = f"{CASE}expect: {{reference: [{{mean: 0.69}}, {{sum: 9.5}}]}}}}"
    (tmp_path / "case.yaml").write_text(case)
    done = xent_check(tmp_path, "run", "case.yaml", "-i", "manual", "--report", "json")
    found = [(r["implementation"], r["status"]) for r in done.json["results"]]
    assert (done.code, found) == (1, [("reference", "diverges"), ("manual", "agrees")])


# ---- other numbers than floating-point ones ------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.int64, np.bool_, np.complex64, object])
def test_a_part_that_holds_no_floating_point_numbers_diverges(tmp_path: Path, dtype: Any) -> None:
    of = one(tmp_path, f"{BOTH}, reduction: sum")
    right = gave(gradient=RIGHT, sum=LOG2)
    for wrong in (
        replace(right, losses=np.zeros(1, dtype)),
        replace(right, totals={"sum": np.zeros((), dtype)}),
        replace(right, gradient=np.zeros((1, 2), dtype)),
    ):
        result = judged(of, wrong)
        assert result.status == "diverges"
        assert "numbers, not of float16" in str(result.reason)


# ---- the verdict on the gradient -----------------------------------------------------------------


def test_the_gradient_has_a_verdict_of_its_own(tmp_path: Path) -> None:
    of, terminal = one(tmp_path, BOTH), Terminal(80)
    assert gradient_status(judged(one(tmp_path, "reduction: sum"), gave(sum=LOG2))) is None
    for answer, status, shown in (
        (gave(gradient=RIGHT), "agrees", "    gradient  ✓ 0"),
        (gave(gradient=[0.0, 0.0]), "diverges", "    gradient  ✗ 0.5"),
        (gave(), "unsupported", "    gradient  ·"),
    ):
        result = judged(of, answer)
        assert gradient_status(result) == status
        assert shown in reporter("table").render(report_of(result), terminal).splitlines()
    of = one(tmp_path, f"{BOTH}, expect: {{torch: {{gradient: [[0.0, 0.0]], because: zero}}}}")
    assert gradient_status(judged(of, gave(gradient=[0.0, 0.0]))) == "known"
    assert gradient_status(judged(of, gave(gradient=RIGHT))) == "diverges"
    # what is stated without a reason replaces nothing: it holds, and the exact gradient does not
    of = one(tmp_path, f"{BOTH}, expect: {{torch: {{gradient: [[0.0, 0.0]]}}}}")
    assert gradient_status(judged(of, gave(gradient=[0.0, 0.0]))) == "diverges"


def test_no_share_of_the_bound_is_told_of_a_number_that_is_not_finite(tmp_path: Path) -> None:
    of = one(tmp_path, "tolerance: auto")
    finite = judgement_lines(judged(of, gave(loss=np.float32(0.75))), True)[-1]
    nothing = judgement_lines(judged(of, gave(loss=np.float32(np.nan))), True)[-1]
    assert "; error " in finite
    assert finite.startswith(nothing)
    assert "error" not in nothing


# ---- through the command, in every format --------------------------------------------------------

CASES = """
defaults: {loss: sparse_categorical, logits: [[0.0, 0.0]], labels: [0]}
cases:
  - {name: both, check: [value, gradient]}
  - {name: alone, check: gradient}
  - {name: stated, expect: {"f.py:f": {sum: 99.5}}}
"""
FUNCTION = """
import numpy as np
def f(logits, labels): return np.full(len(labels), np.log(2), logits.dtype)
"""
WHY = (
    "gradient not compared: "
    "a NumPy function has no gradient, unless it returns one beside the losses"
)
FORMATS = ("table", "json", "jsonl", "junit", "markdown", "github", "html", "sarif")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cases, run once, with a report of each format."""
    folder = tmp_path_factory.mktemp("gaps")
    (folder / "c.yaml").write_text(CASES)
    (folder / "f.py").write_text(FUNCTION)
    reports = [part for name in FORMATS for part in ("--report", f"{name}={name}")]
    assert xent_check(folder, "run", "c.yaml", "-i", "./f.py:f", *reports).code == 1
    return folder


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_what_was_not_compared(ran: Path, name: str) -> None:
    text = " ".join((ran / name).read_text().split())
    assert WHY in text
    assert "states sum 99.5, not compared: your function gives the losses alone" in text.replace(
        "\\", ""
    )


def test_the_statuses_and_the_counts(ran: Path) -> None:
    run = json.loads((ran / "json").read_text())
    assert [r["status"] for r in run["results"]] == ["agrees", "unsupported", "diverges"]
    assert run["summary"]["compared"] == 2
    assert run["results"][2]["totals"]["sum"]["expected"] == 99.5
    suite = ElementTree.parse(ran / "junit").getroot()
    (suite,) = suite.iter("testsuite")
    assert (suite.get("failures"), suite.get("skipped")) == ("1", "1")
    assert suite.findtext("testcase/system-out") == f"note: {WHY}"


def test_judged_again_the_same_is_missing(ran: Path) -> None:
    saved = load_report(ran / "json")
    for report in (saved, rejudge(saved, "auto")):
        assert [r.status for r in report.results] == ["agrees", "unsupported", "diverges"]
        assert [r.reason for r in report.results] == [r.reason for r in saved.results]
        assert report.results[0].notes == (WHY,)
    text = " ".join(reporter("table").render(saved, Terminal(80)).split())
    assert f"note: f.py:f on 2 cases, the first c.yaml::both: {WHY}" in text


def test_a_gap_is_said_though_the_reason_has_the_name_of_the_part(tmp_path: Path) -> None:
    comparison = judged(one(tmp_path, BOTH), gave()).comparison
    assert comparison is not None
    for told in ("", "its gradient is another", "gradient not compared: for want of time"):
        assert gaps(comparison, told) == ("gradient not compared: it has none",)
    assert gaps(comparison, "gradient not compared: it has none") == ()


def test_a_strict_run_that_is_judged_again_without_being_so_says_it_still(tmp_path: Path) -> None:
    strict = judged(one(tmp_path, BOTH), gave(), strict=True)
    assert strict.notes == ()
    (same,) = rejudge(replace(report_of(strict), strict=True), "auto").results
    assert (same.status, same.reason, same.notes) == ("diverges", strict.reason, ())
    (again,) = rejudge(report_of(strict), "auto").results
    assert (again.status, again.notes) == ("agrees", ("gradient not compared: it has none",))


@pytest.mark.parametrize("key", ["f.py:f", "./f.py:f", "x/../f.py:f"])
@pytest.mark.parametrize("name", ["f.py:f", "./f.py:f"])
def test_an_expectation_is_found_however_the_file_is_written(
    tmp_path: Path, key: str, name: str
) -> None:
    (tmp_path / "f.py").write_text(FUNCTION)
    (tmp_path / "c.yaml").write_text(f"{CASE}expect: {{'{key}': {{losses: [9.5]}}}}}}")
    assert xent_check(tmp_path, "run", "c.yaml", "-i", name).code == 1


def test_a_run_of_nothing_else_exits_3_and_a_strict_one_1(ran: Path) -> None:
    assert xent_check(ran, "run", "c.yaml::alone", "-i", "f.py:f").code == 3
    assert xent_check(ran, "run", "c.yaml::both", "-i", "f.py:f").code == 0
    assert xent_check(ran, "run", "c.yaml::both", "-i", "f.py:f", "--strict").code == 1
