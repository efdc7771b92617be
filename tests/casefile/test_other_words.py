"""What users write for the keys and words of a case is answered with the right ones, or not."""

from __future__ import annotations

from typing import get_args

import pytest

from xent_check.casefile.case import KEY_WORDS, CaseFields, ExpectedFields, ToleranceFields
from xent_check.errors import OtherWords, closest, did_you_mean
from xent_check.problem.options import OPTIONS
from xent_check.problem.vocabulary import CHOICE_WORDS, DTYPES, REDUCTIONS, Check

KEYS = tuple(CaseFields.model_fields)
LOSSES = ("binary", "categorical", "sparse_categorical")


@pytest.mark.parametrize(
    ("written", "keys"),
    [
        ("y_pred", ("logits", "probs")),
        ("y_true", ("labels",)),
        ("target", ("labels",)),
        ("from_logits", ("logits", "probs")),
        ("axis", ("class_axis",)),
        ("dim", ("class_axis",)),
        ("weights", ("class_weight", "sample_weight")),
        ("reduce", ("reduction",)),
        ("ignore", ("ignore_index",)),
        ("padding_idx", ("ignore_index",)),
        ("smoothing", ("label_smoothing",)),
        ("eps", ("tolerance", "label_smoothing")),
        ("tol", ("tolerance",)),
        ("rtol", ("tolerance",)),
        ("precision", ("dtype",)),
        ("frameworks", ("implementations",)),
        ("expected", ("expect",)),
        ("losses", ("expect",)),
        ("classWeight", ("class_weight",)),
        ("class-weight", ("class_weight",)),
        ("Labels", ("labels",)),
        ("lables", ("labels",)),
        ("tragets", ("labels",)),  # misspelt itself
        ("descriptoin", ("description",)),
    ],
)
def test_a_key_that_users_write_is_known(written: str, keys: tuple[str, ...]) -> None:
    assert set(closest(written, KEYS, KEY_WORDS)) == set(keys)


@pytest.mark.parametrize(
    "written",
    ["temperature", "gamma", "alpha", "focal", "device", "seed", "num_classes", "classes",
     "batch_size", "shuffle", "weight_decay", "lr", "version"],
)  # fmt: skip
def test_a_key_of_another_meaning_is_taken_for_none(written: str) -> None:
    assert closest(written, KEYS, KEY_WORDS) == ()


@pytest.mark.parametrize(
    ("written", "allowed", "words"),
    [
        ("cross_entropy", LOSSES, ("sparse_categorical", "categorical")),
        ("CrossEntropyLoss", LOSSES, ("sparse_categorical", "categorical")),
        ("ce", LOSSES, ("sparse_categorical", "categorical")),
        ("bce", LOSSES, ("binary",)),
        ("BinaryCrossentropy", LOSSES, ("binary",)),
        ("sparse_categorical_crossentropy", LOSSES, ("sparse_categorical",)),
        ("categorical_crossentropy", LOSSES, ("categorical",)),
        ("fp32", DTYPES, ("float32",)),
        ("half", DTYPES, ("float16",)),
        ("double", DTYPES, ("float64",)),
        ("bf16", DTYPES, ("bfloat16",)),
        ("torch.bfloat16", DTYPES, ("bfloat16",)),
        ("np.float64", DTYPES, ("float64",)),
        ("Float32", DTYPES, ("float32",)),
        ("float23", DTYPES, ("float32",)),
        ("float8", DTYPES, ()),
        ("int64", DTYPES, ()),
        ("avg", REDUCTIONS, ("mean",)),
        ("average", REDUCTIONS, ("mean",)),
        ("sum_over_batch_size", REDUCTIONS, ("mean",)),
        ("weighted_average", REDUCTIONS, ("weighted_mean",)),
        ("grad", ("value", "gradient"), ("gradient",)),
        ("rel_tol", tuple(ToleranceFields.model_fields), ("rtol",)),
        ("loss", tuple(ExpectedFields.model_fields), ("losses",)),
        ("reason", tuple(ExpectedFields.model_fields), ("because",)),
    ],
)
def test_a_word_that_users_write_is_known(
    written: str, allowed: tuple[str, ...], words: tuple[str, ...]
) -> None:
    is_choice = allowed in (LOSSES, DTYPES, REDUCTIONS, get_args(Check))
    table = CHOICE_WORDS if is_choice else KEY_WORDS
    assert closest(written, allowed, table) == words


@pytest.mark.parametrize(("table", "allowed"), [(KEY_WORDS, KEYS), (CHOICE_WORDS, DTYPES)])
def test_an_allowed_word_stands_for_itself_alone(
    table: OtherWords, allowed: tuple[str, ...]
) -> None:
    assert [closest(word, allowed, table) for word in allowed] == [(word,) for word in allowed]


def test_every_option_brings_its_words() -> None:
    for option in OPTIONS:
        for word in (*option.synonyms, *option.other_words):
            assert option.key in closest(word, KEYS, KEY_WORDS), word


def test_several_are_told_in_one_question() -> None:
    told = did_you_mean("y_pred", KEYS, KEY_WORDS)
    assert told == "did you mean 'logits' or 'probs'?"
