"""A user's own loss beside what a case declares: of it, and of its framework's own functions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from textwrap import indent

import numpy as np
import pytest

from tests.support.answered import answered, posed, right
from tests.support.command import Command
from tests.support.fake import fake
from tests.support.loaded import posed_cases
from xent_check.casefile.loading import Filter
from xent_check.implementations.names import parse
from xent_check.problem.evaluation import Computed
from xent_check.problem.vocabulary import Reduction
from xent_check.reference.truth import truth
from xent_check.results.report import CaseResult
from xent_check.running.jobs import Job
from xent_check.running.judging import result_of

RIGHT = fake("own", "any_axes")
MEAN = fake("own", "the_mean")
CASES = """\
defaults: {loss: sparse_categorical, logits: [[2.0, 1.0, 0.1], [0.5, 2.5, 0.3]]}
cases:
  - {name: outside, labels: [0, 3], expect: {manual: {error: out of bounds, because: no}}}
  - name: as-stable
    logits: [[20.0, 0.0]]
    labels: [0]
    tolerance: {rtol: 0.001, ulps: 1}
    implementations: [stable]
    expect: {stable: {losses: [0.0], because: log of a rounded sum}}
  - {name: plain, labels: [0, 1]}
"""


@pytest.fixture
def command(tmp_path: Path) -> Command:
    command = Command(tmp_path)
    command.cases.write_text(CASES)
    return command


def statuses(command: Command, *names: str) -> dict[tuple[str, str], str]:
    report = command.report(*(part for name in names for part in ("-i", name)))
    return {
        (r["implementation"], r["case"].rpartition("::")[2]): r["status"] for r in report["results"]
    }


def test_labels_outside_the_classes_are_asked_only_where_the_case_says_of_it(
    command: Command,
) -> None:
    assert statuses(command, RIGHT)[RIGHT, "outside"] == "unsupported"
    text = CASES.replace("{manual: {error", f"{{'{RIGHT}': {{error")
    command.cases.write_text(text)
    assert statuses(command, RIGHT)[RIGHT, "outside"] == "known"


def test_what_a_case_declares_of_an_implementation_excuses_no_loss_that_a_user_wrote(
    command: Command,
) -> None:
    """The rounded sum of exponentials of a NumPy formula, for which the case excuses `stable`."""
    assert statuses(command, RIGHT)[RIGHT, "as-stable"] == "diverges"


def test_a_function_of_a_library_diverges_as_the_library_is_declared_to(tmp_path: Path) -> None:
    """And in no other way; a loss is given as what it was found to be."""
    (posed,) = posed_cases(CASES, tmp_path, Filter(texts=("as-stable",)))
    job = Job(posed, parse(RIGHT), {})
    answer = Computed(np.array([0.0], np.float32), {}, "f(logits, labels)", 0.0)
    exact = truth(posed.problem)
    known = result_of(job, answer, exact, strict=False, found_out={"library": "stable"})
    assert (known.status, known.reason) == ("known", "as stable: log of a rounded sum")
    other = result_of(job, answer, exact, strict=False, found_out={"library": "torch"})
    assert other.status == "diverges"
    assert result_of(job, answer, exact, strict=False).status == "diverges"
    more = replace(answer, losses=np.array([1e-6], np.float32))
    other = result_of(job, more, exact, strict=False, found_out={"library": "stable"})
    assert other.status == "diverges"


@pytest.mark.parametrize("function", ["wrong_beyond_two_axes", "mean_over_the_first_axis"])
def test_a_wrong_answer_in_more_axes_is_not_asked_for_in_two(
    command: Command, function: str
) -> None:
    """Flattened, it would agree: both are right there."""
    name = fake("own", function)
    text = "loss: sparse_categorical\nlogits: [[[2.0, 1.0], [0.5, 2.5]]]\nlabels: [[0, 1]]\n"
    command.cases.write_text(f"cases: [{{name: plain}}]\ndefaults:\n{indent(text, '  ')}")
    assert statuses(command, name)[name, "plain"] == "diverges"


LOGITS = np.array([[2.0, 1.0, 0.1], [0.5, 2.5, 0.3]])
OF_MEANS = """\
defaults:
  loss: sparse_categorical
  logits: [[2.0, 1.0, 0.1], [0.5, 2.5, 0.3]]
  labels: [0, 1]
  check: [value, gradient]
cases:
  - {name: plain}
  - {name: none, labels: [-100, -100], ignore_index: -100}
  - {name: weighted, class_weight: [1, 3, 1]}
  - {name: expected, expect: {'f.py:f': {gradient: [[-1, 1, 0], [2, -2, 0]], because: no}}}
