"""All mistakes of a case are told together: each that it would have alone, and no other."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from xent_check.casefile.loading import Filter, load
from xent_check.errors import CaseFileError

GOOD = {
    "name": "a",
    "loss": "sparse_categorical",
    "logits": "[[1.0, 2.0, 3.0], [0.5, 0.25, 4.0]]",
    "labels": "[2, 0]",
    "dtype": "float32",
    "class_weight": "[1, 2, 3]",
    "sample_weight": "[1, 2]",
    "reduction": "[mean]",
    "check": "[value, gradient]",
    "tolerance": "1.0e-6",
    "implementations": "[torch]",
    "expect": "{reference: {mean: 0.5}, tf: {losses: [1.0, 2.0]}}",
}
# What is changed (None: left out), and the start of each mistake that it makes.
WRONG: dict[str, tuple[dict[str, str | None], list[str]]] = {
    "a key misspelt": (
        {"labels": None, "lables": "[2, 0]"}, ["lables: unknown key; did you mean 'labels'?"],
    ),
    "a key of a library": (
        {"tolerance": None, "eps": "1.0e-6"},
        ["eps: unknown key; did you mean 'tolerance' or 'label_smoothing'?"],
    ),
    "a dtype": ({"dtype": "fp32"}, ["dtype: 'fp32'; "]),
    "a dtype unlike any": ({"dtype": "q8"}, ["dtype: 'q8'; "]),
    "a loss": ({"loss": "nll_loss"}, ["loss: 'nll_loss'; "]),
    "a number": ({"logits": "[[1.0, 2.0, x], [0.5, 0.25, 4.0]]"}, ["logits[0][2]: 'x'; "]),
    "a file of weights": ({"class_weight": "{file: nope.npy}"}, ["class_weight.file: 'nope.npy'"]),
    "a shape": ({"sample_weight": "[1, 2, 3]"}, ["sample_weight: shape [3]; allowed: [2]"]),
    "a total": ({"reduction": "[avg]"}, ["reduction[0]: 'avg'; "]),
    "an option of another loss": ({"pos_weight": "2"}, ["pos_weight: set for the loss sparse_"]),
    "a name of nobody": ({"implementations": "[pytorch, kears]"}, [
        "implementations[0]: no implementation 'pytorch'",
        "implementations[1]: no implementation 'kears'",
    ]),
    "a shape of what is expected": (
        {"expect": "{reference: {mean: 0.5}, tf: {losses: [1.0]}, jax: {lsses: [1.0, 2.0]}}"},
        ["expect.jax.lsses: unknown key; did you mean 'losses'?", "expect.tf.losses: shape [1]"],
    ),
    "no labels": ({"labels": None}, ["labels: missing; "]),
    "labels that are none": ({"labels": "many"}, ["labels: 'many'; "]),
    "a type": ({"name": "7"}, ["name: 7; allowed: text; quote it"]),
}  # fmt: skip


def told(folder: Path, changes: dict[str, str | None]) -> list[str]:
    """The mistakes of the case with these changes, without their places."""
    lines = {**GOOD, **changes}
    text = "".join(f"{key}: {value}\n" for key, value in lines.items() if value is not None)
    (folder / "case.yaml").write_text(text)
    with pytest.raises(CaseFileError) as caught:
        load([str(folder / "case.yaml")], Filter())
    for item in caught.value.mistakes:
        if item.mistake.fault == "missing":
            continue
        line = text.splitlines()[item.line - 1]
        assert line.startswith(f"{item.mistake.key[0]!s}:"), (item, line)
    return sorted(str(item).partition(f":{item.line}: ")[2] for item in caught.value.mistakes)


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_alone_is_told_alone(name: str, tmp_path: Path) -> None:
    changes, starts = WRONG[name]
    found = told(tmp_path, changes)
    assert len(found) == len(starts), found
    for text, start in zip(found, sorted(starts), strict=True):
        assert text.startswith(start)


PAIRS = [
    pair
    for pair in combinations(WRONG, 2)
    if not WRONG[pair[0]][0].keys() & WRONG[pair[1]][0].keys()
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_two_mistakes_are_told_together(one: str, other: str, tmp_path: Path) -> None:
    alone = [told(tmp_path, WRONG[name][0]) for name in (one, other)]
    assert told(tmp_path, WRONG[one][0] | WRONG[other][0]) == sorted([*alone[0], *alone[1]])


def test_all_of_them_are_told_together(tmp_path: Path) -> None:
    apart = ("a dtype unlike any", "no labels", "labels that are none")
    names = [name for name in WRONG if name not in apart]
    changes = {key: value for name in names for key, value in WRONG[name][0].items()}
    expected = sorted(text for name in names for text in told(tmp_path, WRONG[name][0]))
    assert len(expected) == 14
    assert told(tmp_path, changes) == expected


PROBS = {"loss": "sparse_categorical", "probs": "[[0.3, 0.7002]]", "labels": "[1]"}


@pytest.mark.parametrize(
    "case",
    [
        {**PROBS, "dtype": "q8"},  # of 0.3002 + 0.7 in float16 nothing is said either
        {**PROBS, "normalize": "perhaps"},
        {**PROBS, "probs": "[[0.3, x]]"},
        {**PROBS, "probs": "[[0.3, 0.7]]", "labels": "[7]", "ignore_index": "pad"},
        {**PROBS, "probs": "[[0.3, 0.7]]", "labels": "[7]", "expect": "torch"},
        {**PROBS, "probs": "[[0.3, 0.7]]", "labels": "[[x]]", "class_axis": "last"},
        {**PROBS, "probs": "{shape: [0, 3], fill: 0}", "labels": "{shape: [0], fill: 0}",
         "reduction": "q"},
        {**PROBS, "probs": "[[0.3, 0.7]]", "check": "q", "cotangent": "[1]"},
    ],
)  # fmt: skip
def test_what_is_unknown_decides_nothing(case: dict[str, str], tmp_path: Path) -> None:
    """One value of the case is wrong; nothing that depends on it is held against it."""
    text = "".join(f"{key}: {value}\n" for key, value in case.items())
    (tmp_path / "case.yaml").write_text(text)
    with pytest.raises(CaseFileError) as caught:
        load([str(tmp_path / "case.yaml")], Filter())
    allowed = {"dtype", "normalize", "probs", "ignore_index", "expect", "class_axis", "labels",
               "reduction", "check"}  # fmt: skip
    for item in caught.value.mistakes:
        assert item.mistake.key[0] in allowed
        assert "label 7" not in str(item)
        assert "sums to" not in str(item)
        assert "no samples" not in str(item)
        assert "cotangent" not in str(item)
    assert len(caught.value.mistakes) == 1 + ("class_axis" in case)


@pytest.mark.parametrize(
    ("labels", "told_too"),
    [
        ("[2, 3]", "labels[1]: label 3; allowed: 0 to 2"),
        ("[[0, 0, 1], [1, 0]]", "labels[1]: ragged: "),
        ("[[0, 0, 1], [1, 0, 0]]", ""),
    ],
)
def test_a_word_for_two_losses_is_the_one_that_fits_the_labels(
    labels: str, told_too: str, tmp_path: Path
) -> None:
    changes = {"loss": "cross_entropy", "labels": labels, "sample_weight": "[1, 2, 3]"}
    expected = ["loss: 'cross_entropy'; ", "sample_weight: shape [3]; "]
    expected += [told_too] if told_too else []
    found = told(tmp_path, {**changes, "expect": None})
    assert all(a.startswith(b) for a, b in zip(found, sorted(expected), strict=True)), found


def test_two_inputs_are_one_mistake_and_the_rest_is_told(tmp_path: Path) -> None:
    changes = {"probs": "[[0.5, 0.2, 0.1]]", "normalize": "true", "labels": "[2, 0]"}
    assert told(tmp_path, {**changes, "tolerance": "-1", "pos_weight": "2"}) == [
        "pos_weight: set for the loss sparse_categorical; allowed: with the loss binary; remove it",
        "probs: logits and probs together; allowed: exactly one of them; keep one",
        "tolerance: -1; allowed: a finite number, 0 or more",
    ]
