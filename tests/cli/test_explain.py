"""`xent-check explain`, as its user sees it; NumPy alone is needed."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tests.support.fake import fake
from xent_check.cli import group
from xent_check.diagnosis.by_hand import steps
from xent_check.diagnosis.hypotheses.scores import logits_as_probs
from xent_check.diagnosis.losses import meaning_of
from xent_check.problem.problem import Problem
from xent_check.reporters.formats import Terminal
from xent_check.reporters.terminal_lines import Line, drawn
from xent_check.results.attached_diagnosis import contradicts
from xent_check.results.explanation import first_departure
from xent_check.results.known_issues import known_issues

CASE = """\
loss: sparse_categorical
logits: [[2.0, 1.0, 0.0], [0.0, 0.0, 3.0]]
labels: [0, 1]
reduction: mean
"""
# log(1 + e^-1 + e^-2), and log(2 + e^3)
FIRST, SECOND = math.log(1 + math.exp(-1) + math.exp(-2)), math.log(2 + math.exp(3))


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "case.yaml"
    file.write_text(CASE)
    return file


def explain(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(group, ["explain", "case.yaml", *arguments], env=environment)


def explained(*arguments: str) -> dict[str, Any]:
    result = explain(*arguments, "--report", "json")
    assert result.exit_code == 0, result.output
    data: dict[str, Any] = json.loads(result.stdout)
    return data


@pytest.mark.usefixtures("case")
@pytest.mark.parametrize(
    ("numbers", "ids"),
    [
        (f"[{FIRST / math.log(2):.7f}, {SECOND / math.log(2):.7f}]", ["log2"]),
        (f"[{-FIRST:.7f}, {-SECOND:.7f}]", ["sign"]),
        (f"{FIRST + SECOND:.7f}", ["sum"]),
        (f"{math.exp((FIRST + SECOND) / 2):.7f}", ["exp"]),
        (f"[{FIRST:.7f}, {SECOND:.7f}]", ["rounding"]),
    ],
)
def test_the_reason_is_named(numbers: str, ids: list[str]) -> None:
    data = explained("--observed", numbers)
    assert data["explained"]
    assert [e["id"] for e in data["explanations"]] == ids


@pytest.mark.usefixtures("case")
def test_what_nothing_reproduces_is_said_to_be_unexplained() -> None:
    data = explained("--observed", "[0.7315, 2.2181]")
    assert not data["explained"]
    assert data["explanations"] == []
    assert data["closest"] == []  # not one of the numbers is given by anything that was tried


@pytest.mark.usefixtures("case")
def test_what_gives_some_of_the_numbers_is_offered_as_the_closest() -> None:
    """The first of the two is in bits, the second is nothing."""
    data = explained("--observed", f"[{FIRST / math.log(2):.7f}, 2.2181]")
    assert not data["explained"]
    assert "log2" in [e["id"] for e in data["closest"]]
    assert all(e["share_explained"] == 0.5 for e in data["closest"])


@pytest.mark.usefixtures("case")
def test_labels_that_broadcast_are_seen_by_their_shape() -> None:
    """Every label meets every sample: 2 x 2 numbers, -log softmax(x_i)[y_j]."""
    top = math.log(2 + math.exp(3))
    table = [[FIRST, FIRST + 1], [top, top]]
    data = explained("--observed", str([[round(v, 7) for v in row] for row in table]))
    assert [e["id"] for e in data["explanations"]] == ["labels-broadcast"]


TOTAL = "allowed: one number (a total), or 2 (one per sample)"


@pytest.mark.usefixtures("case")
@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ("[0.1, 0.2, 0.3]", f"--observed: 3 numbers for 2 samples; {TOTAL}"),
        ("[[0.1, 0.2], [0.3, 0.4]]", f"--observed: 4 numbers for 2 samples; {TOTAL}"),
        ("0.1 0.2 0.3 0.4 0.5 0.6", f"--observed: 6 numbers for 2 samples; {TOTAL}"),
    ],
)
def test_a_wrong_count_of_numbers_is_an_error_of_usage(numbers: str, message: str) -> None:
    result = explain("--observed", numbers)
    assert result.exit_code == 2
    assert message in result.output
    arguments = ["--loss", "sparse_categorical", "--logits", "[[2, 1, 0], [0, 0, 3]]"]
    arguments += ["--labels", "[0, 1]", "--observed", numbers]
    error = CliRunner().invoke(group, ["eval", *arguments]).exception
    assert str(error) == f"eval: {message}"


def test_a_wrong_layout_of_numbers_is_an_error_of_usage(case: Path) -> None:
    case.write_text("loss: binary\nlogits: [[1, 2, 3], [4, 5, 6]]\nlabels: [[1, 0, 1], [0, 1, 0]]")
    result = explain("--observed", "[[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]")
    assert result.exit_code == 2
    assert "6 numbers for 6 samples: shape [3, 2] for [2, 3]" in result.output


@pytest.mark.usefixtures("case")
def test_the_first_step_that_departs_is_marked() -> None:
    numbers = f"[{FIRST / math.log(2):.7f}, {SECOND / math.log(2):.7f}]"
    lines = explain("--observed", numbers).stdout.splitlines()
    assert lines[0].startswith("observed on case.yaml::case: the logarithm is to base 2: bits")
    marked = [line for line in lines if "<- departs here" in line]
    assert len(marked) == 1


@pytest.mark.usefixtures("case")
def test_an_implementation_that_agrees_is_said_to_agree() -> None:
    assert explain("-i", "stable").stdout.startswith("stable agrees on case.yaml::case: ")


@pytest.mark.usefixtures("case")
def test_two_implementations_are_held_against_each_other() -> None:
    first = explain("-i", "manual", "-i", "stable").stdout.splitlines()[0]
    assert first.startswith("manual and stable ")


@pytest.mark.usefixtures("case")
def test_a_sample_is_worked_out_by_hand() -> None:
    text = explain("--steps", "--sample", "1").stdout
    assert text.startswith("case.yaml::case, sample [1], by hand:")
    assert text == text.rstrip("\n") + "\n"
    with_reason = explain("--steps", "--sample", "1", "--observed", "[0.5, 0.5]").stdout
    assert with_reason.startswith(f"{text}\n")
    assert len(with_reason) > len(text) + 1
    assert "exp / sum: the softmax" in text
    assert f"{math.exp(-3):.9g}" in text
    assert f"{SECOND:.9g}" in text


@pytest.mark.usefixtures("case")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--steps", "--report", "json"), "--steps is a text: leave out --report json"),
        (("-i", "manual", "-i", "stable", "-i", "torch"), "-i once, or twice"),
        (("--observed", "[1, 2"), "--observed: the text ends within brackets"),
        (("--observed", "@nosuch.txt"), "nosuch.txt"),
        (("-i", "manuel"), "did you mean 'manual'?"),
    ],
)
def test_a_wrong_question_gets_an_answer(arguments: tuple[str, ...], message: str) -> None:
    result = explain(*arguments)
    assert result.exit_code == 2
    assert message in result.output


NOT_NORMALISED = """\
loss: sparse_categorical
probs: [[0.90, 0.05, 0.05], [0.50, 0.89, 0.60]]
labels: [0, 1]
normalize: false
implementations: [manual, stable]
"""


# ---- the case alone -----------------------------------------------------------------------------


def test_a_case_alone_has_whatever_diverges_in_it_explained(case: Path) -> None:
    """manual divides by the sum; 0.89 of 1.99 has the loss log(1.99 / 0.89)."""
    case.write_text(NOT_NORMALISED)
    result = explain()
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "case.yaml::case: 1 of 1 answers diverges"
    assert lines[2].startswith("manual on case.yaml::case: probabilities are divided by their sum")
    assert lines[-1].startswith("unsupported: stable (shifted log-sum-exp has no ")
    (each,) = json.loads(explain("--report", "json").stdout)["each"]
    assert [e["id"] for e in each["explanations"]] == ["renormalised"]


def test_nothing_that_diverges_is_said_and_is_no_error(case: Path) -> None:
    case.write_text(f"{CASE}implementations: [manual, stable]\n")
    result = explain()
    assert result.exit_code == 0
    assert result.stdout == "case.yaml::case: nothing diverges\n\nagrees: manual, stable\n"
    assert json.loads(explain("--report", "json").stdout)["each"] == []


def test_a_declared_divergence_is_named_with_its_reason(case: Path) -> None:
    known = "expect: {manual: {losses: [0.10536055, 0.8046684], because: it divides}}\n"
    case.write_text(NOT_NORMALISED + known)
    result = explain()
    assert result.exit_code == 0
    assert "case.yaml::case: nothing diverges\n" in result.stdout
    assert "known: manual (it divides)\n" in result.stdout


def test_a_wrong_pin_of_the_reference_diverges_too(case: Path) -> None:
    pin = "implementations: [stable]\nexpect: {reference: {mean: 7.5}}\n"
    case.write_text(CASE + pin)
    assert "1 of 2 answers diverges" in explain().stdout
    assert "7.5" in explain().stdout


def test_a_case_that_nobody_computes_exits_3_and_a_failure_4(case: Path) -> None:
    case.write_text("loss: binary\nprobs: 0.5\nlabels: 1\nimplementations: [stable]\n")
    result = explain()
    assert result.exit_code == 3
    assert "case.yaml::case: nothing was compared" in result.stdout
    case.write_text(f"{CASE}implementations: ['{fake('failing', 'raises')}']\n")
    assert explain().exit_code == 4


def test_what_agrees_in_its_losses_and_diverges_elsewhere_is_not_said_to_agree(
    case: Path,
) -> None:
    case.write_text(CASE + "expect: {stable: {mean: 7.5}}\n")
    result = explain("-i", "stable")
    assert "stable diverges on case.yaml::case" in result.stdout
    assert "agrees" not in result.stdout


def test_two_that_do_the_same_are_explained_once(case: Path) -> None:
    Path("mine.py").write_text(
        "import numpy as np\n\n\ndef loss(probs, labels):\n"
        "    p = probs / probs.sum(-1, keepdims=True)\n"
        "    return -np.log(p[np.arange(len(labels)), labels])\n"
    )
    case.write_text(NOT_NORMALISED.replace("stable", "'mine.py:loss'"))
    text = explain().stdout
    assert "2 of 2 answers diverge\n" in text
    assert text.count("step by step") == 1
    assert "  as manual above" in text


@pytest.mark.usefixtures("case")
def test_your_function_is_found_as_run_finds_it() -> None:
    """By its path, as a module of the working directory whatever its name resembles, and in the
    table of the pyproject.toml."""
    Path("f.py").write_text("def loss(logits, labels):\n    return [0.0, 0.0]\n")
    for name in ("./f.py:loss", "f:loss"):
        assert "f" in explained("-i", name)["implementation"]
    Path("pyproject.toml").write_text("[tool.xent-check]\nimplementations = ['./f.py:loss']\n")
    assert "1 of 1 answers diverges" in explain().stdout
    assert "keras" not in explain().stdout
    assert "f.py:loss" not in explain("--observed", "[0.1, 0.2]").stdout
    assert explain("--steps").stdout.startswith("case.yaml::case, sample [0], by hand:")


# ---- how it looks -------------------------------------------------------------------------------

SHIFTED = ("--observed", "[16.118095, 0.9]")


def test_a_word_wider_than_the_terminal_stays_whole() -> None:
    words = ["a", "pre-trained-model's-case-file/with-a-long-name.yaml", "is", "16.118095"]
    lines = drawn([Line(" ".join(words), hanging=2)], Terminal(20))
    assert [line.strip() for line in lines] == [words[0], words[1], "is 16.118095"]


@pytest.mark.parametrize("width", [40, 57, 80, 120])
def test_no_word_and_no_number_is_cut_at_any_width(case: Path, width: int) -> None:
    case.write_text(
        "loss: sparse_categorical\nlabels: [0, 1]\n"
        "logits: {shape: [2, 9], random: normal, seed: 1, scale: 1.0e-3}\n"
    )
    words = set(explain(*SHIFTED, "-v").stdout.split())
    narrow = explain(*SHIFTED, "-v", COLUMNS=str(width)).stdout
    assert set(narrow.split()) == words
    assert max(map(len, narrow.splitlines())) <= width
    steps = explain("--steps", COLUMNS=str(width)).stdout
    assert set(steps.split()) == set(explain("--steps").stdout.split())
    assert max(map(len, steps.splitlines())) <= width


@pytest.mark.usefixtures("case")
def test_colours_where_they_are_asked_for() -> None:
    numbers = ("--observed", f"[{FIRST / math.log(2):.7f}, {SECOND / math.log(2):.7f}]")
    plain, coloured = explain(*numbers).stdout, explain(*numbers, "--color").stdout
    assert "\x1b[" not in plain
    assert "\x1b[1;31m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


@pytest.mark.usefixtures("case")
def test_verbose_shows_every_sample() -> None:
    lines = explain("--observed", "[0.5, 3.0485874]", "-v").stdout.splitlines()
    rows = [line.split() for line in lines if line.startswith("  sample [")]
    assert [row[1] for row in rows] == ["[0]", "[1]"]
    assert [float(row[2]) for row in rows] == [0.5, 3.0485874]
    assert [float(row[3]) for row in rows] == pytest.approx([FIRST, SECOND], rel=1e-8)


def test_the_steps_stand_in_the_order_of_the_computation(case: Path) -> None:
    case.write_text("loss: sparse_categorical\nlogits: [[2, 1, 0.5]]\nlabels: [0]\n")
    lines = explain("--observed", "[-0.6931472]").stdout.splitlines()
    names = [line.split()[0] for line in lines if line.startswith("  ") and "->" not in line]
    assert names[:5] == ["x", "x", "exp", "sum", "p"]
    (departs,) = [line for line in lines if line.endswith("<- departs here")]
    assert departs.split() == ["->", "2", "1", "0.5", "<-", "departs", "here"]


def test_a_total_is_shown_by_the_sample_that_its_reason_moves(case: Path) -> None:
    """The ignored sample is the second; its loss is log 3."""
    case.write_text(
        "loss: sparse_categorical\nlogits: [[2, 1, 0], [1, 1, 1]]\nlabels: [0, 2]\n"
        "ignore_index: 2\nreduction: mean\n"
    )
    text = explain("--observed", f"{(FIRST + math.log(3)) / 2:.8f}").stdout
    assert "the ignored samples are counted like any other" in text.splitlines()[0]
    assert "sample [1], step by step" in text
    assert "departs here" in text


def test_a_long_list_of_cases_says_how_many_more_there_are(case: Path) -> None:
    one = "{loss: binary, logits: 1, labels: 1, name: %s}"
    names = [f"case-{i}" for i in range(23)]
    case.write_text("cases:\n" + "".join(f"  - {one % name}\n" for name in names))
    result = explain("--steps")
    assert result.exit_code == 2
    assert "case-19 and 3 more" in result.output
    assert "case-20" not in result.output


def test_what_is_unsupported_leaves_nothing_to_explain(case: Path) -> None:
    case.write_text("loss: binary\nprobs: 0.5\nlabels: 1\n")
    result = explain("-i", "stable")
    assert result.exit_code == 3
    assert "shifted log-sum-exp has no binary loss from probs" in result.output


def test_labels_outside_the_classes_need_no_expectation(case: Path) -> None:
    case.write_text(CASE.replace("[0, 1]", "[0, 7]"))
    data = explained("--observed", f"[{FIRST:.7f}, 0.0]")
    assert [e["id"] for e in data["explanations"]] == ["label-gives-zero"]


def problem(values: list[list[float]], labels: list[int]) -> Problem:
    scores = np.array(values, dtype=np.float32)
    return Problem("sparse_categorical", "logits", scores, np.array(labels), "float32")


def test_the_steps_end_in_the_loss() -> None:
    worked = steps(meaning_of(problem([[2, 1, 0]], [0])), 0)
    assert worked[0].values == (2.0, 1.0, 0.0)
    assert worked[-1].name == "loss"
    assert worked[-1].values[0] == pytest.approx(FIRST, rel=1e-12)


def test_the_steps_have_nan_only_where_the_loss_does() -> None:
    """Logits taken for probabilities, one of them negative: its log is nan, but a class index never
    reads it, Keras clips it first, and a share of a sum is a plain quotient."""
    start = meaning_of(problem([[2, -1, 0.5]], [0]))
    by_words = {
        parameters["then"]: {step.name: step.values for step in steps(meaning, 0)}
        for meaning, parameters in logits_as_probs(start)
    }
    clipped = by_words["they are divided by their sum and clipped to [1e-7, 1 - 1e-7]"]
    assert clipped["p / sum p"] == pytest.approx([2 / 1.5, -1 / 1.5, 0.5 / 1.5])
    assert clipped["p clipped"] == pytest.approx([1 - 2**-23, 1e-7, 1 / 3])
    before = by_words["they are clipped to [1e-7, 1 - 1e-7] and divided by their sum"]
    assert list(before)[1:3] == ["p clipped", "p / sum p"]
    assert before["p / sum p"] == pytest.approx([1 / 1.5, 1e-7 / 1.5, 0.5 / 1.5], rel=1e-6)
    plain = by_words["their log is taken"]
    assert plain["terms"] == pytest.approx([-math.log(2), 0, 0])
    assert plain["loss"] == pytest.approx([-math.log(2)])
    assert np.isnan(plain["-log p"]).tolist() == [False, True, False]


def test_the_steps_write_0_for_minus_0() -> None:
    start = meaning_of(problem([[2, 1, 0.5]], [0]))
    (plain,) = [m for m, p in logits_as_probs(start) if p["then"] == "their log is taken"]
    values = [value for step in steps(plain, 0) for value in step.values]
    assert 0.0 in values
    assert not any(value == 0 and math.copysign(1, value) < 0 for value in values)


def test_the_same_workings_depart_nowhere() -> None:
    worked = steps(meaning_of(problem([[2, 1, 0]], [0])), 0)
    assert first_departure(worked, worked) is None


def test_other_workings_depart_at_the_first_difference() -> None:
    one = steps(meaning_of(problem([[2, 1, 0]], [0])), 0)
    other = steps(meaning_of(problem([[2, 1, 0]], [1])), 0)
    assert first_departure(one, other) == "targets"


@pytest.mark.parametrize(
    ("because", "noticed"),
    [
        ("{text: it clips the probabilities, id: clipped}", True),
        ("{text: it clips the probabilities, id: renormalised}", False),
        ("it clips the probabilities", False),
    ],
)
def test_a_because_that_the_numbers_contradict_is_noticed(
    because: str, noticed: bool, case: Path
) -> None:
    probs = "[[0.90, 0.05, 0.05], [0.50, 0.89, 0.60]]"
    case.write_text(
        f"loss: sparse_categorical\nprobs: {probs}\nlabels: [0, 1]\nnormalize: false\n"
        f"expect: {{manual: {{losses: [0.10536055, 0.8046684], because: {because}}}}}\n"
    )
    result = CliRunner().invoke(group, ["run", "case.yaml", "-i", "manual"])
    assert result.exit_code == 0
    said = " ".join(result.stdout.split())
    assert ("its `because` says otherwise than its numbers" in said) is noticed


def test_a_divergence_in_a_run_says_why(case: Path) -> None:
    probs = "[[0.90, 0.05, 0.05], [0.50, 0.89, 0.60]]"
    spec = f"loss: sparse_categorical\nprobs: {probs}\nlabels: [0, 1]\nnormalize: false\n"
    case.write_text(spec)
    arguments = ["run", "case.yaml", "-i", "manual", "--report", "json"]
    result = CliRunner().invoke(group, arguments)
    assert result.exit_code == 1
    (one,) = json.loads(result.stdout)["results"]
    assert [e["id"] for e in one["explanation"]] == ["renormalised"]


def test_contradiction_needs_a_named_reason_and_an_explanation() -> None:
    from xent_check.diagnosis.diagnosis import Diagnosis, Explanation

    reading = Explanation(("renormalised",), {}, "divided", 0.0, 1.0)
    assert contradicts("clipped", Diagnosis((reading,), (), 1, 0.0))
    assert not contradicts("renormalised", Diagnosis((reading,), (), 1, 0.0))
    assert not contradicts("clipped", Diagnosis((), (), 1, 0.0))


def test_a_public_report_of_the_same_reason_is_cited() -> None:
    cited = known_issues("keras", ["clipped"])
    assert cited
    assert all(url.startswith("https://github.com/") for url in cited)
    # The case cites PyTorch's and JAX's reports of their own clips as well.
    assert {url.split("/")[3] for url in cited} <= {"keras-team", "tensorflow"}
    assert known_issues("torch", ["log-clamped"])[0].split("/")[3] == "pytorch"
    assert known_issues("keras", ["log2"]) == ()
    assert known_issues("keras", ["unshifted-exp"]) == ()  # of others, in a file that names keras