"""


def held(folder: Path, case: str, of: Reduction, divisor: float, factor: float = 1.0) -> CaseResult:
    """The result of a loss that gives the mean alone: p - t, weighted, over the divisor."""
    (posed,) = posed_cases(OF_MEANS, folder, Filter(texts=(case,)))
    p = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    weights = np.array([[1.0], [3.0]]) if case == "weighted" else np.ones((2, 1))
    losses = -np.log(p[[0, 1], [0, 1]]) * weights[:, 0]
    gradient = (p - np.eye(2, 3)) * weights / divisor * factor
    mean = np.asarray(losses.sum() / divisor, np.float32)
    answer = Computed(
        np.empty(0, np.float32), {of: mean}, "f()", 0.0, gradient.astype(np.float32),
        gradient_of=of, only_totals="a mean alone",
    )  # fmt: skip
    return result_of(Job(posed, parse("f.py:f"), {}), answer, truth(posed.problem), strict=False)


@pytest.mark.parametrize(
    ("case", "of", "divisor"),
    [("plain", "mean", 2), ("weighted", "weighted_mean", 4), ("weighted", "mean", 2)],
)
def test_the_gradient_of_a_mean_alone_is_held_against_that(
    case: str, of: Reduction, divisor: float, tmp_path: Path
) -> None:
    right = held(tmp_path, case, of, divisor)
    assert right.status == "agrees"
    assert right.comparison is not None
    assert right.comparison.gradient is not None
    total = of.replace("_", " ")
    assert f"its gradient is that of the {total}, and is compared with that" in right.notes
    halved = held(tmp_path, case, of, divisor, factor=0.5)
    assert halved.status == "diverges"
    assert halved.diagnosis is None  # it is not the mean in place of the losses
    zero = held(tmp_path, case, of, divisor, factor=0.0)
    assert zero.status == "diverges"
    assert zero.diagnosis is not None
    assert zero.diagnosis.explanations[0].id == "gradient-zero"


def test_a_gradient_of_a_mean_without_an_option_is_told_as_that(tmp_path: Path) -> None:
    (posed,) = posed_cases(OF_MEANS, tmp_path, Filter(texts=("weighted",)))
    weights = np.array([1.0, 3.0])
    p = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    losses = -np.log(p[[0, 1], [0, 1]]) * weights
    gradient = (p - np.eye(2, 3)) / 4  # without the weights, but over their sum
    mean = np.asarray(losses.sum() / 4, np.float32)
    answer = Computed(
        np.empty(0, np.float32), {"weighted_mean": mean}, "f()", 0.0, gradient.astype(np.float32),
        gradient_of="weighted_mean", only_totals="a mean alone",
    )  # fmt: skip
    told = result_of(Job(posed, parse("f.py:f"), {}), answer, truth(posed.problem), strict=False)
    assert told.diagnosis is not None
    (best,) = told.diagnosis.explanations
    assert (best.id, best.parameters["option"]) == ("option-not-in-gradient", "class_weight")


def test_a_stated_gradient_of_the_sum_is_held_against_that_of_a_mean(tmp_path: Path) -> None:
    (posed,) = posed_cases(OF_MEANS, tmp_path, Filter(texts=("expected",)))
    p = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    mean = np.asarray(-np.log(p[[0, 1], [0, 1]]).sum() / 2, np.float32)

    def status(gradient: list[list[float]]) -> str:
        answer = Computed(
            np.empty(0, np.float32), {"mean": mean}, "f()", 0.0, np.array(gradient, np.float32),
            gradient_of="mean", only_totals="a mean alone",
        )  # fmt: skip
        job = Job(posed, parse("f.py:f"), {})
        return result_of(job, answer, truth(posed.problem), strict=False).status

    assert status([[-0.5, 0.5, 0], [1, -1, 0]]) == "known"
    assert status([[-1, 1, 0], [2, -2, 0]]) == "diverges"


def test_a_gradient_of_a_mean_that_nothing_is_known_of_is_not_compared(tmp_path: Path) -> None:
    nothing = held(tmp_path, "none", "mean", 2)
    assert nothing.comparison is not None
    assert "divides by 0 here" in nothing.comparison.gaps["gradient"]


def test_a_total_alone_is_compared_saved_and_judged_again(command: Command) -> None:
    found = statuses(command, MEAN)
    assert found[MEAN, "plain"] == "agrees"
    report = command.report("-i", MEAN)
    (plain,) = [r for r in report["results"] if r["case"].endswith("plain")]
    assert plain["losses"] == []
    assert plain["losses_not_given"] == "your function gives the mean alone"
    assert abs(plain["totals"]["mean"]["actual"] - (0.417030016 + 0.220049524) / 2) < 1e-6


def test_the_report_opens_with_what_was_found(command: Command) -> None:
    done = command.run("-i", RIGHT, "-k", "plain")
    assert " ".join(done.stdout.split()).startswith(
        f"{RIGHT} gets numpy arrays (by its annotations); computes sparse_categorical from "
    )


def test_numbers_beyond_their_dtype_are_noted(tmp_path: Path) -> None:
    """But not where the case states what comes of them, nor an infinity that stands there."""
    text = """
        defaults: {loss: binary, labels: [0, 1, 0], dtype: float16}
        cases:
          - {name: stated, logits: [7.0e+4, 0, 0], expect: {reference: {mean: .nan}}}
          - {name: infinite, logits: [-.inf, 0, 65504]}
          - {name: one, logits: [0, 65520, -65519]}
          - {name: more, logits: [-1.0e+9, 1.0e+300, 0], reduction: mean}
        """
    results = answered(posed(tmp_path, text), ("stable",), right)
    notes = {r.case.name: r.notes[1:] for r in results if r.implementation == "stable"}
    assert notes == {
        "stated": (),
        "infinite": (),
        "one": ("logits[1] is 65520, which is inf in float16",),
        "more": ("logits[0] is -1e+09, which is -inf in float16, and 1 more of logits likewise",),
    }
