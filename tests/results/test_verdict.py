"""From evaluation to verdict: strict known divergences, honest absences, exit codes."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from xent_check.casefile.loading import Filter, PosedCase, load
from xent_check.errors import ExitCode
from xent_check.history.rejudge import rejudge
from xent_check.problem.evaluation import Computed, Evaluation, Failed, Missing, Unsupported
from xent_check.problem.tolerance import Tolerance
from xent_check.reference.bounds import bounds
from xent_check.reference.reference import reference
from xent_check.reference.truth import Truth
from xent_check.results import attached_diagnosis as reasons
from xent_check.results.attached_diagnosis import diagnosed
from xent_check.results.report import STATUSES, CaseResult, Report, Status
from xent_check.results.verdict import judge, judge_pinned, verdict

# Two samples of two equal logits: each loss is log 2, the mean too, the sum 2 log 2.
CASE = """
loss: sparse_categorical
logits: [[0, 0], [0, 0]]
labels: [0, 1]
reduction: [mean, sum]
tolerance: 1.0e-6
expect:
"""
LOG2 = 0.6931472


def posed(folder: Path, expect: str, base: str = CASE) -> PosedCase:
    """The case with these expectations, through the loader."""
    file = folder / "case.yaml"
    file.write_text(base + textwrap.indent(textwrap.dedent(expect), "  "), encoding="utf-8")
    (loaded,) = load((str(file),), Filter())
    return loaded


def gave(losses: list[float], mean: float | None = None, total: float | None = None) -> Computed:
    """An answer whose totals follow from its losses unless they are given."""
    array: npt.NDArray[Any] = np.array(losses, dtype=np.float32)
    with np.errstate(invalid="ignore"):
        totals: dict[Any, Any] = {
            "mean": np.float32(array.mean() if mean is None else mean),
            "sum": np.float32(array.sum() if total is None else total),
        }
    return Computed(array, {r: np.asarray(t) for r, t in totals.items()}, "call", 0.0)


def judged(
    of: PosedCase, evaluation: Evaluation, name: str = "torch", entry: int = 0
) -> CaseResult:
    """The result, with the expectation that the case has for `name`."""
    entries = of.expectations.get(name, ())
    expectation = entries[entry] if entries else None
    return judge(of.case, of.problem, name, evaluation, truth(of), expectation)


def truth(of: PosedCase) -> Truth:
    """The reference, and what rounding can explain."""
    exact = reference(of.problem)
    return Truth(exact, bounds(of.problem, exact))


RIGHT = [LOG2, LOG2]
WRONG = [0.5, LOG2]
NOTHING = "keras: {losses: [0.6931472, 0.6931472]}"  # an entry for another implementation
ERROR = Failed("error", "IndexError: Target 9 is out of bounds.")


def test_the_reference_is_what_counts_without_an_expectation(tmp_path: Path) -> None:
    of = posed(tmp_path, NOTHING)
    assert judged(of, gave(RIGHT)).status == "agrees"
    assert judged(of, gave(WRONG)).status == "diverges"
    assert judged(of, gave(RIGHT, mean=0.7)).status == "diverges"
    assert judged(of, gave(RIGHT, total=1.0)).status == "diverges"


def test_numbers_of_another_shape_are_declared_as_an_error(tmp_path: Path) -> None:
    shapeless = Computed(
        np.array(RIGHT, np.float32), {"mean": np.zeros(0, np.float32)}, "call", 0.0
    )
    assert judged(posed(tmp_path, NOTHING), shapeless).status == "diverges"
    of = posed(tmp_path, "torch: {error: 'mean of shape [0]', because: nothing to average}")
    assert judged(of, shapeless).status == "known"
    assert judged(of, gave(RIGHT)).status == "diverges"
    of = posed(tmp_path, "torch: {error: 'sum of shape', because: nothing to add up}")
    assert judged(of, shapeless).status == "diverges"


def test_published_numbers_must_hold_and_agree_with_the_reference(tmp_path: Path) -> None:
    of = posed(tmp_path, "torch: {losses: [0.693, 0.693]}")
    assert judged(of, gave(RIGHT)).status == "agrees"
    of = posed(tmp_path, "torch: {losses: [0.500, 0.693]}")
    missed = judged(of, gave(RIGHT))
    assert (missed.status, missed.reason) == ("diverges", "not what `expect` states for it")
    assert judged(of, gave(WRONG)).status == "diverges"  # as stated, and not the truth: no because


KNOWN = 'torch: {losses: [0.500000, 0.6931472], because: "it halves the first"}'


def test_a_known_divergence_that_happens_is_known_by_its_reason(tmp_path: Path) -> None:
    result = judged(posed(tmp_path, KNOWN), gave(WRONG))
    assert (result.status, result.reason) == ("known", "it halves the first")


def test_a_known_divergence_that_is_gone_diverges(tmp_path: Path) -> None:
    result = judged(posed(tmp_path, KNOWN), gave(RIGHT))
    assert result.status == "diverges"


def test_a_known_divergence_that_states_what_is_true_is_gone_too(tmp_path: Path) -> None:
    stated = 'torch: {losses: [0.6931472, 0.6931472], because: "it was wrong once"}'
    result = judged(posed(tmp_path, stated), gave(RIGHT))
    assert result.status == "diverges"
    assert result.reason is not None
    assert "no longer happens" in result.reason
    assert "it was wrong once" in result.reason


def test_a_known_divergence_with_another_value_diverges(tmp_path: Path) -> None:
    of = posed(tmp_path, KNOWN)
    for other in ([0.4, LOG2], [float("nan"), LOG2], [0.5, 0.5], [float("inf"), LOG2]):
        assert judged(of, gave(other)).status == "diverges"


def test_totals_beside_stated_losses_follow_from_those(tmp_path: Path) -> None:
    of = posed(tmp_path, KNOWN)
    assert judged(of, gave(WRONG, mean=(0.5 + LOG2) / 2)).status == "known"
    assert judged(of, gave(WRONG, mean=LOG2)).status == "diverges"  # the reference's own mean
    assert judged(of, gave(WRONG, total=2 * LOG2)).status == "diverges"


def test_what_a_known_divergence_does_not_state_is_judged_as_usual(tmp_path: Path) -> None:
    of = posed(tmp_path, 'torch: {mean: 1.5, because: "it divides by the weights"}')
    assert judged(of, gave(RIGHT, mean=1.5)).status == "known"
    assert judged(of, gave(WRONG, mean=1.5, total=2 * LOG2)).status == "diverges"
    assert judged(of, gave(RIGHT, mean=1.5, total=1.0)).status == "diverges"


@pytest.mark.parametrize(
    ("because", "status"), [("", "agrees"), (', because: "labels are checked"', "known")]
)
def test_an_error_is_expected_by_a_text_that_its_message_contains(
    tmp_path: Path, because: str, status: Status
) -> None:
    of = posed(tmp_path, f'torch: {{error: "out of bounds"{because}}}')
    assert judged(of, ERROR).status == status
    assert judged(of, Failed("error", "ValueError: labels")).status == "diverges"
    assert judged(of, gave(RIGHT)).status == "diverges"


@pytest.mark.parametrize("kind", ["crash", "timeout", "import"])
def test_only_a_raised_error_meets_an_expected_one(tmp_path: Path, kind: Any) -> None:
    of = posed(tmp_path, 'torch: {error: "out of bounds", because: "labels are checked"}')
    assert judged(of, Failed(kind, "out of bounds")).status == "failed"


def test_an_error_where_numbers_were_expected_is_a_failure_that_says_so(tmp_path: Path) -> None:
    assert judged(posed(tmp_path, NOTHING), ERROR).status == "failed"
    result = judged(posed(tmp_path, KNOWN), ERROR)
    assert result.status == "failed"
    assert "numbers were expected" in str(result.reason)


def test_unsupported_with_an_expectation_is_a_note_and_without_one_is_none(tmp_path: Path) -> None:
    answer = Unsupported("no such loss")
    expected, plain = (judged(posed(tmp_path, e), answer) for e in (KNOWN, NOTHING))
    assert (expected.status, expected.reason, len(expected.notes)) == (
        "unsupported", "no such loss", 1,
    )  # fmt: skip
    assert (plain.status, plain.notes) == ("unsupported", ())


def test_missing_stays_missing(tmp_path: Path) -> None:
    result = judged(posed(tmp_path, KNOWN), Missing("torch is not installed"))
    assert (result.status, result.reason) == ("missing", "torch is not installed")


def test_losses_of_another_shape_diverge_and_nothing_is_broadcast(tmp_path: Path) -> None:
    result = judged(posed(tmp_path, NOTHING), gave([LOG2]))
    assert result.status == "diverges"
    assert result.comparison is None
    assert "shape [1]" in str(result.reason)


def test_another_dtype_than_the_cases_is_noted(tmp_path: Path) -> None:
    of = posed(tmp_path, NOTHING)
    answer = replace(gave(RIGHT), losses=np.full(2, np.log(2)))
    assert any("float64" in note for note in judged(of, answer).notes)
    assert not any("float64" in note for note in judged(of, gave(RIGHT)).notes)


def test_what_an_implementation_printed_is_noted(tmp_path: Path) -> None:
    of = posed(tmp_path, NOTHING)
    noisy = judged(of, replace(gave(RIGHT), printed="hello\nworld\n"))
    assert any("hello world" in note for note in noisy.notes)
    for length, shown in ((80, "a" * 80), (81, f"{'a' * 77}... (all of it is in `--report json`)")):
        noisy = judged(of, replace(gave(RIGHT), printed="a" * length))
        assert f"it printed to stdout: {shown}" in noisy.notes


# ---- the pinned reference ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pinned", "status"),
    [
        ("{losses: [0.6931472, 0.6931472], mean: 0.6931472, sum: 1.3862944}", "agrees"),
        ("{losses: [0.6931472, 0.700000]}", "diverges"),
        ("{mean: 0.700000}", "diverges"),
    ],
)
def test_the_pinned_reference_must_be_the_exact_value(
    tmp_path: Path, pinned: str, status: Status
) -> None:
    of = posed(tmp_path, f"reference: {pinned}")
    result = judge_pinned(of, truth(of))
    assert result is not None
    assert (result.implementation, result.status) == ("reference", status)
    assert result.comparison is not None
    assert result.comparison.asked == {"losses", "mean", "sum"}  # what the case asks for, of all
    assert verdict(result, True) == (result.status, result.reason)
    assert (result.evaluation, result.notes, result.vacuous) == (None, (), None)


# ---- versions ---------------------------------------------------------------------------------

VERSIONED = """
torch:
  - {losses: [0.5, 0.6931472], because: "as of 2", versions: ">=2,<3"}
  - {losses: [0.25, 0.6931472], because: "as of 3", versions: ">=3"}
