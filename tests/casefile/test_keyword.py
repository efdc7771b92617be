"""The expression of `-k`: what pytest's selects, and every text that has no operator in it."""

from __future__ import annotations

import pytest
from _pytest.mark.expression import Expression
from hypothesis import given, settings
from hypothesis import strategies as st

from xent_check.casefile.keyword import keyword_matcher
from xent_check.errors import InvalidError

ID = "cases/Forum/my file.yaml::log (p)-and-q[dtype=float32,class_axis=-1]"


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("forum", True),
        ("FLOAT32", True),
        ("yaml::log", True),
        ("[dtype=float32,class_axis=-1]", True),
        ("my file", True),  # no operator: as it stands
        ("log (p)", True),
        ("(p)-and-q", True),  # `and` is a part of a word
        (" ", True),
        ("my  file", False),
        ("forum and float64", False),
        ("forum or float64", True),
        ("not float64", True),
        ("not not float64", False),
        ("not forum or float32", True),
        ("not (forum or float32)", False),
        ("float64 and forum or float32", True),
        ("float64 and (forum or float32)", False),
        ("(forum)and(not (float64))", True),
        ("forum and 'my file'", True),
        ('forum and not "log (p)"', False),
        ("forum AND float32", False),  # as in pytest an operator is in lower case: a text here
        ("float64 or forum and not p", False),
    ],
)
def test_an_id_is_selected(text: str, selected: bool) -> None:
    assert keyword_matcher(text)(ID.lower()) is selected


NAMES = ("abc", "b-c", "a::b", "[x.y]")
NODES = st.recursive(
    st.sampled_from(NAMES),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
        inner.map(lambda text: f"not {text}"),
        inner.map(lambda text: f"({text})"),
    ),
    max_leaves=8,
)


@settings(deadline=None, derandomize=True)
@given(NODES, st.lists(st.sampled_from(NAMES), max_size=3).map("/".join))
def test_it_selects_what_pytest_selects(text: str, name: str) -> None:
    if {"and", "or", "not"} & set(text.replace("(", " ").replace(")", " ").split()):
        expected = Expression.compile(text).evaluate(lambda part, /, **_: part.lower() in name)
        assert keyword_matcher(text)(name) is expected


@pytest.mark.parametrize(
    ("text", "fault", "allowed"),
    [
        ("a or", "column 5: the end", "a text, not, or ("),
        ("or", "column 1: 'or'", "a text, not, or ("),
        ("and a", "column 1: 'and'", "a text, not, or ("),
        ("not", "column 4: the end", "a text, not, or ("),
        ("a and and b", "column 7: 'and'", "a text, not, or ("),
        ("a and (b or c", "column 14: the end", "and, or, or )"),
        ("a and b)", "column 8: ')'", "and, or, or the end"),
        ("a or b c", "column 8: 'c'", "and, or, or the end"),
        ("not ()", "column 6: ')'", "a text, not, or ("),
        ("not f(x)", "column 6: '('", "and, or, or the end"),
        ("not " + "(" * 51 + "a" + ")" * 51, "column 56: 'a'", "at most 50 parentheses in"),
    ],
)
def test_what_does_not_fit_together_is_told_with_its_place(
    text: str, fault: str, allowed: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        keyword_matcher(text)
    (mistake,) = refused.value.mistakes
    assert mistake.fault == fault
    assert mistake.allowed.startswith(allowed)


def test_any_number_of_operators_is_taken() -> None:
    assert keyword_matcher("not " * 10_001 + "b")("a")
    assert keyword_matcher(" or ".join(["b"] * 10_000 + ["a"]))("a")
