"""YAML: scalars by the core schema of YAML 1.2, and a line for every key and item."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml

from xent_check.casefile.loading import read_cases
from xent_check.casefile.yaml_reader import Document, read
from xent_check.casefile.yaml_values import Float, Int, Map, Row, Seq, line_of, scalar
from xent_check.errors import CaseFileError


def document(text: str, folder: Path) -> Document:
    """What the text holds, read from a file."""
    file = folder / "case.yaml"
    file.write_text(text, encoding="utf-8")
    return read(file, "case.yaml")


def value(text: str, folder: Path) -> object:
    """The value of the key x in the text."""
    return document(f"x: {text}\n", folder).root["x"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("-0", 0),
        ("+12", 12),
        ("012", 12),  # no octal of YAML 1.1
        ("0o17", 15),
        ("0xfF", 255),
        ("!!int 7", 7),
    ],
)
def test_a_whole_number_is_an_int(text: str, number: int, tmp_path: Path) -> None:
    found = value(text, tmp_path)
    assert isinstance(found, Int)
    assert found == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1e-5", 0.00001),
        ("1E5", 100000.0),
        ("1e+5", 100000.0),
        ("2.", 2.0),
        (".5", 0.5),
        ("-.5", -0.5),
        ("+1.5", 1.5),
        ("-0.0", -0.0),
        ("6.02e23", 6.02e23),
        (".inf", math.inf),
        ("+.Inf", math.inf),
        ("-.INF", -math.inf),
        ("!!float 1", 1.0),
        ('!!float "1.5"', 1.5),
    ],
)
def test_a_number_with_a_point_or_an_exponent_is_a_float(
    text: str, number: float, tmp_path: Path
) -> None:
    found = value(text, tmp_path)
    assert isinstance(found, Float)
    assert found == number
    assert math.copysign(1, found) == math.copysign(1, number)


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_nan_is_written_with_a_point(text: str, tmp_path: Path) -> None:
    found = value(text, tmp_path)
    assert isinstance(found, Float)
    assert math.isnan(found)


@pytest.mark.parametrize(
    "text",
    [
        *("on", "off", "yes", "no", "y", "n", "Yes"),
        *("1_000", "1,000", "0b101", "0O17", "0XFF", "-0o17", "-0xF", "1:30", "190:20:30"),
        *("2024-01-01", "2024-01-01T00:00:00Z"),
        *("nan", "NaN", "inf", "-inf", ".nAn", "-.nan", "+.nan", "infinity"),
        *("1e", "e5", ".", "1.5.2", "1e5.5", "0x", "0o8", "--1", "1e-5f", "+"),
        *("nULL", "tRUE", "none", "None"),
        "١٢",  # digits, but not the schema's
    ],
)
def test_what_the_core_schema_does_not_name_is_text(text: str, tmp_path: Path) -> None:
    assert value(text, tmp_path) == text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        *((word, True) for word in ("true", "True", "TRUE", "!!bool true")),
        *((word, False) for word in ("false", "False", "FALSE")),
        *((word, None) for word in ("null", "Null", "NULL", "~", "", "!!null ''")),
    ],
)
def test_booleans_and_null(text: str, found: bool | None, tmp_path: Path) -> None:
    assert value(text, tmp_path) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"1"', "1"),
        ("'true'", "true"),
        ('"\\x41\\u00e9\\n"', "Aé\n"),
        ("!!str 1e-5", "1e-5"),
        ("!!str true", "true"),
        ("! 12", "12"),
        ("|\n  1\n", "1\n"),
        (">-\n  a\n  b\n", "a b"),
    ],
)
def test_quoted_block_and_tagged_scalars_are_text(text: str, found: str, tmp_path: Path) -> None:
    assert value(text, tmp_path) == found


@pytest.mark.parametrize("text", ["2.0077195", "1e-5", "0x10", "12", ".inf", "1.50", "2."])
def test_a_number_keeps_the_text_it_was_written_in(text: str, tmp_path: Path) -> None:
    found = value(text, tmp_path)
    assert isinstance(found, Int | Float)
    assert found.text == text


def test_keys_are_text_as_written(tmp_path: Path) -> None:
    root = document("1: a\ntrue: b\nnull: c\n'q': d\n", tmp_path).root
    assert root == {"1": "a", "true": "b", "null": "c", "q": "d"}


def test_every_key_and_item_has_its_line(tmp_path: Path) -> None:
    text = (
        "# a comment\n"
        "name: x\n"
        "logits:\n"
        "  - [1.0, 2.0]\n"
        "  - [3.0,\n"
        "     4.0]\n"
        "expect:\n"
        "  torch:\n"
        "    losses: [1.0]\n"
    )
    root = document(text, tmp_path).root
    assert isinstance(root["logits"], Seq)
    assert isinstance(root["expect"], Map)
    assert [
        line_of(root, key)
        for key in (
            (),
            ("name",),
            ("logits",),
            ("logits", 0),
            ("logits", 1, 0),
            ("logits", 1, 1),
            ("expect", "torch", "losses", 0),
        )
    ] == [2, 2, 3, 4, 5, 6, 9]


def test_a_key_that_is_not_there_has_the_line_of_what_holds_it(tmp_path: Path) -> None:
    root = document("a: 1\nb:\n  c: 2\n", tmp_path).root
    assert line_of(root, ("b", "missing")) == 2
    assert line_of(root, ("b", "c", "deeper", 0)) == 3
    assert line_of(root, ("missing",)) == 1


def test_an_alias_is_the_value_of_its_anchor_with_its_text_and_lines(tmp_path: Path) -> None:
    root = document("a: &x\n  - 1.50\nb: *x\n&k c: *k\n", tmp_path).root
    assert root["b"] == [1.5]
    assert root["b"][0].text == "1.50"
    assert line_of(root, ("b", 0)) == 2
    assert root["c"] == "c"


def test_an_anchor_written_again_means_the_last_one_above(tmp_path: Path) -> None:
    root = document("a: &x 1\nb: *x\nc: &x 2\nd: *x\n", tmp_path).root
    assert (root["b"], root["d"]) == (1, 2)


def test_aliases_of_a_million_characters_are_read_and_one_more_is_not(tmp_path: Path) -> None:
    row = "[" + ", ".join("1" * 4999) + "]"  # a list of 4,999 digits: 2 x 4,999 + 1 characters
    aliases = ["*r"] * 100
    text = f"a: &r {row}\nb: [{', '.join(aliases)}]\n"
    assert len(document(text, tmp_path).root["b"]) == 100
    told = r"case\.yaml:3: c: \*r \(&r on line 1\) writes out 9,999 characters, and with it"
    with pytest.raises(CaseFileError, match=told):
        document(text + "c: *r\n", tmp_path)


def test_a_long_text_counts_as_often_as_an_alias_repeats_it(tmp_path: Path) -> None:
    text = f"a: &r {'x' * 50_000}\nb:\n" + "  - *r\n" * 100
    with pytest.raises(CaseFileError, match=r"case\.yaml:22: b\[19\]: \*r \(&r on line 1\)"):
        document(text, tmp_path)


def test_an_endless_word_is_refused_before_it_is_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml, "CBaseLoader", None)
    for text in ("x" * 5_000_000, "a: [1,\nb: !" + "x" * 5_000_000 + " 1]"):
        line = text.count("\n") + 1
        with pytest.raises(CaseFileError, match=rf"case\.yaml:{line}: a word of 5,000,\d\d\d char"):
            document(text, tmp_path)


def test_a_long_row_without_blanks_is_no_endless_word(tmp_path: Path) -> None:
    assert len(document(f"a: [{','.join('1' * 60_000)}]\n", tmp_path).root["a"]) == 60_000
    assert len(document(f"a: {'x' * 100_000}\n", tmp_path).root["a"]) == 100_000


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    assert document("﻿name: x\n", tmp_path).root == {"name": "x"}


def test_windows_line_ends_count_as_one_line_each(tmp_path: Path) -> None:
    root = document("a: 1\r\nb: 2\r\nc: 3\r\n", tmp_path).root
    assert [root.lines[key] for key in "abc"] == [1, 2, 3]


def test_mistakes_that_leave_the_file_readable_come_with_its_values(tmp_path: Path) -> None:
    found = document("a: 1\na: 2\nb: !x 3\nc: {d: 1, d: 2}\n", tmp_path)
    assert found.root == {"a": 1, "b": 3, "c": {"d": 1}}
    assert [(item.line, item.mistake.key) for item in found.mistakes] == [
        (2, ("a",)),
        (3, ("b",)),
        (4, ("c", "d")),
    ]


@pytest.mark.parametrize(
    ("texts", "is_row"),
    [
        (["0.50", "-1.5", "2e5", "1E-3", "-0.0"], True),
        (["3", "-2", "0"], True),
        (["0", "0.5", "1"], False),
        (["1.5", "+2.5", ".5", "5."], False),
        (["1.5,2.5"], False),
        (["1.0", "1e999"], False),
        (["1", "1" + "0" * 400, "-1" + "0" * 400], False),
        (["1.0", ".inf", ".nan"], False),
        (["007", "0x10", "0o17"], False),
        (["true", "false"], False),
        (["1.0", ""], False),
    ],
)
def test_a_number_in_a_list_is_read_as_one_alone(
    texts: list[str], is_row: bool, tmp_path: Path
) -> None:
    root = document("x:\n" + "".join(f"- {text}\n" for text in texts), tmp_path).root
    found = root["x"]
    assert isinstance(found, Row) is is_row
    alone = [scalar(text) for text in texts]
    for items in ([*found], [found[i] for i in range(len(texts))], found[:]):
        assert [repr(item) for item in items] == [repr(item) for item in alone]
        assert [type(item) for item in items] == [type(item) for item in alone]
        assert [getattr(item, "text", "") for item in items] == [
            getattr(item, "text", "") for item in alone
        ]
    assert found.lines == [*range(2, 2 + len(texts))]


def test_a_wrong_number_of_a_row_is_told_as_written(tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    file.write_text("loss: binary\nlabels: [0.5]\nlogits: {shape: [2.50, 3.0], fill: 1}\n")
    told = [item.mistake.fault for item in read_cases(file, "case.yaml").mistakes]
    assert told == ["2.50", "3.0"]