"""


@pytest.mark.parametrize(
    ("version", "applies"),
    [
        ("1.13.1", [False, False]),
        ("2.0", [True, False]),
        ("2.13.0+cpu", [True, False]),
        ("3.0.0rc1", [False, False]),  # PEP 440: before 3, and <3 leaves its pre-releases out
        ("3.0", [False, True]),
    ],
)
def test_a_versions_specifier_limits_an_entry(
    tmp_path: Path, version: str, applies: list[bool]
) -> None:
    entries = posed(tmp_path, VERSIONED).expectations["torch"]
    assert [entry.applies_to(version) for entry in entries] == applies


def test_an_entry_without_versions_is_about_every_version(tmp_path: Path) -> None:
    (entry,) = posed(tmp_path, KNOWN).expectations["torch"]
    assert entry.applies_to("0.0.1")
    assert entry.applies_to("unknown")


# ---- exit codes -------------------------------------------------------------------------------


def report(*statuses: Status, required: bool = False, of: CaseResult) -> Report:
    """A report of results with these statuses."""
    results = tuple(replace(of, status=status, required=required) for status in statuses)
    return Report(results, cases=1, implementations=("torch",), hosts={}, seconds=0.0)


@pytest.fixture
def one(tmp_path: Path) -> CaseResult:
    return judged(posed(tmp_path, NOTHING), gave(RIGHT))


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        (("agrees",), ExitCode.AGREES),
        (("known",), ExitCode.AGREES),
        (("agrees", "known", "unsupported", "missing"), ExitCode.AGREES),
        (("agrees", "diverges"), ExitCode.DIVERGES),
        (("agrees", "failed"), ExitCode.FAILED),
        (("diverges", "failed"), ExitCode.DIVERGES),
        (("unsupported",), ExitCode.NOTHING_COMPARED),
        (("missing", "unsupported"), ExitCode.NOTHING_COMPARED),
        (("failed", "missing"), ExitCode.FAILED),
        ((), ExitCode.NOTHING_COMPARED),
    ],
)
def test_the_exit_code_of_statuses(
    statuses: tuple[Status, ...], code: ExitCode, one: CaseResult
) -> None:
    assert report(*statuses, of=one).exit_code == code


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        (("agrees", "missing"), ExitCode.FAILED),
        (("missing",), ExitCode.FAILED),
        (("diverges", "missing"), ExitCode.DIVERGES),
        (("agrees", "unsupported"), ExitCode.AGREES),
    ],
)
def test_what_is_required_and_missing_is_a_failure(
    statuses: tuple[Status, ...], code: ExitCode, one: CaseResult
) -> None:
    assert report(*statuses, required=True, of=one).exit_code == code


def test_no_combination_with_a_divergence_or_a_failure_succeeds(one: CaseResult) -> None:
    for statuses in product(STATUSES, repeat=3):
        made = report(*statuses, of=one)
        if "diverges" in statuses:
            assert (made.exit_code, made.verdict) == (1, "diverges")
        elif "failed" in statuses:
            assert (made.exit_code, made.verdict) == (4, "failed")
        elif not {"agrees", "known"} & set(statuses):
            assert (made.exit_code, made.verdict) == (3, "nothing compared")
        else:
            assert (made.exit_code, made.verdict) == (0, "agrees")
        assert sum(made.counts.values()) == 3


def test_the_contracts_exit_codes_are_these_numbers() -> None:
    assert {code.name: int(code) for code in ExitCode} == {
        "AGREES": 0, "DIVERGES": 1, "USAGE": 2, "NOTHING_COMPARED": 3, "FAILED": 4,
        "INTERRUPTED": 130, "TERMINATED": 143,
    }  # fmt: skip


def test_a_divergence_is_explained_unless_its_problem_is_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = posed(tmp_path, NOTHING)
    doubled = judged(of, gave([2 * LOG2, 2 * LOG2]))
    assert diagnosed(doubled).diagnosis is not None
    monkeypatch.setattr(reasons, "MAX_VALUES", of.problem.values.size - 1)
    assert diagnosed(doubled).diagnosis is None


def test_a_reason_stays_while_the_numbers_diverge_and_no_longer(tmp_path: Path) -> None:
    of = posed(tmp_path, NOTHING)
    result = diagnosed(judged(of, gave([2 * LOG2, 2 * LOG2])))
    report = Report((result,), 1, ("torch",), {}, 0.0)
    for atol, status, reason in ((0.1, "diverges", result.diagnosis), (1.5, "agrees", None)):
        (again,) = rejudge(report, Tolerance(atol=atol)).results
        assert (again.status, again.diagnosis) == (status, reason)
    assert result.diagnosis is not None


def test_a_divergence_of_one_total_is_explained_by_that_total(tmp_path: Path) -> None:
    of = posed(tmp_path, NOTHING)
    result = diagnosed(judged(of, gave(RIGHT, mean=2 * LOG2)))
    assert result.diagnosis is not None
    assert result.diagnosis.explanations[0].ids == ("sum",)


def test_a_divergence_that_float64_cannot_hold_is_no_rounding(tmp_path: Path) -> None:
    """The mean of twice 1.5e308 is 1.5e308, their sum inf in float64."""
    base = CASE.replace("[[0, 0], [0, 0]]", "[[1.5e308, 0], [1.5e308, 0]]")
    base = base.replace("labels: [0, 1]", "labels: [1, 1]\ndtype: float64")
    of = posed(tmp_path, NOTHING, base)
    losses, infinite = np.array([1.5e308, 1.5e308]), np.asarray(np.inf)
    result = judged(of, Computed(losses, {"mean": infinite, "sum": infinite}, "call", 0.0))
    assert result.status == "diverges"  # in the mean
    found = diagnosed(result).diagnosis
    assert found is not None
    assert found.explanations[0].ids == ("overflow",)


@pytest.mark.parametrize(
    ("evaluation", "status"),
    [
        (Unsupported("no gradient"), "unsupported"),
        (Missing("not installed"), "missing"),
        (ERROR, "failed"),
        (gave([LOG2, LOG2, LOG2]), "diverges"),  # of another shape, and not by the words declared
        (gave(RIGHT), "diverges"),
    ],
)
def test_a_result_that_is_judged_again_has_the_status_it_had(
    evaluation: Evaluation, status: Status, tmp_path: Path
) -> None:
    declared = "torch: {error: nothing like it, because: why}"
    result = judged(posed(tmp_path, declared), evaluation)
    if status == "failed":
        result = judged(posed(tmp_path, NOTHING), evaluation)
    assert result.status == status
    assert verdict(result, False) == (status, result.reason)
