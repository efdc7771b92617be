"""What the further checks of a case find: a divergence with its id, unless the case declares it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.fakes import conduct as fakes
from tests.support.loaded import posed_cases
from xent_check import check
from xent_check.casefile.loading import PosedCase
from xent_check.implementations.conduct import with_conduct
from xent_check.implementations.declaration import Returns
from xent_check.implementations.names import parse
from xent_check.implementations.own.asking import ask, user_loss
from xent_check.problem.conduct import Conduct
from xent_check.reference.truth import truth
from xent_check.reporters.explanation import text_of
from xent_check.reporters.formats import Terminal
from xent_check.reporters.repro import script
from xent_check.results.attached_diagnosis import diagnosed
from xent_check.results.behaviour import unusual
from xent_check.results.explanation import explain_result
from xent_check.results.report import CaseResult
from xent_check.results.verdict import judge

CHECKS = ["value", "inputs", "repeatable", "batch"]
THREE: dict[str, Any] = {
    "logits": np.array(
        [[1.0, 2.0, 3.0, 1.5, 0.0], [4.0, 1.0, 0.5, 0.0, 1.0], [200.0, 0.0, 0.0, 3.0, 4.0]],
        np.float32,
    ),
    "labels": np.array([0, 2, 1]),
}
CASE = "{loss: sparse_categorical, logits: [[1.0, 2.0, 0.5], [2.0, 0.0, 4.0]], labels: [0, 2], "


@pytest.fixture(autouse=True)
def anew() -> None:
    fakes._CALLS.clear()


def checked(function: Any, checks: Any = CHECKS, tolerance: Any = "auto", **case: Any) -> Any:
    """The result of the loss on three rows, or on the case."""
    of = case if "logits" in case else THREE | case
    (result,) = check(function, check=checks, tolerance=tolerance, **of).results
    return result


def one(folder: Path, more: str) -> PosedCase:
    (posed,) = posed_cases(f"{CASE}{more}}}", folder)
    return posed


def judged(of: PosedCase, function: Any, returns: Returns = "losses") -> CaseResult:
    loss = user_loss(function, "mine", "numpy")
    evaluation = with_conduct(of.problem, lambda problem: ask(problem, loss, returns))
    entry = next(iter(of.expectations.get("torch", ())), None)
    exact = truth(of.problem)
    return diagnosed(judge(of.case, of.problem, "torch", evaluation, exact, entry))


def ids(result: Any) -> list[str]:
    return [explanation.id for explanation in result.explanations]


@pytest.mark.parametrize(
    ("name", "found", "words"),
    [
        ("overwrites_logits", "input-overwritten",
         "it overwrites the logits (13 of 15 entries) that it was given: the caller's array is "
         "destroyed"),
        ("overwrites_labels", "input-overwritten",
         "it overwrites the labels (1 of 3 entries) that it was given: the caller's array is "
         "destroyed"),
        ("state", "not-repeatable",
         "a second call gives other bits: sample [2] is 200, then 400, 200 apart (3 of 3 differ)"),
        ("raises_again", "not-repeatable",
         "a second call with the same arrays raised RuntimeError: workspace freed"),
        ("workspace", "not-repeatable", "a second call gives other bits: sample [0] is "),
        ("wrong_alone", "row-dependent",
         "a loss depends on the other rows: sample [2] is 0 alone and 200 among 3 samples, "
         "exactly 200"),
    ],
)  # fmt: skip
def test_what_no_loss_should_do_is_found_where_its_numbers_are_right(
    name: str, found: str, words: str
) -> None:
    result = checked(getattr(fakes, name))
    assert result.status == "diverges"
    assert ids(result) == [found]
    assert result.reason is not None
    assert result.reason.startswith(words)
    fakes._CALLS.clear()
    assert checked(getattr(fakes, name), "value").status == "agrees"


def test_one_ulp_of_noise_is_found_though_every_tolerance_accepts_it() -> None:
    result = checked(fakes.noise, tolerance=0.5)
    assert ids(result) == ["not-repeatable"]
    # 5 float32 spacings of 2.57 are 2^-22 each: nextafter moves the loss by one
    assert f"{2.0**-22:.3g}".replace("e-0", "e-") in (result.reason or "")
    assert "(1 of 3 differ)" in (result.reason or "")


@pytest.mark.parametrize("name", ["global_maximum", "drops_the_last_row", "sums_over_the_batch"])
def test_a_wrong_loss_that_is_right_in_other_company_says_why(name: str) -> None:
    result = checked(getattr(fakes, name))
    assert result.status == "diverges"
    assert "row-dependent" in ids(result)
    assert "a loss depends on the other rows: sample " in (result.reason or "")


@pytest.mark.parametrize("checks", [CHECKS, "batch", "repeatable", "inputs"])
@pytest.mark.parametrize("tolerance", ["auto", 2e-6])
def test_a_right_loss_does_none_of_it(checks: Any, tolerance: Any) -> None:
    result = checked(fakes.right, checks, tolerance)
    assert (result.status, result.reason) == ("agrees", None)


def test_numbers_within_the_tolerance_may_depend_on_the_company() -> None:
    """In a batch float16, alone float32: 2^-11 of a loss apart, which 1e-2 allows."""
    near = THREE["logits"] * np.float32(0.125)
    assert checked(fakes.small_spread, "batch", tolerance=5e-2, logits=near,
                   labels=THREE["labels"]).status == "agrees"  # fmt: skip
    result = checked(fakes.small_spread, "batch", logits=near, labels=THREE["labels"])
    assert "row-dependent" in ids(result)


def test_digits_lost_to_an_offset_are_no_dependence_on_rows() -> None:
    """The loss, 4e-44, is wrong by an ulp of 10,000 in a batch, and right alone by luck."""
    far = np.array([[10_000, 9_900], [9_900, 10_000]], np.float32)
    result = checked(fakes.offset, "batch", logits=far, labels=np.array([0, 1]))
    assert result.status == "diverges"
    assert "row-dependent" not in ids(result)


def test_two_wrong_answers_claim_nothing() -> None:
    result = checked(lambda logits, labels: fakes.right(logits, labels) + len(labels), "batch")
    assert result.status == "diverges"
    assert "row-dependent" not in ids(result)


def test_what_a_second_call_changes_is_not_blamed_on_the_rows() -> None:
    calls = iter(range(100))

    def worse(logits: Any, labels: Any) -> Any:
        return fakes.right(logits, labels) + logits.dtype.type(next(calls) > 0)

    result = checked(worse)
    assert ids(result) == ["not-repeatable"]
    assert any("batch not compared: its second call gives" in n for n in result._result.notes)


# ---- totals alone -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mean_but_of_one", "alone, sample [0] has the mean 0, exactly 2.57443794; that of all is "
         "right"),
        ("mean_by_place", "the mean depends on the order of the samples: it is "),
        ("mean_by_the_first", None),
    ],
)  # fmt: skip
def test_a_total_alone_is_held_in_other_company(
    name: str, words: str | None, tmp_path: Path
) -> None:
    """Of the first three rows the last has the largest loss; the last in reverse does not."""
    rows = "logits: [[1.0, 2.0, 3.0, 1.5, 0.0], [4.0, 1.0, 0.5, 0.0, 1.0], [200.0, 0, 0, 3, 4]], "
    text = f"{{loss: sparse_categorical, {rows} labels: [0, 2, 1], reduction: mean, check: batch, "
    (of,) = posed_cases(f"{text} tolerance: auto}}", tmp_path)
    assert judged(of, fakes.mean, "mean").status == "agrees"
    result = judged(of, getattr(fakes, name), "mean")
    assert result.status == "diverges"
    assert result.diagnosis is not None
    assert "row-dependent" in [e.id for e in result.diagnosis.conduct]
    assert (words or "each of 3 samples alone is right, and the mean of all is not") in (
        result.reason or ""
    )


def test_a_sum_alone_of_each_sample_is_its_loss(tmp_path: Path) -> None:
    of = one(tmp_path, "reduction: sum, check: batch, tolerance: auto")
    assert judged(of, lambda logits, labels: fakes.right(logits, labels).sum(), "sum").status == (
        "agrees"
    )


# ---- what was not checked, and what is declared -------------------------------------------------


def test_what_cannot_be_checked_is_said(tmp_path: Path) -> None:
    of = one(tmp_path, "check: [value, batch]")
    result = judged(of, fakes.batches_alone)
    why = "batch not compared: asked for sample [0] alone, it raised ValueError: a batch, please"
    assert result.status == "agrees"
    assert result.notes == (why,)
    strict = judge(of.case, of.problem, "mine", result.evaluation, truth(of.problem), None, True)  # type: ignore[arg-type]
    assert (strict.status, strict.reason) == ("diverges", why)


def test_a_check_alone_is_a_comparison(tmp_path: Path) -> None:
    of = one(tmp_path, "check: [inputs]")
    assert judged(of, fakes.right).status == "agrees"
    of = one(tmp_path, "check: [batch]")
    assert judged(of, fakes.batches_alone).status == "unsupported"


KNOWN = 'check: [value, inputs, repeatable], expect: {torch: {conduct: %s, because: "it is"}}'


def test_declared_conduct_is_known_and_nothing_else_is(tmp_path: Path) -> None:
    of = one(tmp_path, KNOWN % "input-overwritten")
    result = judged(of, fakes.overwrites_logits)
    assert (result.status, result.reason) == ("known", "it is")
    assert unusual(result) == "inputs"
    fakes._CALLS.clear()
    result = judged(of, fakes.state)
    assert result.status == "diverges"
    assert (result.reason or "").startswith("a second call gives other bits")
    assert (result.reason or "").endswith(
        "its declared input-overwritten no longer happens; remove it from `conduct`"
    )


def test_declared_conduct_excuses_no_number(tmp_path: Path) -> None:
    def both(logits: Any, labels: Any) -> Any:
        return fakes.overwrites_logits(logits, labels) + logits.dtype.type(1)

    of = one(tmp_path, KNOWN % "input-overwritten")
    result = judged(of, both)
    assert (result.status, result.reason) == ("diverges", "not what `expect` states for it")


def test_declared_conduct_that_is_not_checked_any_more_diverges(tmp_path: Path) -> None:
    of = one(tmp_path, KNOWN.replace("repeatable", "batch") % "row-dependent")
    result = judged(of, fakes.batches_alone)
    assert result.status == "diverges"
    assert (result.reason or "").startswith("`expect` states row-dependent, not compared: asked")


# ---- what is said of it elsewhere ---------------------------------------------------------------


def test_explain_says_that_it_was_found_and_not_that_it_gives_the_numbers(tmp_path: Path) -> None:
    rows = "logits: [[200.0, 0, 0], [1.0, 2.0, 3.0]], labels: [0, 1], check: [value, batch]"
    (of,) = posed_cases(f"{{loss: sparse_categorical, {rows}}}", tmp_path)
    explained = explain_result(judged(of, fakes.sums_over_the_batch))
    assert explained is not None
    text = text_of([explained], Terminal(width=200))
    assert text.startswith(f"torch on {of.case.id}: a sample's loss depends on the other rows (")
    assert "explanations that were tried gives any of the numbers.\n" in text
    assert text.rstrip().endswith(
        "row-dependent: found by further calls: a sample's loss depends on the other rows"
    )


def test_a_script_says_what_it_does_not_show(tmp_path: Path) -> None:
    of = one(tmp_path, "check: [value, inputs]")
    loss = user_loss(fakes.right, "mine")
    evaluation = replace(ask(of.problem, loss), conduct=Conduct({"logits": 6, "labels": 2}))
    result = judge(of.case, of.problem, "stable", evaluation, truth(of.problem), None)
    assert result.reason == (
        "it overwrites the logits (6 of 6 entries) and the labels (2 of 2 entries) that it was "
        "given: the caller's arrays are destroyed"
    )
    text = script(of, parse("stable"), result).replace("\n# ", " ")
    assert f"Not shown here, and found by further calls: {result.reason}" in text
