"""`xent-check explain` of several answers: which choice separates them; and numbers from a file."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from xent_check.casefile.loading import Filter, load
from xent_check.cli import group
from xent_check.diagnosis.diagnosis import Explanation, Observed
from xent_check.results.explanation import explain_observed
from xent_check.results.separation import separation

X = np.array([[1.5, -0.25, 0.5], [-1.0, 0.75, 3.0], [0.25, 1.25, -2.0]])
LABELS = [0, 2, 1]
CASE = f"loss: sparse_categorical\nlogits: {X.tolist()}\nlabels: {LABELS}\nreduction: mean\n"
LOGS = np.log(np.exp(X).sum(axis=1, keepdims=True)) - X  # -log softmax
LOSSES = LOGS[range(3), LABELS]
SMOOTHED = 0.9 * LOSSES + 0.1 * LOGS.mean(axis=1)


@pytest.fixture(autouse=True)
def _case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("case.yaml").write_text(CASE)


def pasted(numbers: Any) -> str:
    return "[" + " ".join(f"{number:#.8g}" for number in numbers) + "]"


def explain(*arguments: str, input: str | None = None) -> Result:
    return CliRunner().invoke(group, ["explain", "case.yaml", *arguments], input=input)


def together(*arguments: str) -> dict[str, Any]:
    result = explain(*arguments, "--report", "json")
    assert result.exit_code == 0, result.output
    data: dict[str, Any] = json.loads(result.stdout)
    return data


def named(**numbers: Any) -> list[str]:
    return [word for who, v in numbers.items() for word in ("--observed", f"{who}={pasted(v)}")]


def test_the_choice_that_one_of_two_makes_separates_them() -> None:
    lines = explain(*named(torch=SMOOTHED, keras=LOSSES)).stdout.splitlines()
    words = "what separates them: label smoothing of 0.1 is used, in torch and not in keras"
    assert lines[1] == words
    assert lines[0].startswith("torch and keras are furthest apart in sample [1]: ")
    data = together(*named(torch=SMOOTHED, keras=LOSSES))
    assert [one["implementation"] for one in data["each"]] == ["torch", "keras"]
    assert [one["explanations"][0]["id"] for one in data["each"]] == ["smoothing-added", "rounding"]
    change = {"id": "smoothing-added", "sentence": "label smoothing of 0.1 is used"}
    assert data["separated_by"] == {
        "sentence": words,
        "shared": [],
        "own": [
            {"implementation": "torch", "changes": [change]},
            {"implementation": "keras", "changes": []},
        ],
    }


def test_what_both_do_does_not_separate_them() -> None:
    bits = LOSSES / math.log(2)
    data = together("--observed", f"a={bits.sum():.8f}", *named(b=bits))["separated_by"]
    assert [change["id"] for change in data["shared"]] == ["log2"]
    own = {one["implementation"]: one["changes"] for one in data["own"]}
    assert ([change["id"] for change in own["a"]], own["b"]) == (["sum"], [])
    assert data["sentence"] == (
        "what separates them: the sum, not divided, in a and not in b (in both: the logarithm is "
        "to base 2: bits)"
    )


def test_two_reasons_are_both_told() -> None:
    words = explain(*named(a=-LOSSES, b=SMOOTHED)).stdout.splitlines()[1]
    assert words == (
        "what separates them: in a, the sign is turned: log p in place of -log p; in b, label "
        "smoothing of 0.1 is used"
    )


def test_of_three_the_one_that_is_right_is_told_too() -> None:
    lines = explain(*named(a=-LOSSES, b=SMOOTHED, c=LOSSES)).stdout.splitlines()
    assert lines[0].startswith("what separates them: in a, the sign is turned")
    assert lines[0].endswith("; in c, none of this")


def test_answers_that_are_equal_are_said_to_be() -> None:
    lines = explain(*named(a=SMOOTHED, b=SMOOTHED)).stdout.splitlines()
    assert lines[:2] == [
        "a and b give the same numbers, as far as they are printed",
        "no choice separates them: in both, label smoothing of 0.1 is used",
    ]
    words = explain(*named(a=LOSSES, b=np.round(LOSSES, 7))).stdout.splitlines()[1]
    assert words == "no choice separates them: both give the exact value"


def test_what_nothing_explains_separates_nothing() -> None:
    arguments = named(a=SMOOTHED, b=[0.31, 0.77, 0.47])
    words = explain(*arguments).stdout.splitlines()[1]
    assert words == "what separates them is not known: nothing explains what b gave"
    assert together(*arguments)["separated_by"] is None


def test_an_implementation_stands_beside_pasted_numbers() -> None:
    lines = explain(*named(torch=SMOOTHED), "-i", "stable").stdout.splitlines()
    words = "what separates them: label smoothing of 0.1 is used, in torch and not in stable"
    assert lines[1] == words
    data = together("--observed", pasted(SMOOTHED), "-i", "stable")
    whose = [one["implementation"] for one in data["separated_by"]["own"]]
    assert whose == ["observed", "stable"]


def test_numbers_and_an_answer_of_one_name_are_told_apart() -> None:
    data = together(*named(stable=SMOOTHED), "-i", "stable")
    assert [one["implementation"] for one in data["each"]] == ["stable (as pasted)", "stable"]


def test_a_total_and_losses_are_held_against_each_other_by_their_reasons() -> None:
    mean = f"{SMOOTHED.mean():.8f}"
    lines = explain("--observed", f"a={mean}", *named(b=LOSSES)).stdout.splitlines()
    assert lines[0] == "a and b are different parts of the answer"
    assert lines[1].endswith("label smoothing of 0.1 is used, in a and not in b")


def test_the_reading_that_both_may_share_is_taken() -> None:
    clip, epsilon = (Explanation((name,), {}, name, 0.0, 1.0) for name in ("clipped", "epsilon"))
    posed = load(["case.yaml"], Filter())[0]
    item = explain_observed(posed, Observed(LOSSES, np.zeros(3), None))
    a, b = (
        replace(item, who=who, diagnosis=replace(item.diagnosis, explanations=found))
        for who, found in (("a", (clip, epsilon)), ("b", (epsilon,)))
    )
    found = separation([a, b])
    assert found is not None
    assert found.none
    assert [change.id for change in found.shared] == ["epsilon"]


def test_eval_takes_several_too() -> None:
    arguments = ["eval", "--loss", "sparse_categorical", "--logits", str(X.tolist())]
    arguments += ["--labels", str(LABELS), *named(torch=SMOOTHED, keras=LOSSES)]
    result = CliRunner().invoke(group, arguments)
    words = "what separates them: label smoothing of 0.1 is used, in torch and not in keras"
    assert result.stdout.splitlines()[1] == words


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--observed", "1.5", "--observed", "a=1.5"), "2 times, not always with a name"),
        (("--observed", "a=1", "--observed", "a=2"), "a 2 times; allowed: a name of its own"),
        (("--observed", "a=[1,2]", "--observed", "b=1"), "--observed: a: 2 numbers for 3 samples"),
        (("--observed", "a=-", "--observed", "b=-"), "standard input, read for `observed`"),
        (("--observed", "a=@nosuch.txt"), "'nosuch.txt': No such file or directory"),
        (("--observed", "@empty.txt"), "--observed: no numbers; allowed: numbers, as Python"),
        (("--observed", "@words.txt"), "--observed: no numbers"),
        (("--observed", "@index.csv"), "--observed: 6 numbers for 3 samples"),
        (("--observed", "1.5", "--returns", "mean"), "of no -i: one or the other"),
    ],
)
def test_a_wrong_list_gets_an_answer(arguments: tuple[str, ...], message: str) -> None:
    Path("empty.txt").write_text("")
    Path("words.txt").write_text("no numbers\nat all\n")
    Path("index.csv").write_text("0,0.1\n1,0.2\n2,0.3\n")
    result = explain(*arguments, input="1.5")
    assert result.exit_code == 2
    assert message in result.output


NUMBERS = [f"{number:.8f}" for number in SMOOTHED]


@pytest.mark.parametrize(
    "text",
    [
        f"tensor([{', '.join(NUMBERS)}], grad_fn=<NllLossBackward0>)\n",
        f"[{' '.join(NUMBERS)}]",
        f"tf.Tensor([{' '.join(NUMBERS)}], shape=(3,), dtype=float32)",
        f"Array([{', '.join(NUMBERS)}], dtype=float32)\n",
        "\n".join(NUMBERS),
        ",".join(NUMBERS) + "\r\n",
        "loss\n" + "\n".join(NUMBERS),
        '"my loss",\r\n' + "\r\n".join(NUMBERS),
        f">>> loss2\ntensor([{', '.join(NUMBERS)}])\n",
        "\ufeff" + "\n".join(NUMBERS),
    ],
)
def test_a_file_holds_numbers_as_they_were_printed(text: str) -> None:
    Path("a.txt").write_text(text, encoding="utf-8", newline="")
    for arguments in (("--observed", "@a.txt"), ("--observed", "torch=@a.txt")):
        lines = explain(*arguments).stdout.splitlines()
        assert "label smoothing of 0.1 is used" in lines[0]
    assert explain("--observed", "x=-", input=text).stdout.startswith("x on case.yaml")


def test_a_printed_label_is_no_name() -> None:
    assert explain("--observed", f"loss = {NUMBERS[0]}").stdout.startswith("nothing explains the ")
    assert together("--observed", f"loss={SMOOTHED.mean():.8f}")["implementation"] == "loss"
