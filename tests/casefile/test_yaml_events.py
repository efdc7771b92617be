"""The syntax of YAML: by libyaml and by PyYAML's own parser, beside YAML 1.2 by ruamel.yaml."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from xent_check.casefile.yaml_reader import read_value
from xent_check.errors import InvalidError

REFUSED = "refused"
PARSERS = pytest.mark.parametrize("loader", [yaml.CBaseLoader, yaml.BaseLoader])


def found(text: str) -> Any:
    """The value, or what is wrong first."""
    try:
        return read_value(text)
    except InvalidError as error:
        return f"{REFUSED}: {error.mistakes[0].fault}"


# What 1.2 says of each text (its specification, 5.4, 6.8, 6.9.2, 7.3.3, 8.1), then libyaml.
DIFFERENT = [
    ("[:x]", [":x"], "refused: not YAML: expected node content, but got ':'"),
    ("{x: :x}", {"x": ":x"}, "refused: not YAML: expected node content, but got ':'"),
    (": 1", {"": 1}, "refused: not YAML: expected key, but got ':'"),
    ("&e.1 x", "x", "refused: not YAML: expected alphabetic or numeric character, but got '.'"),
    ("%FOO\n---\nx", "x", "refused: not YAML: found unknown directive name"),
    ("%YAML 1.3\n---\nx", "x", "refused: not YAML: found incompatible YAML document"),
    ("a: |\n \tx\n", {"a": "\tx\n"}, "refused: not YAML: a tab in the indentation"),
    ("--- >\nx\n", "x\n", "refused: not YAML: expected <document start>, but got 'x'"),
    ("a\u2028b", "a\u2028b", "refused: not YAML: the control character U+2028"),
    ("a\x85b", "a\x85b", "refused: not YAML: the control character U+0085"),
    ("a\ufeffb", "a\ufeffb", "refused: not YAML: the control character U+FEFF"),
    ("&a:b x", "x", ":b x"),
    ("[?x]", ["?x"], [{"x": None}]),
    ("[a:?]", ["a:?"], "refused: not YAML: found unexpected ':'"),
    ("># x\n y\n", REFUSED, "y\n"),
]


@pytest.mark.parametrize(("text", "by_1_2", "by_libyaml"), DIFFERENT)
def test_where_libyaml_is_not_yaml_1_2(text: str, by_1_2: Any, by_libyaml: Any) -> None:
    assert found(text) == by_libyaml
    assert by_1_2 != by_libyaml


@PARSERS
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("%YAML 1.2\n---\na: 1", {"a": 1}),
        ('{"a":1,"b":[2,3]}', {"a": 1, "b": [2, 3]}),
        ("[a,b]", ["a", "b"]),
        ("{a: [x:y, http://z]}", {"a": ["x:y", "http://z"]}),
        ("a: 'x' # y", {"a": "x"}),
        ("\ufeffa: 1", {"a": 1}),
        ("a: 1\rb: 2\r", {"a": 1, "b": 2}),
        ("[0o7, 1_000, +.5, 0x1F, 08]", [7, "1_000", 0.5, 31, 8]),
        ("? " + "x" * 2000 + "\n: 1", {"x" * 2000: 1}),
        ("x" * 1025 + ": 1", "refused: not YAML: mapping values are not allowed here"),
        ("! 12", "12"),
        ("[! 12, ! 1.5]", ["12", "1.5"]),
        ("a: 1\0", "refused: not YAML: the control character U+0000"),
        ("a: \udc80", "refused: not YAML: the control character U+DC80"),
        ("\t- 1", "refused: not YAML: a tab in the indentation"),
        ('"\\uD83D"', "refused: half a surrogate pair"),
        ('"\\U00110000"', "refused: not YAML: found invalid Unicode character escape code"),
        ("é: [1] 2", "refused: not YAML: "),
        ("[" * 70, "refused: nested too deep"),
        ("- " * 5000, "refused: nested too deep"),
        ("{a: " * 5000, "refused: nested too deep"),
        ("*a", "refused: *a names no anchor above it"),
        ("a\n---\nb", "refused: a second document"),
    ],
)
def test_both_parsers_read_alike(
    text: str, value: Any, loader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml, "CBaseLoader", loader)
    got = found(text)
    assert str(got).startswith(value) if str(value).startswith(REFUSED) else got == value


@pytest.mark.parametrize(
    "name", sorted(p.name for p in (Path(__file__).parents[1] / "bad_cases").glob("*.yaml"))
)
def test_pyyaml_without_libyaml_tells_of_the_same_mistakes(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (Path(__file__).parents[1] / "bad_cases" / name).read_text(encoding="utf-8")
    by_libyaml = found(text)
    monkeypatch.delattr(yaml, "CBaseLoader")
    assert repr(found(text)) == repr(by_libyaml)


# No `:` at an end, no `?` before and no `:?`: otherwise in a flow collection, as DIFFERENT has it.
words = st.text("ab:#-?,[]{}'\"&*!|> \\.01é", min_size=0, max_size=8).filter(
    lambda text: text.lstrip(":?").rstrip(":") == text and ":?" not in text
)
values = st.recursive(
    words | st.integers(-99, 99) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


@given(values, st.booleans(), st.sampled_from([4, 20, 80]))
def test_what_another_library_writes_as_yaml_1_2_is_read_back(
    value: Any, flow: bool, width: int
) -> None:
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style, writer.width = flow, width
    stream = io.StringIO()
    writer.dump(value, stream)
    assert found(stream.getvalue()) == value
